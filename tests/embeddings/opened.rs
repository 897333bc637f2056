//! Reading: every format says the same, and what is broken is said in a sentence.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use ravine::embeddings::EmbeddingTable;
use ravine::error::Error;

use super::{clouds, write};
use crate::common::Any;

#[test]
fn every_format_reads_back_as_it_was_written() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let rows = clouds(9, 4, 3, 0.2);
    for extension in ["parquet", "npy", "safetensors"] {
        let path = folder.path().join("table").with_extension(extension);
        write(&path, &rows);
        let table = EmbeddingTable::open(&path, None)?;
        assert_eq!((table.rows(), table.dim()), (9, 4), "{extension}");
        assert_eq!(&table.read(0..9)?[..], &rows.values[..], "{extension}");
        assert_eq!(&table.read(3..5)?[..], &rows.values[12..20], "{extension}");
        for row in 0..9 {
            assert_eq!(table.id(row), rows.ids[row], "{extension}");
            let class = format!("class{}", row % 3);
            assert_eq!(table.class(row), Some(class.as_str()), "{extension}");
            assert_eq!(table.part(row), Some(rows.parts[row].name()), "{extension}");
        }
        assert!(table.notes().is_empty(), "{extension}");
    }
    Ok(())
}

/// A file of another program: lists of 64-bit numbers under any name, without ids.
fn foreign(path: &Path, names: &[&str], lists: &[&[f64]]) -> Result<(), Any> {
    let item = Arc::new(Field::new("element", DataType::Float64, true));
    let list = || -> ArrayRef {
        let rows = lists.iter().map(|list| Some(list.iter().map(|v| Some(*v))));
        let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(rows);
        let (_, lengths, values, _) = lists.into_parts();
        Arc::new(ListArray::new(item.clone(), lengths, values, None))
    };
    let mut columns: Vec<(String, ArrayRef)> = names
        .iter()
        .map(|name| ((*name).to_string(), list()))
        .collect();
    let words: Vec<String> = (0..lists.len()).map(|i| format!("word {i}")).collect();
    columns.push(("caption".into(), Arc::new(StringArray::from(words))));
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays)?;
    let mut writer = ArrowWriter::try_new(File::create(path)?, schema, None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

fn refused(path: &Path, column: Option<&str>) -> String {
    match EmbeddingTable::open(path, column) {
        Err(Error::Usage(problem)) => problem,
        Err(other) => panic!("{other}: not for the user to mend"),
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn tables_of_other_programs_are_read() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("clip.parquet");
    let lists: [&[f64]; 3] = [&[1.0, 2.0], &[3.0, 4.5], &[-1.0, 0.0]];
    foreign(&path, &["image_features"], &lists)?;
    let table = EmbeddingTable::open(&path, None)?;
    assert_eq!(&table.read(0..3)?[..], [1.0, 2.0, 3.0, 4.5, -1.0, 0.0]);
    assert_eq!((table.id(2), table.class(2)), ("2", None));
    assert!(
        table.notes()[0].contains("has no ids"),
        "{:?}",
        table.notes()
    );
    foreign(&path, &["a", "b"], &lists)?;
    let problem = refused(&path, None);
    assert!(
        problem.contains("choose one of its columns with --column: a, b"),
        "{problem}"
    );
    assert_eq!(EmbeddingTable::open(&path, Some("b"))?.rows(), 3);
    assert!(refused(&path, Some("c")).contains("has no embeddings `c`"));
    foreign(&path, &[], &lists)?;
    assert!(refused(&path, None).contains("no column of lists of numbers"));
    Ok(())
}

#[test]
fn ragged_rows_and_numbers_that_are_none_are_named() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("t.parquet");
    foreign(&path, &["e"], &[&[1.0, 2.0], &[3.0, 4.0], &[5.0]])?;
    let problem = refused(&path, None);
    assert!(
        problem.contains("row 2 has an embedding of 1 numbers where those before it have 2"),
        "{problem}"
    );
    foreign(&path, &["e"], &[&[1.0, 2.0], &[3.0, f64::NAN]])?;
    let problem = refused(&path, None);
    assert!(problem.contains("row 1 holds NaN"), "{problem}");
    foreign(&path, &["e"], &[])?;
    assert!(refused(&path, None).contains("holds no embedding"));
    let other = folder.path().join("t.csv");
    std::fs::write(&other, "id,e0\na,1\n")?;
    assert!(refused(&other, None).contains(".parquet, .npy and .safetensors are read"));
    let missing = EmbeddingTable::open(&folder.path().join("none.npy"), None).err();
    assert!(missing.is_some_and(|e| e.to_string().contains("is not there")));
    Ok(())
}

#[test]
fn a_truncated_file_is_said_to_be_one() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for extension in ["parquet", "npy", "safetensors"] {
        let path = folder.path().join("table").with_extension(extension);
        write(&path, &clouds(50, 8, 2, 0.1));
        let bytes = std::fs::read(&path)?;
        for length in [0, 5, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length])?;
            let error = EmbeddingTable::open(&path, None)
                .err()
                .map(|e| e.to_string());
            let error = error.unwrap_or_else(|| panic!("{extension} of {length} bytes was read"));
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
    }
    Ok(())
}
