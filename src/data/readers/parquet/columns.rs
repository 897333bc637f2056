//! Which columns of a Parquet file hold the images and the labels, and what its metadata say of them.

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use arrow_schema::{DataType, Schema};

/// Names that a column of classes usually has.
pub(super) const LABELS: [&str; 6] = [
    "label",
    "labels",
    "fine_label",
    "class",
    "target",
    "coarse_label",
];

/// Leaf columns of the encoded images and, where they may lie on disk, of their paths.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImageColumns {
    pub(super) bytes: usize,
    pub(super) path: Option<usize>,
}

/// A column of labels.
#[derive(Clone, Debug)]
pub(super) struct LabelColumn {
    pub(super) leaf: usize,
    pub(super) name: String,
    /// Whether it holds lists of labels.
    pub(super) several: bool,
}

/// Where the leaf at `path` stands among all leaf columns.
fn leaf(metadata: &ArrowReaderMetadata, path: &[&str]) -> Option<usize> {
    let columns = metadata.parquet_schema().columns();
    columns
        .iter()
        .position(|column| column.path().parts() == path)
}

/// The names of all columns.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    let fields = schema.fields().iter();
    fields.map(|field| field.name().clone()).collect()
}

/// The column of images.
pub(super) fn image_columns(metadata: &ArrowReaderMetadata) -> Result<ImageColumns, String> {
    let schema = metadata.schema();
    let image_of = |name: &str| match schema.field_with_name(name).ok()?.data_type() {
        DataType::Struct(fields) => {
            let child = |wanted: &str| fields.iter().find(|field| field.name() == wanted);
            let path = child("path").filter(|field| is_text(field.data_type()));
            let path = path.and_then(|_| leaf(metadata, &[name, "path"]));
            let bytes = child("bytes")?.data_type();
            // Pictures that all lie on disk may leave a column of nulls.
            let usable = is_binary(bytes) || (*bytes == DataType::Null && path.is_some());
            let bytes = usable.then(|| leaf(metadata, &[name, "bytes"]))??;
            Some(ImageColumns { bytes, path })
        }
        kind => {
            let bytes = is_binary(kind).then(|| leaf(metadata, &[name]))??;
            Some(ImageColumns { bytes, path: None })
        }
    };
    let names = names(schema);
    let first = ["image", "img"].into_iter();
    let mut candidates = first.chain(names.iter().map(String::as_str));
    candidates.find_map(image_of).ok_or_else(|| {
        format!(
            "no image column: none of {} is a struct with `bytes`, or binary; this is not the Hugging Face image layout",
            names.join(", ")
        )
    })
}

/// The column of labels: that called `wanted`, or without a wish one of the usual names, or one whose classes the
/// metadata name. Columns of integers are preferred.
pub(super) fn label_column(
    metadata: &ArrowReaderMetadata,
    wanted: Option<&str>,
) -> Result<Option<LabelColumn>, String> {
    let schema = metadata.schema();
    let column = |name: &str| {
        let several = is_list(schema.field_with_name(name).ok()?.data_type());
        let columns = metadata.parquet_schema().columns();
        let of_lists = || {
            columns
                .iter()
                .position(|c| c.path().parts().first().is_some_and(|own| own == name))
        };
        let leaf = if several {
            of_lists()
        } else {
            leaf(metadata, &[name])
        };
        Some(LabelColumn {
            leaf: leaf?,
            name: name.to_string(),
            several,
        })
    };
    if let Some(wanted) = wanted {
        let Ok(field) = schema.field_with_name(wanted) else {
            return Ok(None);
        };
        let kind = field.data_type();
        let found = column(wanted).filter(|_| is_class(kind) || is_list(kind));
        return match found {
            Some(found) => Ok(Some(found)),
            None => Err(format!(
                "`data.label`: column `{wanted}` holds {}, which is no class; name a column of integers, words, \
                 truth values, or lists of them",
                field.data_type()
            )),
        };
    }
    let usual = usual(schema);
    let of_kind = |fits: fn(&DataType) -> bool| {
        let mut fitting = usual.iter().filter(|name| {
            let field = schema.field_with_name(name);
            field.is_ok_and(|field| fits(field.data_type()))
        });
        fitting.find_map(|name| column(name))
    };
    let one = of_kind(DataType::is_integer).or_else(|| of_kind(is_class));
    Ok(one.or_else(|| of_kind(is_list)))
}

/// The columns that may hold labels: those with one of the usual names, then those whose classes the metadata name.
fn usual(schema: &Schema) -> Vec<String> {
    let described = names(schema).into_iter();
    let described = described.filter(|name| !class_names(schema, name).is_empty());
    LABELS
        .into_iter()
        .map(String::from)
        .chain(described)
        .collect()
}

/// A column that is called as labels usually are and whose values are no classes, as a sentence; `None` without one.
pub(super) fn unused_labels(schema: &Schema) -> Option<String> {
    let usual = usual(schema).into_iter();
    let mut columns = usual.filter_map(|name| schema.field_with_name(&name).ok().cloned());
    let unused = |kind: &DataType| !is_class(kind) && !is_list(kind);
    let column = columns.find(|column| unused(column.data_type()))?;
    Some(format!(
        "the column `{}` holds {}, which is no class: these images have no label; name a column of classes in \
         `data.label` where there is one",
        column.name(),
        column.data_type()
    ))
}

fn is_class(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_class(values),
        DataType::Boolean | DataType::Null => true,
        kind => kind.is_integer() || kind.is_floating() || is_text(kind),
    }
}

/// Whether a column holds lists of classes.
fn is_list(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_class(item.data_type())
        }
        _ => false,
    }
}

/// Whether a column holds words.
pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        kind => matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        ),
    }
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
        let feature = &info["info"]["features"][label];
        // Of lists, the names belong to what is in them; older files write a list of one for it.
        let places = [feature, &feature["feature"], &feature[0]];
        let names = places
            .into_iter()
            .map(|place| &place["names"])
            .find(|names| !names.is_null())?;
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
