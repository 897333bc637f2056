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
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use super::columns::{class_names, columns};
use super::row_cache::Rows;

/// More encoded bytes than this in one run is not a data set: a few repeated values can announce any amount.
const MAX_RUN: usize = 1 << 30;

/// Above this a number is no class; it bounds the list of class names.
const MAX_CLASSES: i64 = 1 << 20;

/// Pieces one row group may be cut into.
const MAX_PIECES: u64 = 4096;

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
    image: usize, // leaf column of the encoded bytes
    pub(super) name: String,
    pub(super) runs: Vec<Run>,
    pub(super) labels: Option<Vec<u32>>, // u32::MAX: this row has none
    pub(super) classes: Vec<String>,
}

impl Shard {
    /// Read metadata and labels; runs hold about `run_bytes` at most.
    pub(super) fn open(path: &Path, run_bytes: usize) -> Result<Self, String> {
        guard(|| {
            let file = File::open(path).map_err(|e| e.to_string())?;
            let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
                .map_err(|e| format!("not a complete Parquet file ({e}); download it again"))?;
            let (image, label) = columns(&metadata)?;
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
                image,
                name: path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                runs: runs(&metadata, image, run_bytes)?,
                labels: None,
                classes: Vec::new(),
                metadata,
            };
            if let Some((leaf, name)) = label {
                shard.labels = Some(shard.read_labels(leaf)?);
                shard.classes = class_names(shard.metadata.schema(), &name);
            }
            Ok(shard)
        })
    }

    /// Number of images.
    pub(super) fn rows(&self) -> usize {
        self.runs.iter().map(|run| run.rows).sum()
    }

    /// Read the encoded images of run `index`.
    pub(super) fn load(&self, index: usize) -> Result<Rows, String> {
        guard(|| {
            let run = self.runs[index];
            // A file of its own: readers of one file move its position under each other.
            let reader = self.reader(self.image, |builder| {
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
            rows.shrink();
            Ok(rows)
        })
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

    fn read_labels(&self, leaf: usize) -> Result<Vec<u32>, String> {
        let mut labels = Vec::new();
        for batch in self.reader(leaf, |builder| builder.with_batch_size(8192))? {
            let batch = batch.map_err(|e| format!("labels: {e}"))?;
            let numbers =
                cast(batch.column(0), &DataType::Int64).map_err(|e| format!("labels: {e}"))?;
            for label in numbers.as_primitive::<Int64Type>() {
                labels.push(match label {
                    Some(label) if label > MAX_CLASSES => {
                        return Err(format!("{label} is too large for a class number"));
                    }
                    Some(label) if label >= 0 => label as u32,
                    _ => u32::MAX,
                });
            }
        }
        if labels.len() != self.rows() {
            return Err(format!(
                "{} labels for {} images",
                labels.len(),
                self.rows()
            ));
        }
        Ok(labels)
    }
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

/// Append a column of encoded images; a row without bytes becomes an empty image, which decoding refuses.
fn collect(column: &ArrayRef, rows: &mut Rows) -> Result<(), String> {
    let mut push = |image: Option<&[u8]>| rows.push(image.unwrap_or_default());
    match column.data_type() {
        DataType::Struct(_) => return collect(column.as_struct().column(0), rows),
        DataType::Binary => column.as_binary::<i32>().iter().for_each(&mut push),
        DataType::LargeBinary => column.as_binary::<i64>().iter().for_each(&mut push),
        DataType::BinaryView => column.as_binary_view().iter().for_each(&mut push),
        other => return Err(format!("the image column holds {other}, not bytes")),
    }
    Ok(())
}
