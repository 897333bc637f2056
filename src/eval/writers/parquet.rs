//! Parquet: `id` string, `part` string, `label` int32 and `class` string (null where unknown), `embedding` fixed-size list of D
//! numbers of 32 or 16 bits, for (tokens, width) with Arrow's name of a tensor of fixed shape; then a string for each further column (null where it says nothing).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float16Array, Float32Array, Int32Array, StringArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use serde_json::json;

use super::format::{
    EmbeddingForm, EmbeddingWriter, Format, Half, Names, WrittenPrecision, part_of,
};
use crate::atomic::AtomicFile;
use crate::error::{Error, Result};
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "parquet",
    about: "id, part, label, class, embedding, further columns; for tables in pandas, DuckDB, Spark, Hugging Face",
    text: false,
    says: true,
    create: |path, form, names| Ok(Box::new(Parquet::create(path, form, names)?)),
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
    fn create(path: &Path, form: &EmbeddingForm, names: Names) -> Result<Self> {
        let kind = match form.precision {
            WrittenPrecision::F32 => DataType::Float32,
            WrittenPrecision::F16 => DataType::Float16,
        };
        // pyarrow knows a tensor of fixed shape only where its numbers may be null, which none is.
        let nulls = form.shape.len() > 1;
        let item = Arc::new(Field::new("item", kind, nulls));
        let mut fields = vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("part", DataType::Utf8, true),
            Field::new("label", DataType::Int32, true),
            Field::new("class", DataType::Utf8, true),
            column(&item, form),
        ];
        let further = names.columns.iter();
        fields.extend(further.map(|name| Field::new(name, DataType::Utf8, true)));
        // Readers of Arrow's look into its schema, all others into the file.
        let said = form.words().map(|words| ("ravine".to_string(), words));
        let said: HashMap<String, String> = said.into_iter().collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, said));
        let matrix = ColumnPath::from(["embedding", "list", "item"].map(String::from).to_vec());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_column_dictionary_enabled(matrix, false) // random numbers hardly repeat
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .set_key_value_metadata(
                form.words()
                    .map(|words| vec![KeyValue::new("ravine".into(), words)]),
            )
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

    fn batch(&self, rows: &Features) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let marks: Vec<_> = (0..rows.rows()).map(|i| self.names.of(rows, i)).collect();
        let labels: Int32Array = marks.iter().map(|(l, _)| l.map(|l| l as i32)).collect();
        let classes: StringArray = marks.iter().map(|(_, class)| *class).collect();
        let parts: StringArray = (0..rows.rows()).map(|i| part_of(rows, i)).collect();
        let values: ArrayRef = if *self.item.data_type() == DataType::Float16 {
            let halves = rows.values.iter().map(|value| Half::from_f32(*value));
            Arc::new(Float16Array::from_iter_values(halves))
        } else {
            Arc::new(Float32Array::from(rows.values.clone()))
        };
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

/// The column of embeddings; those of several axes are a tensor of fixed shape, in Arrow's words.
fn column(item: &Arc<Field>, form: &EmbeddingForm) -> Field {
    let list = DataType::FixedSizeList(item.clone(), form.numbers() as i32);
    let field = Field::new("embedding", list, false);
    if form.shape.len() < 2 {
        return field;
    }
    let said = [
        (
            "ARROW:extension:name",
            "arrow.fixed_shape_tensor".to_string(),
        ),
        (
            "ARROW:extension:metadata",
            json!({ "shape": form.shape }).to_string(),
        ),
    ];
    field.with_metadata(said.map(|(key, value)| (key.to_string(), value)))
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
