//! What a Parquet file may call the classes of its images, and where it may keep the images themselves.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int64Array, NullArray,
    RecordBatch, StringArray, StructArray,
};
use arrow_schema::{DataType, Field, Fields, Schema};
use ravine::data::{DataConfig, Dataset, open};

use crate::tiny::*;

/// A column of pictures: `Some` bytes, or only a path.
fn pictures(images: &[(Option<Vec<u8>>, Option<&str>)]) -> ArrayRef {
    let fields = Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ]);
    let bytes: BinaryArray = images.iter().map(|(bytes, _)| bytes.as_deref()).collect();
    let paths: StringArray = images.iter().map(|(_, path)| *path).collect();
    Arc::new(StructArray::new(
        fields,
        vec![Arc::new(bytes), Arc::new(paths)],
        None,
    ))
}

fn embedded(range: std::ops::Range<usize>) -> ArrayRef {
    let images: Vec<_> = range.map(|i| (Some(png(i)), None)).collect();
    pictures(&images)
}

/// Write `columns`; `classes` are columns that the metadata describe, with the names of their classes.
fn table(path: &Path, columns: Vec<(&str, ArrayRef)>, classes: &[(&str, &[&str])]) {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let features: serde_json::Map<String, serde_json::Value> = classes
        .iter()
        .map(|(name, names)| {
            let class = serde_json::json!({"names": names, "_type": "ClassLabel"});
            ((*name).to_string(), class)
        })
        .collect();
    let info = serde_json::json!({"info": {"features": features}}).to_string();
    let schema = Schema::new(fields).with_metadata([("huggingface".to_string(), info)]);
    let schema = Arc::new(schema);
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(path).unwrap(), schema.clone(), None).unwrap();
    writer
        .write(&RecordBatch::try_new(schema, columns).unwrap())
        .unwrap();
    writer.close().unwrap();
}

fn labels(set: &dyn Dataset) -> Vec<Option<u32>> {
    (0..set.len()).map(|i| set.label(i)).collect()
}

/// Classes and labels of six images whose column `label` is `column`.
fn read(column: ArrayRef) -> (Vec<String>, Vec<Option<u32>>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.parquet");
    table(
        &path,
        vec![("image", embedded(0..6)), ("label", column)],
        &[],
    );
    let set = all(&at(dir.path())).unwrap();
    (set.classes().to_vec(), labels(set.as_ref()))
}

#[test]
fn labels_may_be_words_truth_values_dictionaries_and_whole_floats() {
    let words = [
        Some("owl"),
        Some("cat"),
        None,
        Some("owl"),
        Some(""),
        Some("dog"),
    ];
    let known = vec![Some(2), Some(0), None, Some(2), None, Some(1)];
    let names = ["cat", "dog", "owl"].map(String::from).to_vec();
    let plain: StringArray = words.into_iter().collect();
    assert_eq!(read(Arc::new(plain)), (names.clone(), known.clone()));
    let dictionary: DictionaryArray<Int32Type> = words.into_iter().collect();
    assert_eq!(read(Arc::new(dictionary)), (names, known));
    let truth = BooleanArray::from(vec![
        Some(true),
        None,
        Some(false),
        Some(true),
        Some(true),
        None,
    ]);
    assert_eq!(
        read(Arc::new(truth)),
        (
            vec!["false".into(), "true".into()],
            vec![Some(1), None, Some(0), Some(1), Some(1), None]
        )
    );
    let floats = Float64Array::from(vec![1.0, f64::NAN, 0.0, 1.0, -1.0, 2.0]);
    let (classes, found) = read(Arc::new(floats));
    assert_eq!(classes, ["0", "1", "2"]);
    assert_eq!(found, [Some(1), None, Some(0), Some(1), None, Some(2)]);
    let years: StringArray = ["10", "9", "9", "100", "10", "9"]
        .map(Some)
        .into_iter()
        .collect();
    assert_eq!(read(Arc::new(years)).0, ["9", "10", "100"]);
    let weights = Float64Array::from(vec![0.5; 6]);
    assert_eq!(read(Arc::new(weights)), (Vec::new(), vec![None; 6]));
    assert_eq!(
        read(Arc::new(NullArray::new(6))),
        (Vec::new(), vec![None; 6])
    );
}

#[test]
fn words_are_numbered_alike_in_all_parts_and_shards() {
    let dir = tempfile::tempdir().unwrap();
    let words = |words: &[&str]| Arc::new(StringArray::from(words.to_vec())) as ArrayRef;
    for (name, range, column) in [
        ("train-0.parquet", 0..2, words(&["owl", "dog"])),
        ("train-1.parquet", 2..4, words(&["cat", "owl"])),
        ("test.parquet", 4..6, words(&["ant", "owl"])),
    ] {
        let columns = vec![("image", embedded(range)), ("label", column)];
        table(&dir.path().join(name), columns, &[]);
    }
    let splits = open(&DataConfig {
        validation: Some(0.0),
        ..at(dir.path())
    })
    .unwrap();
    assert_eq!(splits.classes, ["ant", "cat", "dog", "owl"]);
    assert_eq!(labels(splits.train.as_ref()), [3, 2, 1, 3].map(Some));
    assert_eq!(labels(splits.test.as_ref()), [0, 3].map(Some));

    let columns = vec![
        ("image", embedded(0..2)),
        ("label", Arc::new(Int64Array::from(vec![0, 1])) as ArrayRef),
    ];
    table(&dir.path().join("train-2.parquet"), columns, &[]);
    let problem = all(&at(dir.path())).err().unwrap().to_string();
    assert!(problem.contains("write all of them alike"), "{problem}");
}

#[test]
fn the_column_of_labels_is_chosen_by_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.parquet");
    let numbers = |n: &[i64]| Arc::new(Int64Array::from(n.to_vec())) as ArrayRef;
    let columns = vec![
        ("image", embedded(0..4)),
        ("genus", numbers(&[0, 0, 1, 1])),
        ("species", numbers(&[3, 2, 1, 0])),
        (
            "place",
            Arc::new(StringArray::from(vec!["a", "b", "a", "b"])) as ArrayRef,
        ),
        (
            "weight",
            Arc::new(Float64Array::from(vec![0.5; 4])) as ArrayRef,
        ),
    ];
    let species: &[&str] = &["w", "x", "y", "z"];
    table(
        &path,
        columns,
        &[("genus", &["m", "n"]), ("species", species)],
    );
    let chosen = |source: &Path, label: Option<&str>| {
        let label = label.map(String::from);
        all(&DataConfig {
            label,
            ..at(source)
        })
    };
    for source in [dir.path(), &path] {
        assert_eq!(chosen(source, None).unwrap().classes(), ["m", "n"]);
        let set = chosen(source, Some("species")).unwrap();
        assert_eq!(set.classes(), species);
        assert_eq!(labels(set.as_ref()), [3, 2, 1, 0].map(Some));
        let set = chosen(source, Some("place")).unwrap();
        assert_eq!(
            (set.classes(), set.label(3)),
            (&["a".to_string(), "b".into()][..], Some(1))
        );
        for (label, said) in [
            (
                "specie",
                "there is no column `specie`; did you mean `species`?",
            ),
            ("zzz", "`image`, `genus`, `species`, `place`, `weight`"),
            ("weight", "0.5 is no class"),
            ("image", "which is no class"),
        ] {
            let problem = chosen(source, Some(label)).err().unwrap().to_string();
            assert!(
                problem.contains(said) && problem.contains("data.label"),
                "{problem}"
            );
        }
    }
    let folder = dir.path().join("pictures");
    write(&folder.join("0.png"), &png(0));
    let problem = chosen(&folder, Some("species")).err().unwrap().to_string();
    assert!(problem.contains("data.label"), "{problem}");
}

#[test]
fn folders_of_a_partitioned_table_are_labels_and_unlabelled_shards_stay_beside_others() {
    let dir = tempfile::tempdir().unwrap();
    for label in 0..3 {
        let path = dir
            .path()
            .join(format!("label={label}"))
            .join("part-0.parquet");
        table(
            &path,
            vec![("image", embedded(label * 2..label * 2 + 2))],
            &[],
        );
    }
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.classes(), ["0", "1", "2"]);
    assert_eq!(labels(set.as_ref()), [0, 0, 1, 1, 2, 2].map(Some));

    let dir = tempfile::tempdir().unwrap();
    for (split, kind) in [("train", "big%20cat"), ("train", "ant"), ("test", "ant")] {
        let folder = dir
            .path()
            .join(format!("split={split}"))
            .join(format!("kind={kind}"));
        table(
            &folder.join("part-0.parquet"),
            vec![("image", embedded(0..2))],
            &[],
        );
    }
    let config = DataConfig {
        label: Some("kind".into()),
        validation: Some(0.0),
        ..at(dir.path())
    };
    let splits = open(&config).unwrap();
    assert_eq!(splits.classes, ["ant", "big cat"]);
    assert_eq!((splits.train.len(), splits.test.len()), (4, 2));

    let dir = tempfile::tempdir().unwrap();
    let numbers = Arc::new(Int64Array::from(vec![Some(1), None, Some(-1), Some(0)])) as ArrayRef;
    let columns = vec![("image", embedded(0..4)), ("label", numbers)];
    table(
        &dir.path().join("train-00000-of-00001.parquet"),
        columns,
        &[],
    );
    let columns = vec![("image", embedded(4..6))];
    table(
        &dir.path().join("unlabeled-00000-of-00001.parquet"),
        columns,
        &[],
    );
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(
        labels(set.as_ref()),
        [Some(1), None, None, Some(0), None, None]
    );
    assert_eq!(checked(&at(dir.path())).unlabelled.total(), 4);
}

#[test]
fn pictures_that_a_table_names_by_path_are_read_from_disk() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("set").join("data");
    write(&data.join("0.png"), &png(0));
    write(&dir.path().join("set/images/1.png"), &png(1));
    write(&dir.path().join("2.png"), &png(2));
    write(&data.join("empty.png"), b"");
    let absolute = dir.path().join("2.png").display().to_string();
    let images = [
        (None, Some("0.png")),
        (None, Some("../images/1.png")),
        (None, Some("images/1.png")), // below the root
        (None, Some(absolute.as_str())),
        (Some(png(4)), Some("0.png")),
        (None, Some("../../2.png")),
        (None, Some("9.png")),
        (None, None),
        (None, Some("empty.png")),
        (None, Some(".")),
    ];
    let count = images.len();
    let numbers = Arc::new(Int64Array::from_iter_values(0..count as i64)) as ArrayRef;
    let columns = vec![("image", pictures(&images)), ("label", numbers)];
    table(&data.join("train.parquet"), columns, &[]);
    let set = all(&at(&dir.path().join("set"))).unwrap();
    for (row, number) in [(0, 0), (1, 1), (2, 1), (3, 2), (4, 4)] {
        assert_eq!(set.get(row).unwrap(), picture(number, 6, 5, 3), "row {row}");
    }
    for (row, said) in [
        (5, "leads out of the data set"),
        (6, "there is no file"),
        (6, "embed_table_storage"),
        (7, "no picture and no path"),
        (8, "empty.png: the file is empty"),
        (9, "there is no file"),
    ] {
        let problem = set.get(row).unwrap_err().to_string();
        assert!(problem.contains(said), "{problem}");
        assert_eq!(problem.matches(&set.id(row)).count(), 1, "{problem}");
        assert!(!problem.contains("0 bytes)") || row == 8, "{problem}");
    }
    let bad = checked(&at(&dir.path().join("set"))).bad;
    assert_eq!(
        bad.iter().map(|bad| bad.sample).collect::<Vec<_>>(),
        [5, 6, 7, 8, 9]
    );
    assert!(!bad[0].reason.contains(&bad[0].id), "{:?}", bad[0]);
}

/// A column of lists gives several labels a picture.
#[test]
fn lists_are_tags_named_by_the_metadata_over_all_parts() {
    use arrow_array::ListArray;
    use arrow_array::builder::{ListBuilder, StringBuilder};
    use arrow_array::types::Int64Type;
    let dir = tempfile::tempdir().unwrap();
    let names = ["cat", "ant", "dog"];
    let write = |name: &str, rows: Vec<Option<Vec<Option<i64>>>>| {
        let count = rows.len();
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(rows);
        let columns = vec![
            ("image", embedded(0..count)),
            ("labels", Arc::new(lists) as ArrayRef),
        ];
        let path = dir.path().join(name);
        table(&path, columns, &[("labels", &names)]);
        path
    };
    let train = vec![Some(vec![Some(0), Some(2)]), None, Some(vec![])];
    write("train-00000-of-00001.parquet", train);
    write("test-00000-of-00001.parquet", vec![Some(vec![Some(1)])]);
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(labels(set.as_ref()), [None; 4]);
    assert_eq!(set.tag_names(), ["ant", "cat", "dog"]);
    let tags: Vec<_> = (0..4).map(|row| set.tags(row)).collect();
    let some = |tags: &'static [u32]| Some(tags);
    assert_eq!(tags, [some(&[1, 2]), None, some(&[]), some(&[0])]);
    let found = checked(&at(dir.path()));
    assert_eq!(found.unlabelled.total(), 1);
    assert_eq!(found.tags[0].class, "ant");
    assert_eq!(found.tags[0].parts.test, 1);

    let path = write("wrong.parquet", vec![Some(vec![Some(3)])]);
    let said = all(&at(&path)).err().unwrap().to_string();
    assert!(
        said.contains("label 3 does not fit the 3 class names"),
        "{said}"
    );

    let mut words = ListBuilder::new(StringBuilder::new());
    words.append_value([Some("haze"), Some("road")]);
    words.append_value([Some("road")]);
    let columns = vec![
        ("image", embedded(0..2)),
        ("tags", Arc::new(words.finish()) as ArrayRef),
    ];
    let path = dir.path().join("words.parquet");
    table(&path, columns, &[]);
    let mut config = at(&path);
    assert!(all(&config).unwrap().tag_names().is_empty(), "nobody asked");
    config.label = Some("tags".into());
    let set = all(&config).unwrap();
    assert_eq!(
        (set.tag_names(), set.tags(1)),
        (&["haze".into(), "road".into()][..], Some(&[1][..]))
    );
}
