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

#[cfg(all(test, has_page))]
mod tests {
    use super::*;

    /// Most that a first visit may take, in bytes as they are sent. The bar is 700 000; this is a little above what it is.
    const LIMIT: usize = 676_000;

    #[test]
    fn what_comes_before_the_first_moving_record_is_small() {
        // Fonts are for the second picture; what is behind the other doors, the fidelity page, lessons, scenarios and the
        // worker wait until somebody wants them.
        let later =
            |path: &str| ["behind-", "fidelity.", "fonts/", "lessons/", "scenarios/", "worker"].iter().any(|start| path.starts_with(start));
        let first: usize = FILES.iter().filter(|f| !later(f.path)).map(|f| f.gzip.unwrap_or(f.bytes).len()).sum();
        assert!(first <= LIMIT, "{first} bytes come before the first moving record; there may be {LIMIT}");
    }
}
