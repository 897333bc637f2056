//! Parquet in the Hugging Face image layout: `image` struct of `bytes` and `path`, `label` int64 (null where there is none),
//! a list of them where images have several labels each,
//! then a string for each further column.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::builder::{BinaryBuilder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, StructArray};
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use super::hashed::Hashed;
use super::row::{Names, Row, Sink};
use crate::error::{Error, Result};

/// A row group ends with so many rows of so many bytes, and in any case with so many bytes or so many rows: a picture is
/// read with its row group, and the end of the file lists the groups.
const ROWS: usize = 100;
const LEAST_BYTES: usize = 1 << 20;
const MOST_BYTES: usize = 16 << 20;
const MOST_ROWS: usize = 10_000;

/// A Parquet file under construction.
pub(super) struct File {
    out: ArrowWriter<Hashed>,
    schema: SchemaRef,
    image: Fields,
    group: Group,
}

/// The rows of the group that is not written yet.
struct Group {
    files: BinaryBuilder,
    paths: StringBuilder,
    labels: Int64Builder,
    tags: Option<ListBuilder<Int64Builder>>, // instead of the labels
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
}

impl File {
    pub(super) fn create(path: &Path, names: &Names) -> Result<Self> {
        let image = Fields::from(vec![
            Field::new("bytes", DataType::Binary, true),
            Field::new("path", DataType::Utf8, true),
        ]);
        let label = if names.tags.is_empty() {
            DataType::Int64
        } else {
            DataType::new_list(DataType::Int64, true)
        };
        let mut fields = vec![
            Field::new("image", DataType::Struct(image.clone()), true),
            Field::new("label", label, true),
        ];
        let further = names.columns.iter();
        fields.extend(further.map(|name| Field::new(name, DataType::Utf8, true)));
        let about = ("huggingface".to_string(), features(names).to_string());
        let schema = Schema::new(fields).with_metadata(HashMap::from([about]));
        let schema = Arc::new(schema);
        let files = ColumnPath::from(["image", "bytes"].map(String::from).to_vec());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            // Pictures are compressed already, and none repeats.
            .set_column_compression(files.clone(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(files.clone(), false)
            .set_column_statistics_enabled(files, EnabledStatistics::None)
            .set_max_row_group_row_count(Some(MOST_ROWS))
            .build();
        let file = Hashed::create(path)?;
        let out = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|e| Error::data(path, e))?;
        Ok(Self {
            out,
            schema,
            image,
            group: Group::new(names),
        })
    }

    fn write_group(&mut self) -> Result<()> {
        if self.group.rows == 0 {
            return Ok(());
        }
        let batch = self.group.take(&self.schema, &self.image);
        let written = batch.map_err(Into::into).and_then(|batch| {
            self.out.write(&batch)?;
            self.out.flush()
        });
        written.map_err(|e: parquet::errors::ParquetError| {
            let problem = format!("cannot be written: {e}");
            Error::data(self.out.inner().path(), problem)
        })
    }
}

impl Group {
    fn new(names: &Names) -> Self {
        let several = !names.tags.is_empty();
        Self {
            files: BinaryBuilder::new(),
            paths: StringBuilder::new(),
            labels: Int64Builder::new(),
            tags: several.then(|| ListBuilder::new(Int64Builder::new())),
            columns: names.columns.iter().map(|_| StringBuilder::new()).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    fn is_full(&self) -> bool {
        let whole = self.rows >= ROWS && self.bytes >= LEAST_BYTES;
        whole || self.bytes >= MOST_BYTES || self.rows >= MOST_ROWS
    }

    /// Its rows, which it no longer has.
    fn take(&mut self, schema: &SchemaRef, image: &Fields) -> Result<RecordBatch, ArrowError> {
        (self.rows, self.bytes) = (0, 0);
        let parts: Vec<ArrayRef> =
            vec![Arc::new(self.files.finish()), Arc::new(self.paths.finish())];
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StructArray::try_new(image.clone(), parts, None)?),
            match &mut self.tags {
                Some(tags) => Arc::new(tags.finish()),
                None => Arc::new(self.labels.finish()),
            },
        ];
        let further = self.columns.iter_mut();
        columns.extend(further.map(|column| Arc::new(column.finish()) as ArrayRef));
        RecordBatch::try_new(schema.clone(), columns)
    }
}

/// What the library `datasets` is told of the columns.
fn features(names: &Names) -> Value {
    let text = || json!({"dtype": "string", "_type": "Value"});
    let label = if !names.tags.is_empty() {
        let tag = json!({"names": names.tags, "_type": "ClassLabel"});
        json!({"feature": tag, "_type": "Sequence"})
    } else if names.classes.is_empty() {
        json!({"dtype": "int64", "_type": "Value"})
    } else {
        json!({"names": names.classes, "_type": "ClassLabel"})
    };
    let mut features = Map::new();
    features.insert("image".into(), json!({"_type": "Image"}));
    features.insert("label".into(), label);
    features.extend(names.columns.iter().map(|name| (name.clone(), text())));
    json!({"info": {"features": features}})
}

impl Sink for File {
    fn add(&mut self, row: &Row) -> Result<()> {
        let group = &mut self.group;
        group.files.append_value(&row.bytes);
        group.paths.append_value(&row.id);
        match &mut group.tags {
            Some(lists) => {
                lists.append_option(row.tags.as_ref().map(|tags| tags.iter().copied().map(Some)));
            }
            None => group
                .labels
                .append_option(row.label.map(|label| label as i64)),
        }
        for (column, cell) in group.columns.iter_mut().zip(&row.cells) {
            column.append_option(*cell);
        }
        group.rows += 1;
        group.bytes += row.size();
        if group.is_full() {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(u64, String)> {
        self.write_group()?;
        let path = self.out.inner().path().to_path_buf();
        let file = self.out.into_inner();
        file.map_err(|e| Error::data(&path, format!("cannot be written: {e}")))?
            .commit()
    }
}
