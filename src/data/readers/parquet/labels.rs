//! The classes of the images of one shard: numbers, truth values or words, from a column or from the folder's name.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::columns::is_text;

/// Above this a number is no class; it bounds the list of class names.
const MAX_CLASSES: i64 = 1 << 20;

/// Stands for an image without a label.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// What a folder of a partitioned table is called where the value is missing.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The class of each image of a shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Labels {
    /// Numbers of classes, or places in `words`; [`UNKNOWN`] where an image has none.
    pub(super) codes: Vec<u32>,
    /// The names that stand in the column; `None` where it holds numbers.
    pub(super) words: Option<Vec<String>>,
}

impl Labels {
    /// Whether no image has a label.
    pub(super) fn are_unknown(&self) -> bool {
        self.codes.iter().all(|&code| code == UNKNOWN)
    }

    /// Give the classes called `self.words` their places in `classes`, which holds all of them.
    pub(super) fn renumber(&mut self, classes: &[String]) {
        let Some(words) = &mut self.words else {
            return;
        };
        let places: HashMap<&String, u32> = classes.iter().zip(0..).collect();
        let new: Vec<u32> = words
            .iter()
            .map(|word| places.get(word).copied().unwrap_or(UNKNOWN))
            .collect();
        for code in self.codes.iter_mut().filter(|code| **code != UNKNOWN) {
            *code = new[*code as usize];
        }
        *words = classes.to_vec();
    }
}

/// Labels under construction.
#[derive(Default)]
pub(super) struct Collected {
    labels: Labels,
    places: HashMap<String, u32>,
    /// What is no class, and why: such a column is refused when it was asked for, and no label otherwise.
    pub(super) no_class: Option<String>,
}

impl Collected {
    /// Append a piece of the column.
    pub(super) fn add(&mut self, column: &ArrayRef) -> Result<(), String> {
        let kind = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            kind => kind.clone(),
        };
        let to = |kind: &DataType| cast(column, kind).map_err(|e| format!("labels: {e}"));
        if is_text(&kind) {
            let words = to(&DataType::LargeUtf8)?;
            let words = words.as_string::<i64>().iter();
            return words.into_iter().try_for_each(|word| self.word(word));
        }
        if kind.is_floating() {
            let numbers = to(&DataType::Float64)?;
            for number in numbers.as_primitive::<Float64Type>() {
                let mut number = number.filter(|number| !number.is_nan()); // as pandas writes what is missing
                if let Some(broken) =
                    number.take_if(|number| number.fract() != 0.0 || number.is_infinite())
                {
                    self.no_class = Some(format!("{broken} is no class"));
                }
                self.number(number.map(|number| number as i64))?;
            }
            return Ok(());
        }
        if kind == DataType::Boolean {
            self.labels.words.get_or_insert_with(truth_values);
            let values = to(&DataType::Boolean)?;
            let codes = values.as_boolean().iter();
            let codes = codes.map(|value| value.map_or(UNKNOWN, u32::from));
            self.labels.codes.extend(codes);
            return Ok(());
        }
        let numbers = to(&DataType::Int64)?;
        let mut numbers = numbers.as_primitive::<Int64Type>().iter();
        numbers.try_for_each(|number| self.number(number))
    }

    fn number(&mut self, number: Option<i64>) -> Result<(), String> {
        self.labels.codes.push(match number {
            Some(label) if label > MAX_CLASSES => {
                return Err(format!("{label} is too large for a class number"));
            }
            Some(label) if label >= 0 => label as u32,
            _ => UNKNOWN,
        });
        Ok(())
    }

    fn word(&mut self, word: Option<&str>) -> Result<(), String> {
        let words = self.labels.words.get_or_insert_default();
        let Some(word) = word.filter(|word| !word.is_empty()) else {
            self.labels.codes.push(UNKNOWN);
            return Ok(());
        };
        let code = match self.places.get(word) {
            Some(&code) => code,
            None if words.len() as i64 > MAX_CLASSES => {
                return Err(format!(
                    "labels: more than {MAX_CLASSES} different names are no classes"
                ));
            }
            None => {
                let code = words.len() as u32;
                words.push(word.to_string());
                self.places.insert(word.to_string(), code);
                code
            }
        };
        self.labels.codes.push(code);
        Ok(())
    }

    /// The labels of `rows` images.
    pub(super) fn finish(self, rows: usize) -> Result<Labels, String> {
        let found = self.labels.codes.len();
        if found != rows {
            return Err(format!("{found} labels for {rows} images"));
        }
        Ok(self.labels)
    }
}

fn truth_values() -> Vec<String> {
    ["false", "true"].map(String::from).to_vec()
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
