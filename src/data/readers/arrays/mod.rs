//! Pictures in arrays: NumPy's `.npz` archive (MedMNIST's and others), one `.npy` stack, a folder of stacks, or HDF5.

mod array;
#[cfg(feature = "hdf5")]
mod chunks;
mod hdf5;
mod members;
mod parts;
mod rows;
#[cfg(feature = "hdf5")]
mod sets;
mod stack;

use std::path::Path;

use schemars::JsonSchema;

use super::reader::{Parts, Reader, Request, has_extension};
use crate::error::Result;

pub use stack::Stack;

/// NumPy arrays of pictures, an npz archive, a stack in an npy file, or a folder of such files; also those of HDF5.
///
/// An array of pictures has the axes (pictures, height, width), with channels last or second. The part and the labels of
/// an archive are told by the names of its arrays: `train_images` and `train_labels` (MedMNIST), `x_train` and `y_train`
/// (Keras), `images` and `labels`, of several files of HDF5 by the names of the files as well.
#[derive(JsonSchema)]
pub(super) struct ArraysReader;

impl Reader for ArraysReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(if source.is_dir() {
            members::holds_stacks(source) || hdf5::is_folder(source)?
        } else {
            holds_arrays(source)
        })
    }

    fn stored_channels(&self) -> usize {
        1
    }

    fn takes_label(&self) -> bool {
        true
    }

    fn columns(&self, source: &Path) -> Option<Vec<String>> {
        let arrays = holds_arrays(source).then(|| members::arrays(source, 0).ok());
        let names = arrays??.arrays.into_iter().map(|array| array.name);
        Some(names.collect())
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        parts::open(request, members::arrays(request.path, request.cache)?)
    }
}

/// Whether `path` is an archive or a stack.
fn holds_arrays(path: &Path) -> bool {
    has_extension(path, "npz") || members::is_stack(path) || hdf5::is_file(path)
}
