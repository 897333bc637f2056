//! Which columns of a Parquet file hold the images and the labels, and what its metadata say of them.

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use arrow::datatypes::{DataType, Schema};

/// A label column: its leaf and its name.
type Label = Option<(usize, String)>;

/// Leaf columns of the image bytes and of the label.
pub(super) fn columns(metadata: &ArrowReaderMetadata) -> Result<(usize, Label), String> {
    let schema = metadata.schema();
    let leaf = |path: &[&str]| {
        let columns = metadata.parquet_schema().columns();
        columns
            .iter()
            .position(|column| column.path().parts() == path)
    };
    let image_of = |name: &str| match schema.field_with_name(name).ok()?.data_type() {
        DataType::Struct(fields) => {
            let bytes = fields.iter().find(|field| field.name() == "bytes")?;
            is_binary(bytes.data_type()).then(|| leaf(&[name, "bytes"]))?
        }
        kind => is_binary(kind).then(|| leaf(&[name]))?,
    };
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    let image = ["image", "img"]
        .into_iter()
        .chain(names())
        .find_map(image_of);
    let Some(image) = image else {
        let names: Vec<_> = names().collect();
        return Err(format!(
            "no image column: none of {} is a struct with `bytes`, or binary; this is not the Hugging Face image layout",
            names.join(", ")
        ));
    };
    let label_of = |name: &str| {
        let field = schema.field_with_name(name).ok()?;
        let leaf = field.data_type().is_integer().then(|| leaf(&[name]))??;
        Some((leaf, name.to_string()))
    };
    let known = [
        "label",
        "labels",
        "fine_label",
        "class",
        "target",
        "coarse_label",
    ];
    let described = names().filter(|name| !class_names(schema, name).is_empty());
    Ok((image, known.into_iter().chain(described).find_map(label_of)))
}

fn is_binary(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// Class names of a label column from the `huggingface` metadata; empty when it has none.
pub(super) fn class_names(schema: &Schema, label: &str) -> Vec<String> {
    let names = || {
        let text = schema.metadata().get("huggingface")?;
        let info: serde_json::Value = serde_json::from_str(text).ok()?;
        let names = &info["info"]["features"][label]["names"];
        // Either a list, or a map from the number to the name.
        let name = |value: &serde_json::Value| value.as_str().map(String::from);
        match names {
            serde_json::Value::Array(list) => list.iter().map(name).collect(),
            serde_json::Value::Object(map) => (0..map.len())
                .map(|i| name(map.get(&i.to_string())?))
                .collect(),
            _ => None,
        }
    };
    names().unwrap_or_default()
}
