//! The files in a tar archive, by their headers.

use std::io;

use tar::{Archive, Entry, EntryType};

use super::window::{Stretch, Window};

const BLOCK: u64 = 512;

/// Zeros that tar fills an archive up with at most, as it comes.
const FILLING: u64 = 20 * BLOCK;

/// A file in a tar archive.
#[derive(Debug, PartialEq)]
pub(super) struct Member {
    /// Its path as it is stored, never used to open or write a file; bytes that are no text stand there as `\xff`.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Where its content starts, from the start of the archive.
    pub(super) at: u64,
    /// Bytes of its content.
    pub(super) size: u64,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    File,
    /// A file whose stretches of zeros are left out.
    Sparse,
    /// A name for another file.
    Link,
    /// A folder or a device.
    Other,
}

/// How an archive ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// With empty blocks, as it should.
    Whole,
    /// Without: the rest may be missing.
    Unmarked,
    /// With more behind them, which is not read.
    More,
}

/// Hand every member of the archive to `each`, in order; links and folders too.
///
/// # Errors
/// What is no tar archive, or ends within a file or a header; whatever `each` refuses.
pub(super) fn walk(
    archive: Stretch,
    mut each: impl FnMut(Member) -> Result<(), String>,
) -> Result<Ending, String> {
    let mut tar = Archive::new(Window::new(archive));
    let mut last: Option<String> = None;
    let (mut end, mut sparse) = (0, false);
    let entries = tar.entries_with_seek().map_err(|e| e.to_string())?;
    for entry in entries {
        let mut entry = entry.map_err(|e| broken(last.as_deref(), &e))?;
        let header_size = entry.header().entry_size().unwrap_or(0);
        let member = member(&mut entry);
        sparse = member.kind == Kind::Sparse;
        let stored = if sparse { header_size } else { member.size };
        let over = member.at.saturating_add(stored);
        end = over.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX);
        if end > archive.length {
            return Err(format!(
                "the file ends within `{}`; it is truncated, download it again",
                member.name
            ));
        }
        last = Some(member.name.clone());
        each(member)?;
    }
    if sparse {
        return Ok(Ending::Whole); // where it ends is not looked for
    }
    ending(archive, end).map_err(|e| e.to_string())
}

fn member<R: io::Read>(entry: &mut Entry<R>) -> Member {
    let kind = match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::GNUSparse => Kind::Sparse,
        EntryType::Link | EntryType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    let mut member = Member {
        name: text(&entry.path_bytes()),
        kind,
        at: entry.raw_file_position(),
        size: entry.size(),
    };
    // Sparse files as POSIX archives have them: plain ones, with a map of their own before the content.
    for extension in entry.pax_extensions().ok().flatten().into_iter().flatten() {
        let Ok(extension) = extension else { continue };
        if extension.key_bytes().starts_with(b"GNU.sparse.") {
            member.kind = Kind::Sparse;
        }
        if extension.key_bytes() == b"GNU.sparse.name" {
            member.name = text(extension.value_bytes());
        }
    }
    member
}

fn text(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_string(),
        Err(_) => name.escape_ascii().to_string(),
    }
}

fn broken(last: Option<&str>, error: &io::Error) -> String {
    match last {
        None => format!("is no tar archive ({error}); give a .tar, .tar.gz or .tar.zst file"),
        Some(last) => {
            format!("is truncated or corrupt behind `{last}` ({error}); download it again")
        }
    }
}

/// What stands behind the last member, which ends at `end`.
fn ending(archive: Stretch, end: u64) -> io::Result<Ending> {
    if end >= archive.length {
        return Ok(Ending::Unmarked);
    }
    let tail = archive.read(
        end,
        (archive.length - end).min(FILLING + 2 * BLOCK) as usize,
    )?;
    Ok(if tail.iter().all(|&byte| byte == 0) {
        Ending::Whole
    } else {
        Ending::More
    })
}
