//! What tells a DICOM file, and what its header says of the picture.

/// Bytes that tell a DICOM file: 128 that may be anything, and the mark.
pub(in crate::data) const START: usize = 132;

/// Whether `bytes` start as DICOM files do.
pub(in crate::data) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(START - 4..START) == Some(b"DICM")
}

/// Whether `bytes` start as a list of other DICOM files, which stands on every disk of them.
pub(in crate::data) fn is_directory(bytes: &[u8]) -> bool {
    const DIRECTORY: &[u8] = b"1.2.840.10008.1.3.10";
    is_dicom(bytes) && bytes.windows(DIRECTORY.len()).any(|part| part == DIRECTORY)
}

/// The way out where DICOM files are not read.
pub(in crate::data) const WAY_OUT: &str =
    "ravine was built without the feature `dicom`: build it again with --features dicom";

/// What the header of a file says of its picture.
pub(in crate::data) struct Announced {
    pub(in crate::data) channels: usize,
    /// Bits of a channel that are in use.
    pub(in crate::data) bits: u32,
    pub(in crate::data) frames: usize,
}
