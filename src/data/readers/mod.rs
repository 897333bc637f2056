//! Sets of images by how they are stored: one reader a file, one line in the list of [`ReaderKind`].

mod arrays;
mod cifar;
mod class_level;
mod class_names;
mod digits;
mod entry;
mod folder;
mod idx;
mod labels;
mod manifest;
mod parquet;
mod positional;
mod reader;
mod run_cache;
mod shards;
mod sheet;
mod stl10;
mod video;
mod webdataset;

use std::borrow::Cow;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use arrays::Stack;
pub use cifar::Cifar;
pub use class_level::ClassLevel;
pub use digits::Digits;
pub use folder::Folder;
pub use idx::Idx;
pub use parquet::Parquet;
pub(super) use reader::no_columns;
pub use reader::{Parts, Reader, Request};
pub use stl10::Stl10;
pub use webdataset::WebDataset;
#[cfg(feature = "remote")]
pub(super) use webdataset::expand_braces;

use crate::error::{Error, Result, hint};
use crate::registry::{Entry, first_sentence};

/// From one line a reader: the value of the key, and what stands behind it.
macro_rules! readers {
    ($($name:literal => $variant:ident($reader:path)),+ $(,)?) => {
        /// What `data.reader` may be.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the readers behind them are documented")]
        pub enum ReaderKind {
            /// Chosen by looking at the source.
            #[default]
            Auto,
            $($variant,)+
            /// Rows of numbers, which are opened by [`super::table::open`].
            Table,
        }

        impl ReaderKind {
            /// Every value of the key; `auto` asks the readers in this order.
            pub const ALL: &'static [Self] = &[Self::Auto, $(Self::$variant,)+ Self::Table];

            /// The value as a configuration writes it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    Self::Auto => "auto",
                    $(Self::$variant => $name,)+
                    Self::Table => "table",
                }
            }

            /// The reader itself; `None` for `auto`, which chooses one, and for `table`, which reads no images.
            #[must_use]
            pub fn reader(self) -> Option<&'static dyn Reader> {
                match self {
                    Self::Auto | Self::Table => None,
                    $(Self::$variant => Some(&$reader),)+
                }
            }

            fn about(self) -> String {
                match self {
                    Self::Auto => "Chosen by looking at the source.".into(),
                    $(Self::$variant => first_sentence(&schema_for!($reader)),)+
                    Self::Table => "Rows of numbers: CSV, Parquet, npy, or a generator.".into(),
                }
            }
        }
    };
}

readers! {
    "digits" => Digits(digits::DigitsReader),
    "manifest" => Manifest(manifest::ManifestReader),
    "parquet" => Parquet(parquet::ParquetReader),
    "stl10" => Stl10(stl10::Stl10Reader),
    "cifar" => Cifar(cifar::CifarReader),
    "idx" => Idx(idx::IdxReader),
    "arrays" => Arrays(arrays::ArraysReader),
    "webdataset" => WebDataset(webdataset::WebDatasetReader),
    "video" => Video(video::VideoReader),
    "folder" => Folder(folder::FolderReader),
}

impl ReaderKind {
    /// Name and first sentence of every value of the key.
    #[must_use]
    pub fn entries() -> Vec<Entry> {
        let entry = |kind: &Self| Entry {
            name: kind.name(),
            about: kind.about(),
            defaults: String::new(),
        };
        Self::ALL.iter().map(entry).collect()
    }
}

/// The first reader of the list that recognises `source`.
pub(super) fn detect(source: &Path) -> Result<&'static dyn Reader> {
    for reader in ReaderKind::ALL.iter().filter_map(|kind| kind.reader()) {
        if reader.recognizes(source)? {
            return Ok(reader);
        }
    }
    Err(if source.exists() {
        Error::data(
            source,
            "not a known data set; give a folder of images, a .parquet, .npz, .h5, .tar, .bin (CIFAR), idx3 or video file, a list of \
             paths to pictures (.csv, .tsv, .jsonl, .parquet, .txt), or set `data.reader`",
        )
    } else {
        missing(source)
    })
}

/// The columns or fields that stand beside the images at `path` in a format that has some.
pub(super) fn columns_beside_images(path: &Path) -> Option<Vec<String>> {
    let mut readers = ReaderKind::ALL.iter().filter_map(|kind| kind.reader());
    readers.find_map(|reader| reader.columns(path))
}

/// Nothing lies at `path`.
pub(super) fn missing(path: &Path) -> Error {
    Error::data(
        path,
        "there is no such file or folder; give a path that exists, or `digits`",
    )
}

impl Serialize for ReaderKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ReaderKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = String::deserialize(deserializer)?;
        let found = Self::ALL.iter().find(|kind| kind.name() == wrong);
        found.copied().ok_or_else(|| {
            let names = Self::ALL.iter().map(|kind| kind.name());
            serde::de::Error::custom(format!("unknown reader `{wrong}`; {}", hint(&wrong, names)))
        })
    }
}

impl JsonSchema for ReaderKind {
    fn schema_name() -> Cow<'static, str> {
        "ReaderKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let values = Self::entries().into_iter();
        let values = values.map(|entry| {
            json_schema!({"type": "string", "const": entry.name, "description": entry.about})
        });
        json_schema!({
            "description": "What `data.reader` may be.",
            "oneOf": values.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_is_read_by_the_name_it_is_written_with() {
        let schema = serde_json::to_string(&schema_for!(ReaderKind)).unwrap();
        for reader in ReaderKind::ALL {
            let text = serde_json::to_string(reader).unwrap();
            assert_eq!(text, format!("\"{}\"", reader.name()));
            assert_eq!(serde_json::from_str::<ReaderKind>(&text).unwrap(), *reader);
            assert!(schema.contains(&text), "{schema}");
        }
    }

    #[test]
    fn every_reader_says_in_a_sentence_what_it_reads() {
        for entry in ReaderKind::entries() {
            assert!(entry.about.ends_with('.'), "{entry:?}");
        }
    }
}
