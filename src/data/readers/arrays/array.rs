//! An array that may hold pictures or labels, by its header.

use std::path::PathBuf;

use crate::data::npy::{Broken, Header};

/// Axes of an array of pictures: pictures, rows, columns.
pub(super) const AXES: usize = 3;

/// An archive may unpack to this many times its size, and [`SLACK`] more; what grows further is made to fill disks.
pub(super) const MOST_GROWTH: u64 = 200;

/// Unpacked bytes that are always allowed.
pub(super) const SLACK: u64 = 1 << 30;

/// An array whose header was read, its numbers not.
#[derive(Debug)]
pub(super) struct Array {
    /// Its name in the archive, or that of its file, without `.npy`.
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) file: PathBuf,
    pub(super) place: Place,
    /// Bytes of it that may be unpacked into memory.
    pub(super) memory: u64,
}

/// Where in its file an array stands.
#[derive(Debug)]
pub(super) enum Place {
    Whole,
    /// A member of an archive.
    Member(usize),
    /// A data set of HDF5.
    #[cfg_attr(not(feature = "hdf5"), allow(dead_code, reason = "none is found"))]
    Hdf5(String),
}

/// The arrays of a source, and what was passed over, a sentence each.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    pub(super) arrays: Vec<Array>,
    pub(super) notes: Vec<String>,
}

impl Arrays {
    /// Take an array, or say why it holds no numbers that are read (words, records): only what is broken is refused.
    pub(super) fn add(
        &mut self,
        name: &str,
        array: std::result::Result<Array, Broken>,
    ) -> std::result::Result<(), Broken> {
        match array {
            Ok(array) => self.arrays.push(array),
            Err(Broken::Unusable(why)) => self.notes.push(format!("passed over: `{name}` {why}")),
            Err(broken) => return Err(broken),
        }
        Ok(())
    }
}

impl Array {
    /// Numbers along each axis behind the first: those of one picture.
    pub(super) fn picture(&self) -> &[usize] {
        self.header.shape.get(1..).unwrap_or_default()
    }

    /// Entries along the first axis.
    pub(super) fn count(&self) -> usize {
        self.header.shape.first().copied().unwrap_or_default()
    }

    /// Whether it may hold pictures, one after the other.
    pub(super) fn is_stack(&self) -> bool {
        self.header.shape.len() >= AXES
    }

    /// What a person finds it by.
    pub(super) fn place(&self) -> String {
        match self.place {
            Place::Whole => self.file.display().to_string(),
            _ => format!("{}: `{}`", self.file.display(), self.name),
        }
    }
}
