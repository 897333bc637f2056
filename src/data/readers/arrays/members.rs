//! The arrays of an archive, a file or a folder, by their headers.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

use super::super::positional::Bytes;
use super::super::reader::has_extension;
use super::array::{AXES, Array, Arrays, MOST_GROWTH, Place, SLACK};
use super::hdf5;
use super::rows::Rows;
use crate::data::npy::{Broken, Header};
use crate::error::{Error, Result};

/// The arrays at `path`, of which up to `memory` bytes may be unpacked into memory.
pub(super) fn arrays(path: &Path, memory: usize) -> Result<Arrays> {
    let mut found = Arrays::default();
    let sets = hdf5::files(path);
    if !sets.is_empty() {
        let several = sets.len() > 1;
        for file in sets {
            hdf5::add(&file, several, memory as u64, &mut found)?;
        }
    } else if path.is_dir() {
        for file in npy_files(path) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            found.add(&name, of_file(&file)).map_err(|e| e.at(&file))?;
        }
    } else if has_extension(path, "npz") {
        add_archive(path, memory as u64, &mut found)?;
    } else {
        found.arrays.push(of_file(path).map_err(|e| e.at(path))?);
    }
    Ok(found)
}

/// Whether the npy file at `path` holds a stack of pictures.
pub(super) fn is_stack(path: &Path) -> bool {
    has_extension(path, "npy")
        && path.is_file()
        && of_file(path).is_ok_and(|array| array.header.shape.len() >= AXES)
}

/// Whether the npy files of a folder are stacks: one has four axes, or three and as many labels lie beside it.
pub(super) fn holds_stacks(folder: &Path) -> bool {
    let arrays: Vec<Array> = npy_files(folder)
        .iter()
        .filter_map(|file| of_file(file).ok())
        .collect();
    let labels = |count: usize| {
        let mut shapes = arrays.iter().map(|array| array.header.shape.as_slice());
        shapes.any(|shape| shape.len() < AXES && shape.first() == Some(&count))
    };
    arrays.iter().any(|array| match *array.header.shape {
        [_, _, _, _] => true,
        [count, _, _] => labels(count),
        _ => false,
    })
}

fn npy_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| has_extension(path, "npy") && path.is_file())
        .collect();
    files.sort();
    files
}

fn of_file(path: &Path) -> std::result::Result<Array, Broken> {
    let name = path.file_stem().unwrap_or_default();
    Ok(Array {
        name: name.to_string_lossy().into(),
        header: Header::read(&mut File::open(path)?)?,
        file: path.to_path_buf(),
        place: Place::Whole,
        memory: 0,
    })
}

fn add_archive(path: &Path, memory: u64, found: &mut Arrays) -> Result<()> {
    let mut archive = open(path)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|e| broken(path, &e))?;
        let name = member.name().map_err(|e| broken(path, &e))?.into_owned();
        let Some(name) = name.strip_suffix(".npy") else {
            continue;
        };
        let array = Header::read(&mut member).map(|header| Array {
            name: name.to_string(),
            header,
            file: path.to_path_buf(),
            place: Place::Member(index),
            memory,
        });
        let problem = |e: Broken| Error::data(path, format!("`{name}`: {}", e.sentence()));
        found.add(name, array).map_err(problem)?;
    }
    Ok(())
}

/// Nothing precedes the zip, which the crate would guess at.
const FROM_START: Config = Config {
    archive_offset: ArchiveOffset::Known(0),
};

fn open(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = File::open(path).map_err(|e| Error::data(path, e))?;
    ZipArchive::with_config(FROM_START, BufReader::new(file)).map_err(|e| broken(path, &e))
}

fn broken(path: &Path, error: &ZipError) -> Error {
    let problem = format!("not a complete npz archive ({error}); write it again with numpy.savez");
    Error::data(path, problem)
}

impl Array {
    /// Its numbers: left on disk, or unpacked, into memory where they are few and else into a file without a name that
    /// goes with the process.
    ///
    /// # Errors
    /// Numbers in Fortran order, a file that is shorter or longer than its header announces, no room to unpack it.
    pub(super) fn rows(&self) -> Result<Rows> {
        if let Place::Hdf5(set) = &self.place {
            return hdf5::rows(self, set);
        }
        let (bytes, start) = self.bytes()?;
        Ok(Rows::Flat { bytes, start })
    }

    /// Its numbers, and where the first of them starts.
    fn bytes(&self) -> Result<(Bytes, u64)> {
        let fail = |problem: String| Error::data(self.place(), problem);
        if self.header.fortran && self.header.shape.len() > 1 {
            return Err(fail(
                "is in Fortran order; save numpy.ascontiguousarray of it".into(),
            ));
        }
        let announced = self.header.bytes();
        let announced = announced.ok_or_else(|| fail("announces more than there can be".into()))?;
        let differs = |held: u64| {
            fail(format!(
                "holds {held} bytes of numbers where its header announces {announced}; write it again with NumPy"
            ))
        };
        let Place::Member(index) = self.place else {
            let (bytes, length) = Bytes::open(&self.file).map_err(|e| fail(e.to_string()))?;
            let held = length.saturating_sub(self.header.start);
            return if held == announced {
                Ok((bytes, self.header.start))
            } else {
                Err(differs(held))
            };
        };
        let mut archive = open(&self.file)?;
        let mut member = archive
            .by_index(index)
            .map_err(|e| broken(&self.file, &e))?;
        if announced > SLACK.saturating_add(member.compressed_size().saturating_mul(MOST_GROWTH)) {
            return Err(fail(format!(
                "would unpack to {announced} bytes, more than {MOST_GROWTH} times what is stored; write it with numpy.savez \
                 if it is meant so"
            )));
        }
        let start = member.data_start();
        if member.compression() == zip::CompressionMethod::Stored
            && let Some(start) = start
        {
            let held = member.size().saturating_sub(self.header.start);
            let (bytes, _) = Bytes::open(&self.file).map_err(|e| fail(e.to_string()))?;
            return if held == announced {
                Ok((bytes, start + self.header.start))
            } else {
                Err(differs(held))
            };
        }
        let skip = self.header.start;
        let copied = io::copy(&mut (&mut member).take(skip), &mut io::sink());
        copied.map_err(|e| fail(e.to_string()))?;
        let unpacked = unpack(&mut member.take(announced + 1), announced <= self.memory);
        let (bytes, held) = unpacked.map_err(|e| fail(format!("cannot be unpacked: {e}")))?;
        if held == announced {
            Ok((bytes, 0))
        } else {
            Err(differs(held))
        }
    }
}

/// All that comes from `source`, and how many bytes that is.
fn unpack(source: &mut impl Read, in_memory: bool) -> io::Result<(Bytes, u64)> {
    if in_memory {
        let mut bytes = Vec::new();
        let count = source.read_to_end(&mut bytes)?;
        return Ok((Bytes::Memory(bytes), count as u64));
    }
    let mut file = tempfile::tempfile()?;
    let count = io::copy(source, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok((Bytes::of(file), count))
}
