//! Where a command writes to: standard output, or a new file. A file that exists is never overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// An open output.
#[derive(Debug)]
pub(crate) enum Output {
    /// `-`.
    Stdout,
    /// A file that was just made.
    File(PathBuf, File),
}

impl Output {
    /// Is it the name of standard output?
    pub(crate) fn is_stdout(path: &Path) -> bool {
        path == Path::new("-")
    }

    /// Opens it before the work begins, so that a bad path is noticed first.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if Self::is_stdout(path) {
            return Ok(Output::Stdout);
        }
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        match file {
            Ok(file) => Ok(Output::File(path.to_path_buf(), file)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                Err(e).with_context(|| format!("{} is there already and is not overwritten", path.display()))
            }
            Err(e) => Err(e).with_context(|| format!("writing {}", path.display())),
        }
    }

    /// Takes back a file that nothing was written to.
    pub(crate) fn discard(self) {
        if let Output::File(path, file) = self {
            drop(file);
            let _ = fs::remove_file(path);
        }
    }

    /// Writes it. A reader that has seen enough (`| head`) is no error.
    pub(crate) fn write(self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        match self {
            Output::Stdout => {
                let mut out = BufWriter::new(io::stdout().lock());
                match fill(&mut out).and_then(|()| out.flush()) {
                    Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
                    done => done.context("writing to standard output"),
                }
            }
            Output::File(path, file) => {
                let mut out = BufWriter::new(file);
                fill(&mut out).and_then(|()| out.flush()).with_context(|| format!("writing {}", path.display()))
            }
        }
    }
}
