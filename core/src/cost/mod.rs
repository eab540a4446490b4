//! What disks, the page cache and copies cost: small models that a lesson can state in one line, and that a measurement
//! file of `highwater bench` calibrates.
//!
//! 1. [`disk`]: a request takes `access + bytes / rate`; presets of the lessons, with their sources;
//! 2. [`cache`]: the operating system's page cache, least recently used first out, with read-ahead and dirty pages;
//! 3. [`copy`]: the ways of a block from disk to network, hop by hop: copies by CPU and DMA, system calls, mode switches;
//! 4. [`measurement`]: reads a measurement file, strictly where the models need it;
//! 5. [`calibrate`]: the models with this machine's figures, and where model and measurement part;
//! 6. [`service`]: what a simulated broker's requests cost, if its scenario asks for it.
//!
//! Plain arithmetic on integers and floats only, so every target computes the same.

pub mod cache;
pub mod calibrate;
pub mod copy;
pub mod disk;
pub mod measurement;
pub mod service;
