//! Shards as they are read: plain ones where they lie, compressed ones from one unnamed file that they were unpacked to.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::window::Stretch;
use crate::data::readers::positional::Bytes;
use crate::error::{Error, Result};

/// A shard may unpack to so many times its bytes, and to [`FREE`] more.
const MOST_TIMES: u64 = 100;
const FREE: u64 = 64 << 20;

/// One tar archive and where its bytes are.
#[derive(Debug)]
pub(super) struct Shard {
    /// Where it lies.
    pub(super) path: PathBuf,
    start: u64, // in the unpacked file
    length: u64,
    unpacked: Option<Arc<Bytes>>,
}

impl Shard {
    /// What `look` makes of its bytes.
    ///
    /// # Errors
    /// It cannot be opened, or has another length than when the set was opened; whatever `look` refuses.
    pub(super) fn with<T>(
        &self,
        look: impl FnOnce(Stretch) -> std::result::Result<T, String>,
    ) -> std::result::Result<T, String> {
        let (start, length) = (self.start, self.length);
        if let Some(bytes) = &self.unpacked {
            return look(Stretch {
                bytes,
                start,
                length,
            });
        }
        // Opened each time: sets come in more shards than a process may keep open.
        let (bytes, now) = Bytes::open(&self.path).map_err(|e| e.to_string())?;
        if now != length {
            return Err(format!(
                "the file has changed since it was opened ({length} bytes then, {now} now); start again"
            ));
        }
        look(Stretch {
            bytes: &bytes,
            start,
            length,
        })
    }
}

/// How the bytes of a shard are packed, by how they start.
#[derive(Clone, Copy)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// The shards at `paths` in their order, and a sentence where some had to be unpacked.
///
/// # Errors
/// A shard that cannot be read or unpacked, or that unpacks to more than 100 times its bytes and 64 MiB.
pub(super) fn shards(paths: &[PathBuf]) -> Result<(Vec<Shard>, Option<String>)> {
    let mut room = None;
    let (mut shards, mut packed, mut total) = (Vec::new(), Vec::new(), 0);
    for path in paths {
        let problem = |e: io::Error| Error::data(path, e);
        let mut file = File::open(path).map_err(problem)?;
        let length = file.metadata().map_err(problem)?.len();
        let packing = packing(&mut file).map_err(problem)?;
        let mut shard = Shard {
            path: path.clone(),
            start: 0,
            length,
            unpacked: None,
        };
        if !matches!(packing, Packing::Plain) {
            let room = match &mut room {
                Some(room) => room,
                none => none.insert(tempfile::tempfile().map_err(|e| no_room(&e))?),
            };
            (shard.start, shard.length) = (total, unpack(path, file, packing, room)?);
            total += shard.length;
            packed.push(shards.len());
        }
        shards.push(shard);
    }
    let Some(room) = room else {
        return Ok((shards, None));
    };
    let room = Arc::new(Bytes::of(room));
    for &shard in &packed {
        shards[shard].unpacked = Some(room.clone());
    }
    let note = format!(
        "{} compressed shards were unpacked to {} MiB in {}, as they are at every start; unpack them beforehand to save \
         that",
        packed.len(),
        total.div_ceil(1 << 20),
        std::env::temp_dir().display()
    );
    Ok((shards, Some(note)))
}

fn packing(file: &mut File) -> io::Result<Packing> {
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        _ => Packing::Plain,
    })
}

fn decoder(file: File, packing: Packing) -> io::Result<Box<dyn Read>> {
    let file = BufReader::new(file);
    Ok(match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(file)?),
    })
}

/// Append what `file` unpacks to, and tell its length.
fn unpack(path: &Path, file: File, packing: Packing, room: &mut File) -> Result<u64> {
    let length = file.metadata().map_err(|e| Error::data(path, e))?.len();
    let most = FREE.saturating_add(length.saturating_mul(MOST_TIMES));
    let cut =
        |e: io::Error| Error::data(path, format!("cannot unpack it ({e}); download it again"));
    let mut content = decoder(file, packing).map_err(cut)?;
    let (mut buffer, mut total) = (vec![0; 1 << 18], 0);
    loop {
        let count = content.read(&mut buffer).map_err(cut)?;
        total += count as u64;
        if count == 0 {
            return Ok(total);
        }
        if total > most {
            return Err(Error::data(
                path,
                format!(
                    "unpacks to more than {MOST_TIMES} times its {length} bytes, which no pictures do; unpack it \
                     yourself where you trust it"
                ),
            ));
        }
        room.write_all(&buffer[..count]).map_err(|e| no_room(&e))?;
    }
}

fn no_room(error: &io::Error) -> Error {
    let folder = std::env::temp_dir();
    Error::data(
        folder,
        format!(
            "cannot unpack shards here ({error}); name a folder with room in TMPDIR, or unpack them yourself"
        ),
    )
}

/// The content of the plain or compressed shard at `path`, read from its start.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn content(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let packing = packing(&mut file)?;
    decoder(file, packing)
}
