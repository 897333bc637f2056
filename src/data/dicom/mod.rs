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
mod start;
#[cfg(feature = "dicom")]
mod table;
#[cfg(feature = "dicom")]
mod window;

#[cfg(feature = "dicom")]
pub(super) use picture::{announced, read};
pub(super) use start::{START, WAY_OUT, is_dicom, is_directory};

#[cfg(not(feature = "dicom"))]
pub(super) fn read(_: &[u8]) -> Result<super::stored::Stored, String> {
    Err(format!("DICOM files are not read, because {WAY_OUT}"))
}

#[cfg(not(feature = "dicom"))]
pub(super) fn announced(_: &[u8]) -> Option<start::Announced> {
    None
}
