//! Tables beside pictures, as Hugging Face lays them out.

use std::path::Path;
use std::sync::Arc;

use ravine::data::{DataConfig, Dataset, Kept, open};

use crate::tiny::*;

fn filled(files: &[&str], tables: &[(&str, &str)]) -> (tempfile::TempDir, DataConfig) {
    let dir = tempfile::tempdir().unwrap();
    for (i, file) in files.iter().enumerate() {
        write(&dir.path().join(file), &png(i));
    }
    for (name, text) in tables {
        write(&dir.path().join(name), text.as_bytes());
    }
    let config = at(dir.path());
    (dir, config)
}

/// Id, class and further columns of each picture.
fn rows(set: &Arc<dyn Dataset>) -> Vec<String> {
    let columns = 0..set.metadata().len();
    let row = |i: usize| {
        let class = set
            .label(i)
            .map_or("-", |label| &set.classes()[label as usize]);
        let cells = columns
            .clone()
            .map(|column| set.cell(i, column).unwrap_or("-"));
        let cells: Vec<&str> = cells.collect();
        format!("{} {class} {}", set.id(i), cells.join(" "))
            .trim()
            .to_string()
    };
    (0..set.len()).map(row).collect()
}

#[test]
fn labels_and_further_columns_of_a_table_beside_pictures_are_read() {
    let csv = "file_name,label,age\na/0.png,dog,3\n./b/1.png,cat,\nb/9.png,cat,4\n";
    let (_dir, config) = filled(&["a/0.png", "a/2.png", "b/1.png"], &[("metadata.csv", csv)]);
    let set = all(&config).unwrap();
    assert_eq!(
        rows(&set),
        ["a/0.png dog 3", "a/2.png - -", "b/1.png cat -"]
    );
    assert_eq!(
        (set.classes(), set.metadata()),
        (&["cat".into(), "dog".into()][..], &["age".into()][..])
    );
    let notes = set.notes().concat();
    assert!(
        notes.contains("1 of 3 rows of `metadata.csv`") && notes.contains("row 3, b/9.png"),
        "{notes}"
    );
    assert!(notes.contains("1 of 3 pictures have no row"), "{notes}");
    assert!(!notes.contains("no pictures"), "{notes}");

    let mut by_age = config.clone();
    by_age.label = Some("age".into());
    assert!(!by_age.is_table());
    assert_eq!(
        rows(&all(&by_age).unwrap()),
        ["a/0.png 3 dog", "a/2.png - -", "b/1.png - cat"]
    );
    by_age.label = Some("agee".into());
    let problem = all(&by_age).err().unwrap().to_string();
    assert!(
        problem.contains("metadata.csv") && problem.contains("did you mean `age`?"),
        "{problem}"
    );
    let mut moved = config.clone();
    moved.label = Some("age".into());
    moved.use_images(&config.source);
    assert_eq!(moved.label.as_deref(), Some("age"));
}

#[test]
fn folders_name_the_classes_where_the_table_does_not() {
    let files = ["a/0.png", "a/1.png", "b/0.png"];
    let jsonl =
        "{\"file_name\": \"0.png\", \"age\": 3}\n{\"file_name\": \"1.png\", \"lens\": [1, 2]}\n";
    let (dir, mut config) = filled(&files, &[("a/metadata.jsonl", jsonl)]);
    let set = all(&config).unwrap();
    assert_eq!(set.metadata(), ["age", "lens"]);
    assert_eq!(
        rows(&set),
        ["a/0.png a 3 -", "a/1.png a - [1,2]", "b/0.png b - -"]
    );
    config.label = Some("age".into());
    assert_eq!(
        rows(&all(&config).unwrap()),
        ["a/0.png 3 -", "a/1.png - [1,2]", "b/0.png - -"]
    );
    config.label = None;
    write(&dir.path().join("metadata.csv"), b"who,knows\n1,2\n");
    write(
        &dir.path().join("b/metadata.csv"),
        b"file_name,age\n0.png\n",
    );
    let set = all(&config).unwrap();
    assert_eq!(rows(&set)[2], "b/0.png b - -");
    let notes = set.notes().concat();
    assert!(
        notes.contains("`metadata.csv` has no column `file_name`"),
        "{notes}"
    );
    assert!(
        notes.contains("not used") && notes.contains("line 2 has 1 cells"),
        "{notes}"
    );
    config.label = Some("age".into());
    assert!(all(&config).is_err());
}

#[test]
fn each_part_may_have_a_table_and_classes_are_shared() {
    let files = [
        "train/0.png",
        "train/1.png",
        "test/0.png",
        "val/images/0.png",
    ];
    let tables = [
        (
            "train/metadata.csv",
            "file_name,label\n0.png,dog\n1.png,ape\n",
        ),
        ("test/metadata.csv", "file_name,label,age\n0.png,cat,3\n"),
        (
            "metadata.csv",
            "file_name,label\nval/images/0.png,dog\ntest/0.png,overruled\n",
        ),
    ];
    let (_dir, config) = filled(&files, &tables);
    let splits = open(&config).unwrap();
    assert_eq!(splits.classes, ["ape", "cat", "dog"]);
    assert_eq!(
        rows(&splits.train),
        ["train/0.png dog -", "train/1.png ape -"]
    );
    assert_eq!(rows(&splits.validation), ["val/images/0.png dog -"]);
    assert_eq!(rows(&splits.test), ["test/0.png cat 3"]);
    assert!(splits.notes().is_empty(), "{:?}", splits.notes());
    let set = all(&config).unwrap();
    assert_eq!(rows(&Kept::over(&set, 1 << 20)), rows(&set));
    assert_eq!(rows(&set)[3], "test/0.png cat 3");
}

#[test]
fn a_table_splits_pictures_that_come_in_one_part() {
    let files = ["images/0.png", "images/1.png", "images/2.png"];
    let csv =
        "file_name,split,label\nimages/0.png,train,a\nimages/1.png,test,b\nimages/2.png,valid,a\n";
    let (_dir, config) = filled(&files, &[("metadata.csv", csv)]);
    let splits = open(&config).unwrap();
    assert_eq!(rows(&splits.test), ["images/1.png b"]);
    assert_eq!(rows(&splits.validation), ["images/2.png a"]);
    // A single folder around the pictures is no reason to speak of missing labels.
    assert!(
        !splits.notes().concat().contains("one folder"),
        "{:?}",
        splits.notes()
    );
}

#[test]
fn a_column_named_for_images_without_any_is_refused() {
    let (dir, mut config) = filled(&["a/0.png", "b/1.png"], &[]);
    config.label = Some("age".into());
    let said = |config: &DataConfig| all(config).err().unwrap().to_string();
    assert!(
        said(&config).contains("`data.label`: names a column"),
        "{}",
        said(&config)
    );
    config.source = Path::new(dir.path()).join("a/0.png").display().to_string();
    config.reader = ravine::data::ReaderKind::Folder;
    assert!(said(&config).contains("`data.label`: names a column"));
}
