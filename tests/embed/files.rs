//! Files of 16 bits, of several axes, and what they say of themselves, read back by other libraries than wrote them.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type};
use arrow_schema::DataType;
use candle_core::{DType, Device, Tensor};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ravine::eval::Features;
use ravine::eval::writers::{EmbeddingForm, WrittenPrecision, open_form};
use serde_json::{Value, json};

use super::common::Any;

/// Three embeddings of 2 tokens of 4 numbers.
fn rows() -> Features {
    Features {
        dim: 8,
        values: (0..24).map(|i| i as f32 / 7.0).collect(),
        ids: (0..3).map(|i| format!("{i}.png")).collect(),
        labels: vec![Some(1), Some(0), None],
        ..Features::default()
    }
}

fn form(precision: WrittenPrecision) -> EmbeddingForm {
    EmbeddingForm {
        shape: vec![2, 4],
        precision,
        about: Some(json!({ "layer": "norm", "grid": [1, 2] })),
    }
}

fn write(path: &Path, precision: WrittenPrecision) -> Result<(), Any> {
    let mut writer = open_form(path, &form(precision), &["a".into(), "b".into()], &[])?;
    writer.append(&rows())?;
    Ok(writer.finish()?)
}

fn close(found: &[f32], precision: WrittenPrecision) {
    let tolerance = match precision {
        WrittenPrecision::F32 => 0.0,
        WrittenPrecision::F16 => 1e-3,
    };
    for (a, b) in found.iter().zip(rows().values) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} {b}");
    }
    assert_eq!(found.len(), 24);
}

#[test]
fn tokens_and_halves_read_back_in_their_shape() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for precision in WrittenPrecision::ALL {
        let kind = match precision {
            WrittenPrecision::F32 => DType::F32,
            WrittenPrecision::F16 => DType::F16,
        };
        let path = folder.path().join("e.npy");
        write(&path, precision)?;
        let read = Tensor::read_npy(&path)?;
        assert_eq!((read.dims(), read.dtype()), (&[3, 2, 4][..], kind));
        close(
            &read.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?,
            precision,
        );

        let path = folder.path().join("e.safetensors");
        write(&path, precision)?;
        let read = &candle_core::safetensors::load(&path, &Device::Cpu)?["embeddings"];
        assert_eq!((read.dims(), read.dtype()), (&[3, 2, 4][..], kind));
        close(
            &read.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?,
            precision,
        );

        let path = folder.path().join("e.parquet");
        write(&path, precision)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?;
        let field = reader.schema().field_with_name("embedding")?.clone();
        // As pyarrow wants it, which else reads the numbers without their shape.
        let nulls =
            matches!(field.data_type(), DataType::FixedSizeList(item, 8) if item.is_nullable());
        assert!(nulls, "{field:?}");
        let said = |key: &str| field.metadata().get(key).cloned();
        assert_eq!(
            said("ARROW:extension:name").as_deref(),
            Some("arrow.fixed_shape_tensor")
        );
        assert_eq!(
            said("ARROW:extension:metadata").as_deref(),
            Some("{\"shape\":[2,4]}")
        );
        let batch = reader.build()?.next().expect("a batch")?;
        let list = batch
            .column_by_name("embedding")
            .expect("a column")
            .as_fixed_size_list();
        let found: Vec<f32> = match precision {
            WrittenPrecision::F32 => list
                .values()
                .as_primitive::<Float32Type>()
                .values()
                .to_vec(),
            WrittenPrecision::F16 => {
                let halves = list.values().as_primitive::<Float16Type>().values();
                halves.iter().map(|half| half.to_f32()).collect()
            }
        };
        close(&found, precision);
    }
    Ok(())
}

#[test]
fn what_they_are_stands_in_the_file_or_beside_it() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let about = form(WrittenPrecision::F32).about.expect("something");
    for extension in ["npy", "csv", "jsonl"] {
        let path = folder.path().join(format!("{extension}-file.{extension}"));
        write(&path, WrittenPrecision::F32)?;
        let said = std::fs::read_to_string(path.with_extension("embedding.json"))?;
        assert_eq!(serde_json::from_str::<Value>(&said)?, about);
    }
    let path = folder.path().join("e.safetensors");
    write(&path, WrittenPrecision::F32)?;
    let bytes = std::fs::read(&path)?;
    let length = u64::from_le_bytes(bytes[..8].try_into()?) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length])?;
    let said = header["__metadata__"]["ravine"].as_str().expect("a text");
    assert_eq!(serde_json::from_str::<Value>(said)?, about);
    let path = folder.path().join("e.parquet");
    write(&path, WrittenPrecision::F32)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?;
    let pairs = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .cloned();
    let said = pairs
        .unwrap_or_default()
        .into_iter()
        .find(|pair| pair.key == "ravine");
    let said = said.and_then(|pair| pair.value).expect("a text");
    assert_eq!(serde_json::from_str::<Value>(&said)?, about);
    let said = reader.schema().metadata().get("ravine").cloned();
    assert_eq!(
        serde_json::from_str::<Value>(&said.expect("a text"))?,
        about
    );
    assert!(!path.with_extension("embedding.json").exists());
    Ok(())
}

#[test]
fn halves_that_overflow_or_would_be_decimals_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for extension in ["csv", "jsonl"] {
        let path = folder.path().join(format!("e.{extension}"));
        let refused = open_form(&path, &form(WrittenPrecision::F16), &[], &[]);
        let said = refused.err().expect("decimals").to_string();
        assert!(said.contains("made of decimals"), "{said}");
    }
    let path = folder.path().join("e.npy");
    let mut writer = open_form(&path, &form(WrittenPrecision::F16), &[], &[])?;
    let mut large = rows();
    large.values[3] = 70_000.0;
    let said = writer.append(&large).expect_err("too large").to_string();
    assert!(said.contains("70000") && said.contains("65504"), "{said}");
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}
