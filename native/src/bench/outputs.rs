//! Where reports go: checked before anything is measured, never over an existing file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A report's destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `-`.
    Stdout,
    /// A file that does not exist yet.
    File(PathBuf),
}

/// The reports that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) json: Option<Target>,
    pub(crate) svg: Option<Target>,
    pub(crate) html: Option<Target>,
}

impl Outputs {
    /// Checks every target: nothing exists under its name (not even a dangling link), its folder
    /// does and lets us write, no two are the same, and one at most is standard output.
    pub(crate) fn check(json: Option<&Path>, svg: Option<&Path>, html: Option<&Path>) -> Result<Outputs> {
        let outputs = Outputs {
            json: json.map(|path| check("--json", path)).transpose()?,
            svg: svg.map(|path| check("--svg", path)).transpose()?,
            html: html.map(|path| check("--html", path)).transpose()?,
        };
        let all: Vec<_> = [&outputs.json, &outputs.svg, &outputs.html].into_iter().flatten().collect();
        for (i, target) in all.iter().enumerate() {
            if all[..i].contains(target) {
                bail!("two reports would go to {}; give each its own file", target.name());
            }
        }
        Ok(outputs)
    }

    /// Whether a report goes to standard output, so that nothing else may.
    pub(crate) fn stdout_taken(&self) -> bool {
        [&self.json, &self.svg, &self.html].into_iter().any(|t| t.as_ref() == Some(&Target::Stdout))
    }
}

fn check(option: &str, path: &Path) -> Result<Target> {
    if path == Path::new("-") {
        return Ok(Target::Stdout);
    }
    let shown = path.display();
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => bail!("{option} {shown} is a folder; name a file in it"),
        Ok(_) => bail!("{option} {shown} exists and is not overwritten; name a new file or remove it first"),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{option} {shown}")),
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.file_name().is_none() || !folder.is_dir() {
        bail!("{option} {shown}: there is no folder {}", folder.display());
    }
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)
        .with_context(|| format!("{option} {shown}: the folder {} is not writable", folder.display()))?;
    Ok(Target::File(path.to_path_buf()))
}

impl Target {
    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Target::Stdout => "standard output".into(),
            Target::File(path) => path.display().to_string(),
        }
    }

    /// Writes the report, creating the file; a name that was taken meanwhile is an error, and a
    /// file that could not be written whole is taken away again.
    pub(crate) fn write(&self, text: &str) -> Result<()> {
        match self {
            Target::Stdout => {
                let mut out = std::io::stdout().lock();
                match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                    // Whoever read us has had enough: not our failure.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                    other => other.context("cannot write to standard output"),
                }
            }
            Target::File(path) => {
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(path)
                    .with_context(|| format!("cannot create {}", path.display()))?;
                if let Err(error) = file.write_all(text.as_bytes()) {
                    drop(std::fs::remove_file(path));
                    return Err(error).with_context(|| format!("cannot write {}", path.display()));
                }
                Ok(())
            }
        }
    }
}
