//! What a folder is searched for.

use std::path::Path;

/// The usual name of a format that is read where the program is built so.
pub(super) const DICOM: &str = "dcm";

/// Names that are taken for images without a look inside.
pub(super) const EXTENSIONS: [&str; 16] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm",
    "pnm", "npy", DICOM,
];

/// Names that are taken for videos.
const VIDEOS: [&str; 6] = ["mp4", "mkv", "mov", "avi", "webm", "m4v"];

/// What a folder is searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::data::readers) enum Wanted {
    /// Files that are a picture each.
    #[default]
    Pictures,
    /// Files of moving pictures.
    Videos,
}

impl Wanted {
    /// Such files in words.
    pub(super) fn files(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Videos => "videos",
        }
    }

    /// That there is none of them, and by which names they were looked for.
    pub(super) fn none(self) -> (&'static str, String) {
        match self {
            Self::Pictures => ("no image file", EXTENSIONS.join(", ")),
            Self::Videos => ("no video", VIDEOS.join(", ")),
        }
    }
}

/// Whether a file is called like a video.
pub(in crate::data::readers) fn is_named_video(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    VIDEOS
        .iter()
        .any(|video| extension.eq_ignore_ascii_case(video))
}
