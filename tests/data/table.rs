//! Tables of the three formats, whole and broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use ravine::data::table::{CONSTANT, ColumnScale, Layout, Tables, open, open_part, read};
use ravine::data::{DataConfig, Part};

use crate::tiny::write;

pub(crate) fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

pub(crate) fn at(path: &Path, x: Option<&[&str]>, y: &[&str], label: Option<&str>) -> DataConfig {
    DataConfig {
        source: path.display().to_string(),
        x: x.map(names),
        y: names(y),
        label: label.map(String::from),
        ..DataConfig::default()
    }
}

/// The message of a table that must be refused with `code`, checked to name the file.
pub(crate) fn refused(config: &DataConfig, code: u8) -> String {
    let problem = open(config, 0).err().expect("must be refused");
    assert_eq!(problem.exit_code(), code, "{problem}");
    problem.to_string()
}

/// `a` is 0..rows, `b` its double and `kind` its parity.
pub(crate) fn csv(rows: usize) -> String {
    let lines = (0..rows).map(|i| format!("{i},{},{}\n", 2 * i, ["even", "odd"][i % 2]));
    std::iter::once("a,b,kind\n".to_string())
        .chain(lines)
        .collect()
}

pub(crate) fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

pub(crate) fn npy(descr: &str, order: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let text = format!("{text:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((text.len() as u16).to_le_bytes());
    file.extend(text.bytes());
    file.extend(bytes);
    file
}

pub(crate) fn le(values: impl IntoIterator<Item = f64>) -> Vec<u8> {
    values.into_iter().flat_map(f64::to_le_bytes).collect()
}

/// A folder and a file in it.
pub(crate) fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

#[test]
fn the_three_formats_hold_the_same_table() {
    let (folder, path) = place("rows.csv");
    write(&path, csv(50).as_bytes());
    let other = folder.path().join("rows.parquet");
    let count = |factor: i32| Arc::new(Int32Array::from_iter_values((0..50).map(|i| i * factor)));
    parquet(&other, vec![("a", count(1)), ("b", count(2))]);
    let matrix = folder.path().join("rows.npy");
    let rows = (0..50).flat_map(|i| [f64::from(i), f64::from(2 * i)]);
    write(&matrix, &npy("<f8", "False", "(50, 2)", &le(rows)));
    let turned = folder.path().join("turned.npy");
    let columns = (0..50).chain((0..50).map(|i| 2 * i)).map(f64::from);
    write(&turned, &npy("<f8", "True", "(50, 2)", &le(columns)));
    let config = at(&path, Some(&["a"]), &["b"], None);
    assert!(config.is_table());
    let expected = open(&config, 5).unwrap();
    for (path, x, y) in [(&other, "a", "b"), (&matrix, "0", "1"), (&turned, "0", "1")] {
        let tables = open(&at(path, Some(&[x]), &[y], None), 5).unwrap();
        assert_eq!(tables.train.x, expected.train.x, "{}", path.display());
        assert_eq!(tables.train.y, expected.train.y, "{}", path.display());
        assert_eq!(tables.scales, expected.scales, "{}", path.display());
    }
    let tsv = folder.path().join("rows.tsv");
    write(&tsv, csv(50).replace(',', "\t").as_bytes());
    let tables = open(&at(&tsv, Some(&["a"]), &["b"], None), 5).unwrap();
    assert_eq!(tables.train, expected.train);
}

#[test]
fn parts_are_disjoint_complete_and_a_function_of_the_seed() {
    let (_folder, path) = place("rows.csv");
    write(&path, csv(100).as_bytes());
    let config = DataConfig {
        standardize: Some(false),
        ..at(&path, None, &["b"], Some("kind"))
    };
    let tables = open(&config, 1).unwrap();
    let parts =
        |tables: &Tables| [&tables.train, &tables.validation, &tables.test].map(Clone::clone);
    assert_eq!(parts(&tables).map(|part| part.len()), [72, 8, 20]);
    assert_eq!(tables.train.x_names, ["a"]);
    assert_eq!(tables.train.classes, ["even", "odd"]);
    let mut every: Vec<f32> = parts(&tables)
        .iter()
        .flat_map(|part| part.x.clone())
        .collect();
    every.sort_by(f32::total_cmp);
    assert_eq!(every, (0..100).map(|i| i as f32).collect::<Vec<_>>());
    for part in parts(&tables) {
        let labels = part.labels.unwrap();
        assert_eq!(labels.iter().filter(|&&l| l == 1).count() * 2, labels.len());
        for (i, label) in labels.into_iter().enumerate() {
            assert_eq!(part.y[i], 2.0 * part.x[i]);
            assert_eq!(label, part.x[i] as u32 % 2);
        }
    }
    assert_eq!(parts(&tables), parts(&open(&config, 1).unwrap()));
    assert_ne!(parts(&tables), parts(&open(&config, 2).unwrap()));
    let all = open_part(&config, 1, Part::All).unwrap();
    assert_eq!((all.len(), all.labels.unwrap().len()), (100, 100));
}

#[test]
fn files_are_standardized_by_their_training_part_and_led_back() {
    let (_folder, path) = place("rows.csv");
    write(&path, csv(100).as_bytes());
    let tables = open(&at(&path, Some(&["a"]), &["b"], None), 0).unwrap();
    let moments = |values: &[f32]| {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>();
        (mean, square / values.len() as f32)
    };
    let (mean, variance) = moments(&tables.train.x);
    assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5);
    assert!(
        moments(&tables.test.x).0.abs() > 1e-4,
        "not by the test part"
    );
    let back = tables.scales.y.invert(&tables.test.y);
    let x = tables.scales.x.invert(&tables.test.x);
    for (y, x) in back.iter().zip(&x) {
        assert!((y - 2.0 * x).abs() < 1e-4, "{y} {x}");
        assert!((x - x.round()).abs() < 1e-4);
    }
    let text = serde_json::to_string(&tables.scales).unwrap();
    let again: ravine::data::table::Scales = serde_json::from_str(&text).unwrap();
    assert_eq!(again, tables.scales);
    let wrong = tables.scales.x.apply(&[1.0, 2.0], &names(&["a", "b"]));
    assert!(wrong.unwrap_err().to_string().contains("2 columns (a, b)"));
}

#[test]
fn large_offsets_and_constant_columns_survive_standardizing() {
    let (_folder, path) = place("rows.csv");
    let lines = (0..40).map(|i| format!("{},7,{i}\n", 1_700_000_000_u64 + i));
    let text: String = std::iter::once("time,same,y\n".to_string())
        .chain(lines)
        .collect();
    write(&path, text.as_bytes());
    let tables = open(&at(&path, None, &["y"], None), 0).unwrap();
    for row in tables.train.x.chunks(2).zip(&tables.train.y) {
        assert!(
            (row.0[0] - row.1).abs() < 1e-5,
            "seconds are not lost to rounding"
        );
        assert_eq!(row.0[1], 0.0);
    }
    assert_eq!(tables.scales.x.std[1], 1.0);
}

#[test]
fn without_input_x_is_a_column_of_ones() {
    let (_folder, path) = place("rows.csv");
    write(&path, csv(30).as_bytes());
    let tables = open(&at(&path, Some(&[]), &["a", "b"], None), 0).unwrap();
    assert!(tables.train.is_unconditional());
    assert_eq!((tables.train.x_dim(), tables.train.y_dim()), (1, 2));
    assert!(tables.test.x.iter().all(|&x| x == 1.0));
    assert_eq!(tables.train.x_names, [CONSTANT]);
    assert_eq!(tables.scales.x, ColumnScale::identity(1));
}

#[test]
fn classes_are_ordered_as_numbers_where_they_are_numbers() {
    let (_folder, path) = place("rows.csv");
    let lines = (0..60).map(|i| format!("{i},{}\n", [10, 9, 2][i % 3]));
    let text: String = std::iter::once("a,kind\n".to_string())
        .chain(lines)
        .collect();
    write(&path, text.as_bytes());
    let table = open_part(&at(&path, None, &[], Some("kind")), 0, Part::All).unwrap();
    assert_eq!(table.classes, ["2", "9", "10"]);
    assert_eq!((table.y_dim(), table.len()), (0, 60));
}

#[test]
fn rows_to_ask_about_need_no_answer() {
    let (_folder, path) = place("rows.csv");
    write(&path, b"c, a\n1, 5\n2, 6\n");
    let layout = Layout {
        x: Some(names(&["a"])),
        ..Layout::default()
    };
    let rows = read(&path, &layout).unwrap();
    assert_eq!(
        (rows.x.as_slice(), rows.y.len()),
        ([5.0, 6.0].as_slice(), 0)
    );
}

#[test]
fn a_parquet_table_has_classes_in_words_and_columns_in_any_order() {
    let (_folder, path) = place("rows.parquet");
    let column = |factor: i32| Arc::new(Int32Array::from_iter_values((0..40).map(|i| i * factor)));
    let words = ["cat", "dog"].into_iter().cycle().take(40);
    let words = Arc::new(StringArray::from_iter_values(words));
    parquet(
        &path,
        vec![
            ("one", column(1)),
            ("kind", words),
            ("two", column(2)),
            ("three", column(3)),
        ],
    );
    let config = DataConfig {
        standardize: Some(false),
        ..at(&path, Some(&["three", "one"]), &["two"], Some("kind"))
    };
    let table = open_part(&config, 0, Part::All).unwrap();
    assert_eq!(table.classes, ["cat", "dog"]);
    for i in 0..table.len() {
        let (x, y) = (table.x_row(i), table.y_row(i));
        assert_eq!((x[0], y[0]), (3.0 * x[1], 2.0 * x[1]));
        assert_eq!(table.labels.as_ref().unwrap()[i], x[1] as u32 % 2);
    }
}

#[test]
fn an_index_that_pandas_wrote_is_named_and_left_out_unless_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    for (index, said) in [
        ("", "the first column, which has no name,"),
        ("Unnamed: 0", "column `Unnamed: 0`"),
        ("Unnamed: 0.1", "column `Unnamed: 0.1`"),
        ("__index_level_0__", "column `__index_level_0__`"),
    ] {
        let path = dir.path().join("rows.csv");
        let lines = (0..40).map(|i| format!("{i},{},{}\n", i % 7, i % 5));
        let text: String = std::iter::once(format!("{index},a,b\n"))
            .chain(lines)
            .collect();
        write(&path, text.as_bytes());
        let tables = open(&at(&path, None, &["b"], None), 0).unwrap();
        assert_eq!(tables.train.x_names, ["a"]);
        let [note] = &tables.notes[..] else {
            panic!("{:?}", tables.notes);
        };
        assert!(note.contains(said) && note.contains("`data.x`"), "{note}");
        let asked = open(&at(&path, Some(&[index, "a"]), &["b"], None), 0).unwrap();
        assert_eq!(asked.train.x_names, [index, "a"]);
        assert!(asked.notes.is_empty());
    }
    let path = dir.path().join("rows.parquet");
    let column =
        |step: i32| Arc::new(Int32Array::from_iter_values((0..40).map(|i| i / step))) as ArrayRef;
    parquet(
        &path,
        vec![
            ("a", column(3)),
            ("b", column(2)),
            ("__index_level_0__", column(1)),
        ],
    );
    let tables = open(&at(&path, None, &["b"], None), 0).unwrap();
    assert_eq!((tables.train.x_names.len(), tables.notes.len()), (1, 1));
}
