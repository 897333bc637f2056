//! Where a set is packed to, and how.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::parquet::File;
use super::row::{Names, Sink};
use super::webdataset::Shard;
use crate::data::Part;
use crate::error::Result;

/// How a packed set is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackFormat {
    /// Parquet files in the Hugging Face image layout.
    Parquet,
    /// Tar files of samples.
    WebDataset,
}

impl PackFormat {
    /// As the command line names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::WebDataset => "webdataset",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::WebDataset => "tar",
        }
    }

    /// Names that its files have for what is in them.
    pub(super) fn own(self) -> &'static [&'static str] {
        match self {
            Self::Parquet => &["image", "label"],
            Self::WebDataset => &["label", "class", "cls"],
        }
    }

    /// Bytes that a picture takes beside its own, roughly: of a tar file, three members with a header and a filled-up end.
    pub(super) fn overhead(self) -> u64 {
        match self {
            Self::Parquet => 0,
            Self::WebDataset => 3 * (512 + 256),
        }
    }

    /// Start a file of this kind.
    pub(super) fn create(self, path: &Path, names: &Names) -> Result<Box<dyn Sink>> {
        Ok(match self {
            Self::Parquet => Box::new(File::create(path, names)?),
            Self::WebDataset => Box::new(Shard::create(path, names)?),
        })
    }
}

/// Where a set is packed to, and how.
#[derive(Clone, Debug)]
pub struct Packing {
    /// A folder, or a file `.parquet` of a set in one part.
    pub out: PathBuf,
    /// How it is stored.
    pub format: PackFormat,
    /// Which pictures: [`Part::All`] for all, in the parts that the source comes in.
    pub part: Part,
    /// Shorter side that larger pictures are resized to, in pixels; `None`: files are copied as they are.
    pub size: Option<usize>,
    /// Bytes, with what a file adds to each picture, after which another file of a folder is begun.
    pub shard_bytes: u64,
    /// Whether a packed set that is there already is replaced.
    pub force: bool,
}

impl Packing {
    /// Every picture as it is, into Parquet files of half a gigabyte.
    #[must_use]
    pub fn to(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            format: PackFormat::Parquet,
            part: Part::All,
            size: None,
            shard_bytes: 500_000_000,
            force: false,
        }
    }
}
