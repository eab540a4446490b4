//! What real Apache Kafka did, and whether the engine does the same.
//!
//! `conformance/record` writes `conformance/recorded`. Here every recording is replayed; `docs/conformance.md` is the table of it, and
//! `HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test conformance` writes it anew.

mod broken;
mod classes;
#[path = "../common/mod.rs"]
mod common;
mod compare;
mod html;
mod page;
mod probes;
mod recorded;
mod replay;
#[allow(dead_code)] // the rules' tests use more of it
#[path = "../rules/world.rs"]
mod world;
