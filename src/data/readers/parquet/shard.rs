//! One Parquet file in the Hugging Face image layout.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use ::parquet::file::metadata::RowGroupMetaData;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::DataType;

use super::columns::{
    ImageColumns, LABELS, LabelColumn, class_names, image_columns, is_text, label_column, names,
    unused_labels,
};
use super::labels::{self, of_folders};
use super::on_disk;
use super::rows::Rows;
use crate::data::readers::labels::{Collected, Labels};
use crate::data::readers::run_cache::Held;
use crate::data::tags::Tags;

/// More encoded bytes than this in one run is not a data set: a few repeated values can announce any amount.
const MAX_RUN: usize = 1 << 30;

/// No picture has fewer bytes than this.
const LEAST_PICTURE: i64 = 16;

/// Pieces one row group may be cut into.
const MAX_PIECES: u64 = 4096;

/// How the shards of a set are opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    /// The folder of the data set.
    pub(super) root: &'a Path,
    /// The column of labels; `None`: as columns are usually called.
    pub(super) label: Option<&'a str>,
    /// Encoded bytes of a run, at most.
    pub(super) run_bytes: usize,
}

/// A run of rows that is read at once: a row group, or a part of a large one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    group: usize,
    skip: usize,
    /// Number of rows.
    pub(super) rows: usize,
    /// Encoded bytes, as the file's metadata tell them.
    pub(super) bytes: usize,
}

/// Metadata of one file; its images are read run by run.
#[derive(Debug)]
pub(super) struct Shard {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    root: PathBuf, // of the data set
    image: ImageColumns,
    pub(super) name: String,
    pub(super) runs: Vec<Run>,
    pub(super) labels: Option<Labels>,
    pub(super) tags: Option<Tags>,
    /// The column that they stand in.
    pub(super) label: Option<String>,
    pub(super) classes: Vec<String>,
}

impl Shard {
    /// Read metadata and labels.
    pub(super) fn open(path: &Path, how: Opening) -> Result<Self, String> {
        guard(|| {
            let file = File::open(path).map_err(|e| e.to_string())?;
            let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
                .map_err(|e| format!("not a complete Parquet file ({e}); download it again"))?;
            let image = image_columns(&metadata)?;
            let label = label_column(&metadata, how.label)?;
            let length = file.metadata().map_err(|e| e.to_string())?.len();
            let rows = metadata.metadata().file_metadata().num_rows();
            let groups = metadata
                .metadata()
                .row_groups()
                .iter()
                .map(RowGroupMetaData::num_rows);
            // An image takes more than a byte; this bounds what is kept for each row by the size of the file.
            if groups.sum::<i64>() != rows || u64::try_from(rows).is_err() || rows as u64 > length {
                return Err(format!(
                    "announces {rows} rows in {length} bytes; it is corrupt, download it again"
                ));
            }
            let mut shard = Self {
                path: path.to_path_buf(),
                root: how.root.to_path_buf(),
                image,
                name: path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                runs: runs(&metadata, image.bytes, how.run_bytes)?,
                labels: None,
                tags: None,
                label: None,
                classes: Vec::new(),
                metadata,
            };
            shard.use_labels(label.as_ref(), how.label)?;
            Ok(shard)
        })
    }

    fn use_labels(
        &mut self,
        column: Option<&LabelColumn>,
        wanted: Option<&str>,
    ) -> Result<(), String> {
        if let Some(column) = column.filter(|column| column.several) {
            self.tags = Some(self.read_tags(column)?);
            return Ok(());
        }
        let of_column = match column {
            Some(column) => self.read_labels(column.leaf, wanted.is_some())?,
            None => None,
        };
        let of_column = of_column.zip(column.map(|column| column.name.clone()));
        self.label = of_column.as_ref().map(|(_, name)| name.clone());
        let found = match of_column {
            Some(found) => Some(found),
            None => of_folders(&self.path, wanted, &LABELS, self.rows())?,
        };
        if let Some((labels, name)) = found {
            self.labels = Some(labels);
            self.classes = class_names(self.metadata.schema(), &name);
        }
        Ok(())
    }

    /// The names of all columns.
    pub(super) fn columns(&self) -> Vec<String> {
        names(self.metadata.schema())
    }

    /// The content of the picture at `path`, as this shard names it.
    pub(super) fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, String> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        on_disk::read(&String::from_utf8_lossy(path), folder, &self.root)
    }

    /// A column of labels that is not used, as a sentence.
    pub(super) fn unused_labels(&self) -> Option<String> {
        unused_labels(self.metadata.schema())
    }

    /// Number of images.
    pub(super) fn rows(&self) -> usize {
        self.runs.iter().map(|run| run.rows).sum()
    }

    /// Read the encoded images of run `index`.
    pub(super) fn load(&self, index: usize) -> Result<Rows, String> {
        guard(|| {
            let run = self.runs[index];
            let mut rows = self.load_column(self.image.bytes, run)?;
            if let Some(path) = self.image.path.filter(|_| rows.lacks_some()) {
                rows = rows.with_paths(&self.load_column(path, run)?);
            }
            rows.shrink();
            Ok(rows)
        })
    }

    /// Read the bytes of one column of `run`.
    fn load_column(&self, leaf: usize, run: Run) -> Result<Rows, String> {
        // A file of its own: readers of one file move its position under each other.
        let reader = self.reader(leaf, |builder| {
            builder
                .with_row_groups(vec![run.group])
                .with_offset(run.skip)
                .with_limit(run.rows)
                .with_batch_size(run.rows.min(256))
        })?;
        let mut rows = Rows::default();
        for batch in reader {
            let batch = batch.map_err(|e| format!("row group {}: {e}", run.group))?;
            collect(batch.column(0), &mut rows)?;
            if rows.size() > MAX_RUN {
                return Err(format!(
                    "row group {} unpacks to more than 1 GiB; write it in smaller ones",
                    run.group
                ));
            }
        }
        if rows.len() != run.rows {
            return Err(format!(
                "row group {} ends after {} of {} rows",
                run.group,
                rows.len(),
                run.rows
            ));
        }
        Ok(rows)
    }

    fn reader(
        &self,
        leaf: usize,
        settings: impl FnOnce(
            ParquetRecordBatchReaderBuilder<File>,
        ) -> ParquetRecordBatchReaderBuilder<File>,
    ) -> Result<ParquetRecordBatchReader, String> {
        let file = File::open(&self.path).map_err(|e| e.to_string())?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), [leaf]);
        settings(builder.with_projection(mask))
            .build()
            .map_err(|e| e.to_string())
    }

    /// The labels of a column of lists.
    fn read_tags(&self, column: &LabelColumn) -> Result<Tags, String> {
        let names = class_names(self.metadata.schema(), &column.name);
        let mut words = Vec::new();
        for batch in self.reader(column.leaf, |builder| builder.with_batch_size(8192))? {
            let batch = batch.map_err(|e| format!("labels: {e}"))?;
            words.extend(labels::lists(batch.column(0), &names)?);
        }
        let rows = words.iter().map(Option::as_ref);
        let tags =
            Tags::of_words(rows.map(|row| row.map(|words| words.iter().map(String::as_str))));
        let (found, rows) = (tags.len(), self.rows());
        if found != rows {
            return Err(format!("{found} labels for {rows} images"));
        }
        Ok(tags)
    }

    /// The labels of a column; `None` where it holds no classes and nobody asked for it.
    fn read_labels(&self, leaf: usize, asked: bool) -> Result<Option<Labels>, String> {
        let mut collected = Collected::default();
        for batch in self.reader(leaf, |builder| builder.with_batch_size(8192))? {
            let batch = batch.map_err(|e| format!("labels: {e}"))?;
            labels::add(&mut collected, batch.column(0))?;
        }
        match collected.no_class.take() {
            Some(problem) if asked => Err(format!("`data.label`: {problem}; name another column")),
            Some(_) => Ok(None),
            None => collected.finish(self.rows()).map(Some),
        }
    }
}

/// What `look` makes of the metadata of a Parquet file that has a column of images, and of that column.
fn of_images<T>(
    path: &Path,
    look: impl FnOnce(&ArrowReaderMetadata, ImageColumns) -> T,
) -> Option<T> {
    let found = guard(|| {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = metadata.map_err(|e| e.to_string())?;
        image_columns(&metadata).map(|columns| look(&metadata, columns))
    });
    found.ok()
}

/// The columns of a Parquet file that has one of images.
pub(super) fn columns_beside_images(path: &Path) -> Option<Vec<String>> {
    of_images(path, |metadata, _| names(metadata.schema()))
}

/// Rows of a Parquet file that has a column of images, and whether it holds them itself: by the bytes of that column.
pub(super) fn rows_of_images(path: &Path) -> Option<(usize, bool)> {
    of_images(path, |metadata, columns| {
        let groups = metadata.metadata().row_groups().iter();
        let bytes = groups.map(|group| group.column(columns.bytes).uncompressed_size());
        let rows = metadata.metadata().file_metadata().num_rows().max(0);
        (rows as usize, bytes.sum::<i64>() >= LEAST_PICTURE * rows)
    })
}

/// A panic inside the Parquet library on hostile bytes is an error like the others.
fn guard<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err("the Parquet library panicked on this file; it is corrupt, download it again".into())
    })
}

fn runs(
    metadata: &ArrowReaderMetadata,
    image: usize,
    run_bytes: usize,
) -> Result<Vec<Run>, String> {
    let mut runs = Vec::new();
    for (group, info) in metadata.metadata().row_groups().iter().enumerate() {
        let rows = u32::try_from(info.num_rows())
            .map_err(|_| format!("row group {group} has an impossible size"))?;
        let bytes = info.column(image).uncompressed_size().max(0) as u64;
        let pieces = bytes.div_ceil(run_bytes as u64).clamp(1, MAX_PIECES);
        let step = u64::from(rows).div_ceil(pieces).max(1) as usize;
        let rows = rows as usize;
        runs.extend((0..rows).step_by(step).map(|skip| {
            let count = step.min(rows - skip);
            Run {
                group,
                skip,
                rows: count,
                bytes: (bytes as f64 * count as f64 / rows as f64).ceil() as usize,
            }
        }));
    }
    Ok(runs)
}

/// Append a column of encoded images or of paths; a row without any becomes an empty one.
fn collect(column: &ArrayRef, rows: &mut Rows) -> Result<(), String> {
    let mut push = |image: Option<&[u8]>| rows.push(image.unwrap_or_default());
    match column.data_type() {
        DataType::Struct(_) => return collect(column.as_struct().column(0), rows),
        DataType::Binary => column.as_binary::<i32>().iter().for_each(&mut push),
        DataType::LargeBinary => column.as_binary::<i64>().iter().for_each(&mut push),
        DataType::BinaryView => column.as_binary_view().iter().for_each(&mut push),
        kind if is_text(kind) => {
            let text = cast(column, &DataType::LargeUtf8).map_err(|e| format!("paths: {e}"))?;
            let text = text.as_string::<i64>().iter();
            text.for_each(|path| push(path.map(str::as_bytes)));
        }
        DataType::Null => (0..column.len()).for_each(|_| push(None)),
        other => return Err(format!("the image column holds {other}, not bytes")),
    }
    Ok(())
}
