//! Parquet: a column of lists of numbers, `embedding` or the only one; `id`, `part`, `class` and `label` where they are there.

use std::fs::File;
use std::path::Path;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field};

use crate::data::guarded;
use crate::embeddings::filling::{Filling, ROWS};
use crate::error::{Error, Result};

pub(super) fn read(path: &Path, column: Option<&str>, into: &mut Filling) -> Result<()> {
    let broken = |e: &dyn std::fmt::Display| {
        Error::data(path, format!("cannot be decoded ({e}); write it again"))
    };
    guarded(path, || {
        let file = File::open(path).map_err(|e| Error::data(path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| broken(&e))?;
        if let Some(words) = builder.schema().metadata().get("ravine") {
            into.about(words);
        }
        let fields = builder.schema().fields().clone();
        let names: Vec<&Field> = fields.iter().map(AsRef::as_ref).collect();
        let matrix = choose(&names, column, into)?;
        let place = |name: &str| names.iter().position(|field| field.name() == name);
        let marks = ["id", "part", "class", "label"].map(place);
        let wanted = marks.iter().flatten().copied().chain([matrix]);
        let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
        let reader = builder.with_projection(mask).with_batch_size(ROWS).build();
        for batch in reader.map_err(|e| broken(&e))? {
            let batch = batch.map_err(|e| broken(&e))?;
            rows(&batch, names[matrix].name(), into)?;
            let text = |mark: usize| {
                let column = marks[mark].and_then(|p| batch.column_by_name(names[p].name()));
                column
                    .map(|column| cast(column, &DataType::Utf8))
                    .transpose()
            };
            let [ids, parts, classes, labels] = [text(0), text(1), text(2), text(3)];
            let texts = (ids.map_err(|e| broken(&e))?, parts.map_err(|e| broken(&e))?);
            let words = (
                classes.map_err(|e| broken(&e))?,
                labels.map_err(|e| broken(&e))?,
            );
            for row in 0..batch.num_rows() {
                if let Some(id) = &texts.0 {
                    into.ids.push(cell(id, row).unwrap_or_default().into());
                }
                into.parts
                    .push(texts.1.as_ref().and_then(|part| cell(part, row)));
                let class = words.0.as_ref().and_then(|class| cell(class, row));
                into.classes
                    .push(class.or_else(|| words.1.as_ref().and_then(|l| cell(l, row))));
            }
        }
        Ok(())
    })
}

fn cell(column: &ArrayRef, row: usize) -> Option<&str> {
    let column = column.as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

/// The place of the column of embeddings.
fn choose(fields: &[&Field], column: Option<&str>, into: &Filling) -> Result<usize> {
    let lists: Vec<usize> = (0..fields.len())
        .filter(|&place| match fields[place].data_type() {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                item.data_type().is_numeric()
            }
            _ => false,
        })
        .collect();
    let wanted = column.unwrap_or("embedding");
    let found = lists.iter().find(|&&place| fields[place].name() == wanted);
    match (found, lists.as_slice(), column) {
        (Some(&place), ..) | (None, &[place], None) => Ok(place),
        (None, [], _) => {
            Err(into.broken("has no column of lists of numbers, which embeddings are"))
        }
        (None, several, _) => {
            let all: Vec<&str> = several.iter().map(|&p| fields[p].name().as_str()).collect();
            let all = all.join(", ");
            Err(into.broken(format!(
                "has no embeddings `{wanted}`; choose one of its columns with --column: {all}"
            )))
        }
    }
}

/// Add the embeddings of a batch.
fn rows(batch: &RecordBatch, name: &str, into: &mut Filling) -> Result<()> {
    let first = into.rows();
    let missing = |row: usize, into: &Filling| {
        into.broken(format!(
            "row {} has no embedding; remove the row",
            first + row
        ))
    };
    let Some(lists) = batch.column_by_name(name) else {
        return Err(missing(0, into));
    };
    if let Some(row) = (0..lists.len()).find(|&row| lists.is_null(row)) {
        return Err(missing(row, into));
    }
    if let Some(fixed) = lists.as_fixed_size_list_opt() {
        let dim = fixed.value_length() as usize;
        let part = fixed
            .values()
            .slice(fixed.value_offset_at(0), fixed.len() * dim);
        return into.append(&floats(&part, into)?, dim);
    }
    for row in 0..lists.len() {
        let list = match lists.as_list_opt::<i32>() {
            Some(lists) => lists.value(row),
            None => lists.as_list::<i64>().value(row),
        };
        into.append(&floats(&list, into)?, list.len())?;
    }
    Ok(())
}

/// Numbers of any kind as 32-bit floats.
fn floats(values: &ArrayRef, into: &Filling) -> Result<Vec<f32>> {
    if values.null_count() > 0 {
        return Err(into.broken(format!(
            "an embedding of the rows from {} on lacks a number; remove the row, or embed again",
            into.rows()
        )));
    }
    let floats = cast(values, &DataType::Float32).map_err(|e| into.broken(e))?;
    Ok(floats.as_primitive::<Float32Type>().values().to_vec())
}
