//! Where the numbers of a file of `torch.save` lie: entries of a zip, or one after the other behind the pickles.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive, read::ZipFile};

use super::pickle::Read;

/// An entry that unpacks to more bytes than these, and to more than so many times its packed ones, is no weights.
const SUSPECT: (u64, u64) = (64 << 20, 100);

/// The storages of an opened file.
pub(super) enum Storages {
    /// Entries of a zip, with what stands before their names.
    Zip(ZipArchive<BufReader<File>>, String),
    /// Start and length of each in a file without a zip.
    Plain(BufReader<File>, HashMap<String, (u64, u64)>),
}

impl Storages {
    /// Bytes of the storage called `name`.
    pub(super) fn held(&mut self, name: &str) -> Read<u64> {
        match self {
            Self::Zip(zip, folder) => {
                let entry = zip.by_name(&format!("{folder}{name}")).map_err(words)?;
                sound(&entry)
            }
            Self::Plain(_, places) => Ok(place(places, name)?.1),
        }
    }

    /// `count` bytes of the storage called `name`, after `from` others.
    pub(super) fn bytes(&mut self, name: &str, from: u64, count: u64) -> Read<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Self::Zip(zip, folder) => {
                let entry = zip.by_name(&format!("{folder}{name}")).map_err(words)?;
                sound(&entry)?;
                let mut entry = BufReader::new(entry);
                let passed = std::io::copy(&mut entry.by_ref().take(from), &mut std::io::sink());
                passed.map_err(words)?;
                entry.take(count).read_to_end(&mut bytes).map_err(words)?;
            }
            Self::Plain(file, places) => {
                let start = place(places, name)?.0.saturating_add(from);
                file.seek(SeekFrom::Start(start)).map_err(words)?;
                file.take(count).read_to_end(&mut bytes).map_err(words)?;
            }
        }
        if bytes.len() as u64 == count {
            return Ok(bytes);
        }
        Err("its numbers end early".into())
    }
}

fn place(places: &HashMap<String, (u64, u64)>, name: &str) -> Read<(u64, u64)> {
    let place = places.get(name).copied();
    place.ok_or_else(|| "its numbers are not in the file".into())
}

/// The bytes that `entry` holds, unless it claims to unpack to far more than it has.
pub(super) fn sound(entry: &ZipFile<'_, BufReader<File>>) -> Read<u64> {
    let (packed, unpacked) = (entry.compressed_size(), entry.size());
    if entry.compression() == CompressionMethod::Stored {
        return Ok(unpacked.min(packed));
    }
    if unpacked > SUSPECT.0 && unpacked / SUSPECT.1 > packed {
        return Err(format!(
            "its entry {} would unpack {packed} bytes to {unpacked}, which no weights do",
            entry.name().map_err(words)?
        ));
    }
    Ok(unpacked)
}

/// The first line of what went wrong.
pub(super) fn words(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_string()
}
