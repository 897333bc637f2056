//! Parquet: columns of numbers, and one of classes.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;

use super::columns::{Columns, bounded, finite, unusable};
use crate::error::{Error, Result};

/// Rows decoded at once.
const BATCH: usize = 8192;

/// A Parquet file; only the columns asked for are decoded.
pub(in crate::data) struct Parquet {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    names: Vec<String>,
}

impl Parquet {
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        let metadata = guarded(path, || {
            let file = File::open(path).map_err(|e| Error::data(path, e))?;
            ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|e| {
                let problem = format!("not a complete Parquet file ({e}); write it again");
                Error::data(path, problem)
            })
        })?;
        let fields = metadata.schema().fields().iter();
        Ok(Self {
            path: path.to_path_buf(),
            names: fields.map(|field| field.name().clone()).collect(),
            metadata,
        })
    }

    /// The columns that can be shown as text: all but bytes and structures.
    pub(in crate::data) fn shown(&self) -> Vec<usize> {
        let fields = self.metadata.schema().fields().iter().enumerate();
        let shown = fields.filter(|(_, field)| {
            let kind = field.data_type();
            !kind.is_binary() && !matches!(kind, DataType::Struct(_))
        });
        shown.map(|(place, _)| place).collect()
    }

    /// Go through the first `most` rows: `columns` as text, empty where a cell is.
    pub(in crate::data) fn first(
        &self,
        most: usize,
        columns: &[usize],
        mut look: impl FnMut(&[String]),
    ) -> Result<()> {
        let wrong = |e| Error::data(&self.path, format!("cannot be shown as text: {e}"));
        let options = FormatOptions::default();
        self.limited(most, columns, |_, arrays| {
            let shown = arrays
                .iter()
                .map(|array| ArrayFormatter::try_new(array, &options));
            let shown: Vec<ArrayFormatter> = shown.collect::<Result<_, _>>().map_err(wrong)?;
            for row in 0..arrays.first().map_or(0, Array::len) {
                let cells = shown.iter().map(|cells| cells.value(row).try_to_string());
                look(&cells.collect::<Result<Vec<_>, _>>().map_err(wrong)?);
            }
            Ok(())
        })
    }

    /// Decode `columns`, batch by batch, each in the order asked for.
    fn each(
        &self,
        columns: &[usize],
        look: impl FnMut(usize, &[ArrayRef]) -> Result<()>,
    ) -> Result<()> {
        self.limited(usize::MAX, columns, look)
    }

    /// As [`Parquet::each`], of the first `most` rows.
    fn limited(
        &self,
        most: usize,
        columns: &[usize],
        mut look: impl FnMut(usize, &[ArrayRef]) -> Result<()>,
    ) -> Result<()> {
        let broken = |e: &dyn std::fmt::Display| {
            Error::data(
                &self.path,
                format!("cannot be decoded ({e}); write it again"),
            )
        };
        guarded(&self.path, || {
            let file = File::open(&self.path).map_err(|e| broken(&e))?;
            let mask =
                ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let reader = builder
                .with_projection(mask)
                .with_limit(most)
                .with_batch_size(BATCH)
                .build();
            let mut sorted = columns.to_vec();
            sorted.sort_unstable();
            let mut start = 0;
            for batch in reader.map_err(|e| broken(&e))? {
                let batch = batch.map_err(|e| broken(&e))?;
                let arrays: Vec<ArrayRef> = columns
                    .iter()
                    .map(|wanted| batch.column(sorted.partition_point(|c| c < wanted)).clone())
                    .collect();
                look(start, &arrays)?;
                start += batch.num_rows();
                bounded(&self.path, start, columns.len())?;
            }
            Ok(())
        })
    }

    fn as_numbers(&self, array: &ArrayRef, column: usize) -> Result<ArrayRef> {
        let kind = array.data_type();
        let wrong = |e: &dyn std::fmt::Display| {
            let name = &self.names[column];
            let way = "name the columns of numbers in `data.x` and `data.y`, a column of classes in `data.label`";
            unusable(&self.path, format!("column `{name}` {e}; {way}"))
        };
        if !kind.is_numeric() && *kind != DataType::Boolean {
            return Err(wrong(&format!("holds {kind}, not numbers")));
        }
        cast(array, &DataType::Float64).map_err(|e| wrong(&e))
    }

    fn missing(&self, row: usize, column: usize) -> Error {
        let name = &self.names[column];
        let problem =
            format!("row {row}, column `{name}`: the cell is empty; mend or remove this row");
        unusable(&self.path, problem)
    }
}

impl Columns for Parquet {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn numbers(&self, columns: &[usize]) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        self.each(columns, |start, arrays| {
            let arrays = arrays.iter().zip(columns);
            let arrays: Vec<ArrayRef> = arrays
                .map(|(array, &column)| self.as_numbers(array, column))
                .collect::<Result<_>>()?;
            for row in 0..arrays.first().map_or(0, Array::len) {
                for (array, &column) in arrays.iter().zip(columns) {
                    if array.is_null(row) {
                        return Err(self.missing(start + row, column));
                    }
                    let value = array.as_primitive::<Float64Type>().value(row);
                    let place = || format!("row {}, column `{}`", start + row, self.names[column]);
                    values.push(finite(value, &self.path, place)?);
                }
            }
            Ok(())
        })?;
        Ok(values)
    }

    fn words(&self, column: usize) -> Result<Vec<String>> {
        let mut words = Vec::new();
        self.each(&[column], |start, arrays| {
            let text = cast(&arrays[0], &DataType::Utf8).map_err(|e| {
                unusable(&self.path, format!("column `{}`: {e}", self.names[column]))
            })?;
            for (row, word) in text.as_string::<i32>().iter().enumerate() {
                let word = word.ok_or_else(|| self.missing(start + row, column))?;
                words.push(word.to_string());
            }
            Ok(())
        })?;
        Ok(words)
    }
}

/// A panic inside the Parquet library on hostile bytes is an error like the others.
pub(crate) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let problem = "the Parquet library panicked on this file; it is corrupt, write it again";
        Err(Error::data(path, problem))
    })
}
