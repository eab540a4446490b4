//! The files of the page, put into the binary by `build.rs`; none if there was no page to put in.

/// One file of the page.
#[derive(Debug)]
pub(crate) struct File {
    /// Path below the root, without the leading slash.
    pub(crate) path: &'static str,
    /// The file as it is.
    pub(crate) bytes: &'static [u8],
    /// The file compressed with gzip, where that is worth it.
    pub(crate) gzip: Option<&'static [u8]>,
}

/// Every file of the embedded page, sorted by path.
pub(crate) const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));
