//! Files and folders that appear whole or not at all: written beside their place, synced, renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::error::{Error, Result};

/// A file under construction: nothing stands under its final name before [`AtomicFile::commit`].
///
/// The bytes go to a hidden file in the same folder, so that the last step is a rename; dropping an
/// uncommitted one removes it. The file gets mode 0644 (less what the process's umask takes away).
///
/// ```
/// use std::io::Write;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.json");
/// let mut file = ravine::atomic::AtomicFile::create(&path)?;
/// file.write_all(b"{}")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl AtomicFile {
    /// Start the file that will stand at `path`; its folder must exist.
    ///
    /// # Errors
    /// [`Error::Data`] when the folder is missing or cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        if path.is_dir() {
            return Err(Error::data(&path, "is a folder; name a file to write"));
        }
        let mut builder = Builder::new();
        builder.prefix(".unfinished-");
        set_mode(&mut builder, 0o644);
        let folder = folder_of(&path);
        if !folder.is_dir() {
            let problem = format!(
                "cannot be written: there is no folder {}; create it first",
                folder.display()
            );
            return Err(Error::data(&path, problem));
        }
        let file = builder
            .tempfile_in(folder)
            .map_err(|e| unwritable(&path, &e))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, file),
            path,
        })
    }

    /// The final name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sync the bytes to the disk and put the file under its final name, replacing what was there.
    ///
    /// # Errors
    /// [`Error::Data`] when the disk is full or the rename is refused.
    pub fn commit(self) -> Result<()> {
        let Self { file, path } = self;
        let file = file
            .into_inner()
            .map_err(|e| unwritable(&path, e.error()))?;
        file.as_file()
            .sync_all()
            .map_err(|e| unwritable(&path, &e))?;
        file.persist(&path)
            .map_err(|e| unwritable(&path, &e.error))?;
        sync_folder(folder_of(&path)).map_err(|e| unwritable(&path, &e))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// An empty folder beside `target`, to be filled and handed to [`replace_dir`]; removed when dropped.
///
/// # Errors
/// [`Error::Data`] when the parent of `target` is missing or cannot be written.
pub fn dir_beside(target: impl AsRef<Path>) -> Result<TempDir> {
    let target = target.as_ref();
    let mut builder = Builder::new();
    builder.prefix(".unfinished-");
    set_mode(&mut builder, 0o755);
    builder
        .tempdir_in(folder_of(target))
        .map_err(|e| unwritable(target, &e))
}

/// Sync every file of the folder `new` and give it the name `target`, replacing a folder of that name.
///
/// The two must have the same parent. A folder that already stood at `target` is moved aside first and
/// removed last: a crash in between leaves it whole under a hidden name (`.replaced-…`).
///
/// # Errors
/// [`Error::Data`] when syncing or renaming fails; an old `target` is then put back.
pub fn replace_dir(new: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<()> {
    let (new, target) = (new.as_ref(), target.as_ref());
    let failed = |e: io::Error| unwritable(target, &e);
    sync_tree(new).map_err(failed)?;
    let old = if target.exists() {
        let aside = Builder::new()
            .prefix(".replaced-")
            .tempdir_in(folder_of(target))
            .map_err(failed)?
            .keep();
        fs::rename(target, &aside).map_err(failed)?; // an empty folder may be renamed over
        Some(aside)
    } else {
        None
    };
    if let Err(e) = fs::rename(new, target) {
        if let Some(aside) = &old {
            fs::rename(aside, target).map_err(failed)?;
        }
        return Err(failed(e));
    }
    sync_folder(folder_of(target)).map_err(failed)?;
    old.map_or(Ok(()), fs::remove_dir_all).map_err(failed)
}

/// The folder that `path` lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// A rename is only on the disk once its folder is; Windows cannot open folders and does not need it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(builder: &mut Builder<'_, '_>, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn set_mode(_: &mut Builder<'_, '_>, _: u32) {}

/// The error of a file that cannot be written, with the way out where the cause is known.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Error {
    let way_out = match error.kind() {
        io::ErrorKind::NotFound => "; create its folder first",
        io::ErrorKind::PermissionDenied => "; choose a folder you may write to",
        io::ErrorKind::StorageFull => "; free some space",
        _ => "",
    };
    // Of a hidden file beside `path`, only what the system said.
    let inner = error.get_ref().and_then(std::error::Error::source);
    let said = inner.map_or_else(|| error.to_string(), ToString::to_string);
    Error::data(path, format!("cannot be written: {said}{way_out}"))
}

/// Write a whole file or none.
///
/// # Errors
/// [`Error::Data`] when the folder is missing, or the disk is full.
pub fn write(path: &Path, text: &str) -> Result<()> {
    write_bytes(path, text.as_bytes())
}

/// The same for bytes.
///
/// # Errors
/// As [`write()`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)
        .map_err(|e| Error::data(path, format!("cannot be written: {e}")))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_dropped_file_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_committed_file_is_readable_by_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        AtomicFile::create(&path).unwrap().commit().unwrap();
        let plain = folder.path().join("plain.txt");
        fs::write(&plain, "").unwrap(); // what the umask makes of 0666
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&plain) & 0o644);
    }

    #[test]
    fn a_folder_replaces_the_old_one_whole() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("step-1");
        for content in ["first", "second"] {
            let new = dir_beside(&target).unwrap();
            fs::create_dir(new.path().join("inner")).unwrap();
            fs::write(new.path().join("inner/file"), content).unwrap();
            replace_dir(new.path(), &target).unwrap();
            drop(new);
            let read = fs::read_to_string(target.join("inner/file")).unwrap();
            assert_eq!(read, content);
            assert_eq!(names(root.path()), ["step-1"]);
        }
    }

    #[test]
    fn a_missing_folder_is_an_error_with_the_way_out() {
        let error = AtomicFile::create("no/such/folder/a.txt").unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("there is no folder no/such/folder; create it first"),
            "{said}"
        );
        assert!(!said.contains(".unfinished-"), "{said}");
    }
}
