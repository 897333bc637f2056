//! Lists of pictures: paths in a table, with labels, parts and further columns.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, ListArray, StringArray};
use parquet::arrow::ArrowWriter;
use ravine::data::{DataConfig, Dataset, ReaderKind, open};

use crate::tiny::*;

/// `pictures/00.png` … below `root`.
fn pictures(root: &Path, count: usize) {
    for i in 0..count {
        write(&root.join(format!("pictures/{i:02}.png")), &png(i));
    }
}

fn ids(set: &Arc<dyn Dataset>) -> Vec<String> {
    (0..set.len()).map(|i| set.id(i)).collect()
}

fn labels(set: &Arc<dyn Dataset>) -> Vec<Option<u32>> {
    (0..set.len()).map(|i| set.label(i)).collect()
}

fn cells(set: &Arc<dyn Dataset>, column: &str) -> Vec<Option<String>> {
    let names = set.metadata();
    let place = names.iter().position(|name| name == column);
    let place = place.unwrap_or_else(|| panic!("{column} among {names:?}"));
    let cell = |i| set.cell(i, place).map(String::from);
    (0..set.len()).map(cell).collect()
}

fn some(words: &[&str]) -> Vec<Option<String>> {
    let word = |word: &&str| (!word.is_empty()).then(|| (*word).to_string());
    words.iter().map(word).collect()
}

/// The list `name` of `text` beside 8 pictures.
fn list(name: &str, text: &str) -> (tempfile::TempDir, DataConfig) {
    let dir = tempfile::tempdir().unwrap();
    pictures(dir.path(), 8);
    let path = dir.path().join(name);
    write(&path, text.as_bytes());
    let config = at(&path);
    (dir, config)
}

#[test]
fn the_same_list_is_read_from_every_format() {
    let csv = "file_name,label,camera\npictures/02.png,dog,a\npictures/00.png,cat,\npictures/01.png,,\"b, c\"\n";
    let jsonl = r#"{"file_name": "pictures/02.png", "label": "dog", "camera": "a"}
{"label": "cat", "file_name": "pictures/00.png"}

{"file_name": "pictures/01.png", "camera": "b, c", "label": null}
"#;
    for (name, text) in [
        ("a.csv", csv.to_string()),
        ("a.CSV", format!("\u{feff}{csv}")),
        (
            "a.tsv",
            csv.replace("\"b, c\"", "b. c")
                .replace(',', "\t")
                .replace("b. c", "b, c"),
        ),
        ("a.jsonl", jsonl.to_string()),
    ] {
        let (_dir, config) = list(name, &text);
        assert!(!config.is_table(), "{name}");
        let set = all(&config).unwrap();
        assert_eq!(
            ids(&set),
            ["pictures/02.png", "pictures/00.png", "pictures/01.png"],
            "{name}"
        );
        assert_eq!(set.classes(), ["cat", "dog"], "{name}");
        assert_eq!(labels(&set), [Some(1), Some(0), None], "{name}");
        assert_eq!(set.metadata(), ["camera"], "{name}");
        assert_eq!(cells(&set, "camera"), some(&["a", "", "b, c"]), "{name}");
        assert_eq!(set.get(0).unwrap(), picture(2, 6, 5, 3), "{name}");
        assert!(set.notes().is_empty(), "{:?}", set.notes());
    }
}

#[test]
fn a_list_in_parquet_keeps_numbers_and_lists_as_text() {
    let dir = tempfile::tempdir().unwrap();
    pictures(dir.path(), 3);
    let tags = [Some(vec![Some(1), Some(2)]), None, Some(vec![])];
    let columns: [(&str, ArrayRef); 4] = [
        (
            "image_path",
            Arc::new(StringArray::from(vec![
                "pictures/00.png",
                "pictures/01.png",
                "pictures/02.png",
            ])),
        ),
        (
            "target",
            Arc::new(Int64Array::from(vec![Some(10), Some(2), None])),
        ),
        (
            "tags",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(tags)),
        ),
        (
            "age",
            Arc::new(Int64Array::from(vec![Some(7), None, Some(-1)])),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = dir.path().join("list.parquet");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let set = all(&at(&path)).unwrap();
    assert_eq!(set.classes(), ["2", "10"]);
    assert_eq!(labels(&set), [Some(1), Some(0), None]);
    assert_eq!(cells(&set, "age"), some(&["7", "", "-1"]));
    assert_eq!(cells(&set, "tags"), some(&["[1, 2]", "", "[]"]));
    let mut config = at(&path);
    config.label = Some("tags".into());
    assert!(!config.is_table());
    let set = all(&config).unwrap();
    assert!(labels(&set).iter().all(Option::is_none));
    assert_eq!(set.tag_names(), ["1", "2"]);
    let tags: Vec<_> = (0..3).map(|row| set.tags(row)).collect();
    assert_eq!(tags, [Some(&[0, 1][..]), None, Some(&[][..])]);
    assert_eq!(set.metadata(), ["target", "age"]);
}

#[test]
fn a_line_of_a_text_file_is_a_path_and_perhaps_a_label() {
    let (dir, config) = list(
        "list.txt",
        "pictures/03.png 1\npictures/01.png 0\n\npictures/my cat.png 1\npictures/02.png -1\n",
    );
    write(&dir.path().join("pictures/my cat.png"), &png(9));
    let set = all(&config).unwrap();
    assert_eq!(set.id(2), "pictures/my cat.png");
    assert_eq!(
        (set.classes(), labels(&set)),
        (
            &["0".into(), "1".into()][..],
            vec![Some(1), Some(0), Some(1), None]
        )
    );
    write(
        &dir.path().join("list.txt"),
        b"pictures/01.png\tbig cat\npictures/my cat.png\tdog\n",
    );
    let set = all(&config).unwrap();
    assert_eq!(
        (set.classes(), labels(&set)),
        (
            &["big cat".into(), "dog".into()][..],
            vec![Some(0), Some(1)]
        )
    );
    write(
        &dir.path().join("list.txt"),
        b"pictures/01.png\npictures/my cat.png\n",
    );
    let set = all(&config).unwrap();
    assert_eq!((set.len(), set.classes().len()), (2, 0));
}

#[test]
fn a_column_of_parts_splits_the_list() {
    let mut text = "path,Label,split\n".to_string();
    for i in 0..8 {
        let part = [
            "train", "train", "train", "val", "test", "TEST", "extra", "",
        ][i];
        text.extend([format!("pictures/{i:02}.png,{},{part}\n", i % 2)]);
    }
    let (_dir, config) = list("list.csv", &text);
    let splits = open(&config).unwrap();
    assert_eq!(ids(&splits.validation), ["pictures/03.png"]);
    assert_eq!(ids(&splits.test), ["pictures/04.png", "pictures/05.png"]);
    assert_eq!((splits.train.len(), splits.classes.len()), (5, 2));
    assert!(splits.train.metadata().is_empty());
    let notes = splits.notes().concat();
    assert!(
        notes.contains("2 rows have no part") && notes.contains("`extra`"),
        "{notes}"
    );
}

#[test]
fn paths_may_be_absolute_climb_and_repeat() {
    let dir = tempfile::tempdir().unwrap();
    pictures(dir.path(), 2);
    let absolute = dir.path().join("pictures/00.png");
    let absolute = absolute.to_str().unwrap();
    let up = "../pictures/01.png";
    let path = dir.path().join("lists/mine.csv");
    write(
        &path,
        format!("whatever,n\n{absolute},1\n{up},2\n{up},3\n").as_bytes(),
    );
    let set = all(&at(&path)).unwrap();
    assert_eq!(ids(&set), [absolute, up, "../pictures/01.png (2)"]);
    assert_eq!(set.get(2).unwrap(), picture(1, 6, 5, 3));
    assert_eq!(cells(&set, "n"), some(&["1", "2", "3"]));
}

#[test]
fn files_that_are_not_there_are_counted_and_all_missing_is_refused() {
    let (_dir, config) = list(
        "list.csv",
        "file,label\npictures/00.png,a\npictures/99.png,b\npictures/01.png,b\ngone.png,a\n",
    );
    let found = checked(&config);
    assert_eq!((found.images, found.bad.len()), (4, 2));
    assert_eq!(found.bad[0].id, "pictures/99.png");
    let notes = found.notes.concat();
    assert!(
        notes.contains("2 of 4 files are not there; the first: row 2") && notes.contains("99.png"),
        "{notes}"
    );

    let (dir, _) = list("list.csv", "file,label\ngone/00.png,a\ngone/01.png,b\n");
    let problem = refused(&dir.path().join("list.csv"));
    assert!(
        problem.contains("none of the 2 files") && problem.contains("gone/00.png"),
        "{problem}"
    );
}

#[test]
fn columns_that_are_not_there_are_named_with_those_that_are() {
    let (_dir, mut config) = list(
        "list.csv",
        "file,kind\npictures/00.png,a\npictures/01.png,b\n",
    );
    assert!(all(&config).unwrap().classes().is_empty());
    config.label = Some("kind".into());
    assert_eq!(all(&config).unwrap().classes(), ["a", "b"]);
    config.label = Some("kidn".into());
    let problem = all(&config).err().unwrap().to_string();
    for said in [
        "list.csv",
        "`kidn`",
        "`file`, `kind`",
        "did you mean `kind`?",
    ] {
        assert!(problem.contains(said), "{problem}");
    }
    let (_dir, mut config) = list("list.csv", "a,b\n1,2\n");
    config.reader = ReaderKind::Manifest;
    let problem = all(&config).err().unwrap().to_string();
    assert!(
        problem.contains("no column names pictures") && problem.contains("`a`, `b`"),
        "{problem}"
    );
    let (dir, _) = list("list.csv", "pictures/00.png,a\npictures/01.png,b\n");
    let problem = refused(&dir.path().join("list.csv"));
    assert!(
        problem.contains("the first line names the picture"),
        "{problem}"
    );
}

#[test]
fn tables_of_numbers_stay_tables() {
    let numbers = "a,label\n1,x\n2,y\n";
    let (dir, config) = list("t.csv", numbers);
    write(&dir.path().join("1"), &png(1)); // a file that is called as a number
    assert!(config.is_table());
    // Features beside paths: `data.x` says what is meant.
    let (_dir, mut config) = list("t.csv", "file,a\npictures/00.png,1\n");
    assert!(!config.is_table());
    config.x = Some(vec!["a".into()]);
    assert!(config.is_table());
    let (_dir, config) = list("t.csv", "note,a\npictures/00.heic,1\n");
    assert!(config.is_table());
}
