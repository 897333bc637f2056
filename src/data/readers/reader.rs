//! What a format of image sets knows about itself.

use std::path::Path;
use std::sync::Arc;

use super::class_level::ClassLevel;
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::error::{Error, Result};

/// The parts that a source comes in, each at most once.
pub type Parts = Vec<(Part, Arc<dyn Dataset>)>;

/// What a reader is asked to open.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The file or folder.
    pub path: &'a Path,
    /// Channels of the images to deliver.
    pub channels: usize,
    /// Whether first-level folders are classes; `None`: as the folders look.
    pub labels: Option<bool>,
    /// Which folders are classes; `None`: those at the first level that looks so.
    pub class_level: Option<ClassLevel>,
    /// The column or field of labels; `None`: as they are usually called.
    pub label: Option<&'a str>,
    /// The value of 16-bit and floating-point images that is white; `None`: 65535 and 1.
    pub range: Option<u32>,
    /// Frames that are taken of each second of a video.
    pub frames_per_second: f64,
    /// Encoded bytes that may be kept in memory.
    pub cache: usize,
}

/// A format in which sets of images are stored.
pub trait Reader: Sync {
    /// Whether `data.reader = "auto"` takes `source` to be of this format; formats are asked in the order of the list.
    ///
    /// # Errors
    /// A folder that cannot be read.
    fn recognizes(&self, source: &Path) -> Result<bool>;

    /// Channels of the images where `data.channels` is left out: 3 (colour) unless the format stores grey ones.
    fn stored_channels(&self) -> usize {
        3
    }

    /// Whether something lies at a `source` of this format: images that are part of the program need no file.
    fn is_there(&self, source: &Path) -> bool {
        source.exists()
    }

    /// Whether folders may name the classes, as `data.class_level` says.
    fn takes_folders(&self) -> bool {
        false
    }

    /// Whether labels stand in a column or field, which `data.label` may choose.
    fn takes_label(&self) -> bool {
        false
    }

    /// Whether pictures are taken out of videos, as often as `data.frames_per_second` says.
    fn takes_frames(&self) -> bool {
        false
    }

    /// The columns or fields beside the images of `source` that `data.label` may choose; `None` where it is of another
    /// format or cannot be read, which is left to whoever opens it.
    fn columns(&self, _source: &Path) -> Option<Vec<String>> {
        None
    }

    /// Open the parts of a source that is there.
    ///
    /// # Errors
    /// A sentence with the path, what is wrong there, and the way out.
    fn open(&self, request: &Request) -> Result<Parts>;
}

/// The whole of a set that comes in one part.
pub(super) fn one_part(set: impl Dataset + 'static) -> Parts {
    vec![(Part::Train, Arc::new(set))]
}

/// `data.label` is given for images without columns.
pub(in crate::data) fn no_columns(source: impl std::fmt::Display) -> Error {
    let problem =
        format!("names a column or field, and the images of `{source}` have none; leave it out");
    Error::key("data.label", problem)
}

/// Whether the name of a file ends in `.wanted`, in capitals or not.
pub(super) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}
