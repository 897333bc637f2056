//! Pictures of medical instruments in DICOM files, where the program is built with the feature `dicom`.

#[cfg(feature = "dicom")]
mod colors;
#[cfg(feature = "dicom")]
mod file;
#[cfg(feature = "dicom")]
mod frame;
#[cfg(feature = "dicom")]
mod header;
#[cfg(feature = "dicom")]
mod jpeg;
#[cfg(feature = "dicom")]
mod picture;
#[cfg(feature = "dicom")]
mod table;
#[cfg(feature = "dicom")]
mod window;

#[cfg(feature = "dicom")]
pub(super) use picture::{look, read};

/// Bytes that tell a DICOM file: 128 that may be anything, and the mark.
pub(super) const START: usize = 132;

/// Whether `bytes` start as DICOM files do.
pub(super) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(START - 4..START) == Some(b"DICM")
}

/// Whether `bytes` start as a list of other DICOM files, which stands on every disk of them.
pub(super) fn is_directory(bytes: &[u8]) -> bool {
    const DIRECTORY: &[u8] = b"1.2.840.10008.1.3.10";
    is_dicom(bytes) && bytes.windows(DIRECTORY.len()).any(|part| part == DIRECTORY)
}

/// The way out where DICOM files are not read.
pub(super) const WAY_OUT: &str =
    "ravine was built without the feature `dicom`: build it again with --features dicom";

#[cfg(not(feature = "dicom"))]
pub(super) fn read(_: &[u8]) -> Result<super::stored::Stored, String> {
    Err(format!("DICOM files are not read, because {WAY_OUT}"))
}

#[cfg(not(feature = "dicom"))]
pub(super) fn look(_: &[u8]) -> Option<super::look::Look> {
    None
}
