//! The classes of the images of one shard: numbers, truth values or words, from a column or from the folder's name.

use std::path::Path;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_cast::cast;
use arrow_schema::DataType;

use super::columns::is_text;
use crate::data::readers::labels::{Collected, Labels, UNKNOWN};

/// What a folder of a partitioned table is called where the value is missing.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Append a piece of a column to what is `collected`.
pub(super) fn add(collected: &mut Collected, column: &ArrayRef) -> Result<(), String> {
    let kind = match column.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        kind => kind.clone(),
    };
    let to = |kind: &DataType| cast(column, kind).map_err(|e| format!("labels: {e}"));
    if is_text(&kind) {
        let words = to(&DataType::LargeUtf8)?;
        let mut words = words.as_string::<i64>().iter();
        return words.try_for_each(|word| collected.word(word));
    }
    if kind.is_floating() {
        let numbers = to(&DataType::Float64)?;
        for number in numbers.as_primitive::<Float64Type>() {
            let mut number = number.filter(|number| !number.is_nan()); // as pandas writes what is missing
            if let Some(broken) =
                number.take_if(|number| number.fract() != 0.0 || number.is_infinite())
            {
                collected.no_class = Some(format!("{broken} is no class"));
            }
            collected.number(number.map(|number| number as i64))?;
        }
        return Ok(());
    }
    if kind == DataType::Boolean {
        let names = ["false", "true"];
        for name in names {
            collected.place(name)?; // both are classes, also where one does not occur
        }
        let values = to(&DataType::Boolean)?;
        let mut values = values.as_boolean().iter();
        return values
            .try_for_each(|value| collected.word(value.map(|value| names[usize::from(value)])));
    }
    let numbers = to(&DataType::Int64)?;
    let mut numbers = numbers.as_primitive::<Int64Type>().iter();
    numbers.try_for_each(|number| collected.number(number))
}

/// What a piece of a column of lists says of its rows: words, or numbers by the `names` of the classes where there are some.
pub(super) fn lists(
    column: &ArrayRef,
    names: &[String],
) -> Result<Vec<Option<Vec<String>>>, String> {
    let lists = cast(column, &DataType::new_large_list(DataType::LargeUtf8, true));
    let lists = lists.map_err(|e| format!("labels: {e}"))?;
    let lists = lists.as_list::<i64>();
    let named = |word: &str| {
        let number: Option<usize> = word.parse().ok().filter(|_| !names.is_empty());
        match number.map(|number| names.get(number)) {
            Some(Some(name)) => Ok(name.clone()),
            Some(None) => Err(format!(
                "label {word} does not fit the {} class names of its metadata",
                names.len()
            )),
            None => Ok(word.to_string()),
        }
    };
    let words = |list: ArrayRef| {
        let words = list.as_string::<i64>().iter().flatten().map(named);
        words.collect::<Result<Vec<String>, String>>()
    };
    let rows = lists.iter().map(|list| list.map(words).transpose());
    rows.collect()
}

/// Name and value of a folder `name=value` of a partitioned table.
pub(super) fn hive(folder: &str) -> Option<(&str, String)> {
    let (name, value) = folder.split_once('=')?;
    (!name.is_empty()).then(|| (name, unescaped(value)))
}

/// `%20` and the like as the characters that they stand for.
fn unescaped(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The label that the folders of `path` give to all of its `rows` images: that of the folder `wanted=…`, or without a
/// wish of `label=…` and the like. Its key stands beside it.
pub(super) fn of_folders(
    path: &Path,
    wanted: Option<&str>,
    usual: &[&str],
    rows: usize,
) -> Result<Option<(Labels, String)>, String> {
    let folders = path.ancestors().skip(1).filter_map(Path::file_name);
    let mut values = folders.filter_map(|folder| hive(folder.to_str()?));
    let is_label = |key: &str| wanted.map_or(usual.contains(&key), |wanted| wanted == key);
    let Some((key, value)) = values.find(|(key, _)| is_label(key)) else {
        return Ok(None);
    };
    let mut one = Collected::default();
    match value.parse::<i64>() {
        Ok(number) => one.number(Some(number))?,
        Err(_) => one.word(Some(value.as_str()).filter(|value| *value != HIVE_NULL))?,
    }
    let mut labels = one.finish(1)?;
    if labels.codes == [UNKNOWN] {
        labels.words = None; // neither a number nor a word
    }
    labels.codes.resize(rows, labels.codes[0]);
    labels.codes.truncate(rows);
    Ok(Some((labels, key.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_partitioned_table_name_a_class() {
        let of = |path: &str, wanted| of_folders(Path::new(path), wanted, &["label"], 2).unwrap();
        let (labels, key) = of("set/label=3/part-0.parquet", None).unwrap();
        assert_eq!(
            (labels.codes, labels.words, key.as_str()),
            (vec![3, 3], None, "label")
        );
        let (labels, _) = of("set/kind=big%20cat/part-0.parquet", Some("kind")).unwrap();
        assert_eq!(
            (labels.codes, labels.words),
            (vec![0, 0], Some(vec!["big cat".into()]))
        );
        let (labels, _) = of("set/label=__HIVE_DEFAULT_PARTITION__/a.parquet", None).unwrap();
        assert_eq!((labels.codes, labels.words), (vec![UNKNOWN; 2], None));
        assert_eq!(of("set/year=3/part-0.parquet", None), None);
        assert_eq!(unescaped("50%_%zz%4"), "50%_%zz%4");
    }
}
