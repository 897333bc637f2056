//! Parquet: `id` string, `part` string, `label` int32 and `class` string (null where unknown), `embedding` fixed-size list of D
//! float32; then a string for each further column (null where it says nothing).

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::format::{EmbeddingWriter, Format, Names, part_of};
use crate::atomic::AtomicFile;
use crate::error::{Error, Result};
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "parquet",
    about: "id, part, label, class, embedding, further columns; for tables in pandas, DuckDB, Spark, Hugging Face",
    create: |path, dim, names| Ok(Box::new(Parquet::create(path, dim, names)?)),
};

/// A row group is written out when it has this many bytes: what the writer holds in memory.
const ROW_GROUP_BYTES: usize = 64 << 20;

struct Parquet {
    out: ArrowWriter<AtomicFile>,
    item: Arc<Field>,
    schema: SchemaRef,
    names: Names,
}

impl Parquet {
    fn create(path: &Path, dim: usize, names: Names) -> Result<Self> {
        let item = Arc::new(Field::new("item", DataType::Float32, false));
        let list = DataType::FixedSizeList(item.clone(), dim as i32);
        let mut fields = vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("part", DataType::Utf8, true),
            Field::new("label", DataType::Int32, true),
            Field::new("class", DataType::Utf8, true),
            Field::new("embedding", list, false),
        ];
        let further = names.columns.iter();
        fields.extend(further.map(|name| Field::new(name, DataType::Utf8, true)));
        let schema = Arc::new(Schema::new(fields));
        let matrix = ColumnPath::from(["embedding", "list", "item"].map(String::from).to_vec());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_column_dictionary_enabled(matrix, false) // random numbers hardly repeat
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .build();
        let file = AtomicFile::create(path)?;
        let out = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|e| Error::data(path, e))?;
        Ok(Self {
            out,
            item,
            schema,
            names,
        })
    }

    fn batch(&self, rows: &Features) -> Result<RecordBatch, arrow::error::ArrowError> {
        let marks: Vec<_> = (0..rows.rows()).map(|i| self.names.of(rows, i)).collect();
        let labels: Int32Array = marks.iter().map(|(l, _)| l.map(|l| l as i32)).collect();
        let classes: StringArray = marks.iter().map(|(_, class)| *class).collect();
        let parts: StringArray = (0..rows.rows()).map(|i| part_of(rows, i)).collect();
        let values: ArrayRef = Arc::new(Float32Array::from(rows.values.clone()));
        let (item, dim) = (self.item.clone(), rows.dim as i32);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(&rows.ids)),
            Arc::new(parts),
            Arc::new(labels),
            Arc::new(classes),
            Arc::new(FixedSizeListArray::try_new(item, dim, values, None)?),
        ];
        columns.extend((0..self.names.columns.len()).map(|c| {
            let cells = (0..rows.rows()).map(|i| Names::cell(rows, i, c));
            Arc::new(cells.collect::<StringArray>()) as ArrayRef
        }));
        RecordBatch::try_new(self.schema.clone(), columns)
    }

    fn error(&self, problem: impl std::fmt::Display) -> Error {
        Error::data(self.out.inner().path(), problem)
    }
}

impl EmbeddingWriter for Parquet {
    fn append(&mut self, rows: &Features) -> Result<()> {
        let batch = self.batch(rows).map_err(|e| self.error(e))?;
        self.out.write(&batch).map_err(|e| self.error(e))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let path = self.out.inner().path().to_path_buf();
        let file = self.out.into_inner().map_err(|e| Error::data(&path, e))?;
        file.commit()
    }
}
