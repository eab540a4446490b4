//! The Highwater app: a Kafka cluster that moves, in the browser.
//!
//! 1. [`session`] holds a run and the person who watches it;
//! 2. [`scene`] says what the run looks like at an instant: shapes and places, no browser;
//! 3. [`facts`] says what there is to read at an instant: words and figures, no browser;
//! 4. [`stage`] paints the scene on a canvas, once a frame;
//! 5. [`panels`] and [`app`] show the facts and take what people do;
//! 6. [`measure`] shows what disks, the page cache and copies cost;
//! 7. [`trial`] puts a configuration on trial, [`worker`] runs the search off the page's thread;
//! 8. [`door`] gives each part of the app its address;
//! 9. [`i18n`] has every word in English and Korean.

pub mod app;
pub mod door;
pub mod facts;
pub mod i18n;
pub mod learn;
pub mod measure;
pub mod panels;
pub mod scene;
pub mod session;
pub mod stage;
pub mod trial;
pub mod worker;
