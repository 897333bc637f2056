//! Files of embeddings, read back by other libraries than wrote them where there is one.

use std::fs::File;
use std::path::Path;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type};
use candle_core::{Device, Tensor};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ravine::data::Part;
use ravine::eval::{Features, writers};

use super::features;

fn classes() -> Vec<String> {
    vec!["cat".into(), "a \"big\", dog".into()]
}

/// Written in two pieces, the second unlabelled where `mixed`.
fn write(path: &Path, mixed: bool) -> Features {
    let mut rows = features(
        3,
        (0..15).map(|i| i as f32 / 7.0).collect(),
        Some(vec![0, 1, 1, 0, 1]),
    );
    rows.parts = [
        Part::Train,
        Part::Train,
        Part::Validation,
        Part::Test,
        Part::Test,
    ]
    .to_vec();
    let mut second = rows.select(&[3, 4]);
    if mixed {
        second.labels = Vec::new();
        second.parts.clear();
    }
    let mut writer = writers::open(path, 3, &classes(), &[]).unwrap();
    writer.append(&rows.select(&[0, 1, 2])).unwrap();
    writer.append(&second).unwrap();
    assert!(!path.exists(), "nothing stands there before the end");
    writer.finish().unwrap();
    if mixed {
        rows.labels = [Some(0), Some(1), Some(1), None, None].into();
    }
    rows
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn parquet_reads_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let rows = write(&path, true);
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let batch = builder.build().unwrap().next().unwrap().unwrap();
    let ids = batch.column_by_name("id").unwrap().as_string::<i32>();
    assert!(
        ids.iter()
            .map(Option::unwrap)
            .eq(rows.ids.iter().map(String::as_str))
    );
    let labels = batch
        .column_by_name("label")
        .unwrap()
        .as_primitive::<Int32Type>();
    assert_eq!(
        labels.iter().collect::<Vec<_>>(),
        [Some(0), Some(1), Some(1), None, None]
    );
    let part = batch.column_by_name("part").unwrap().as_string::<i32>();
    let parts = [Some("train"), Some("train"), Some("validation"), None, None];
    assert_eq!(part.iter().collect::<Vec<_>>(), parts);
    let class = batch.column_by_name("class").unwrap().as_string::<i32>();
    assert_eq!((class.value(1), class.is_null(3)), ("a \"big\", dog", true));
    let matrix = batch
        .column_by_name("embedding")
        .unwrap()
        .as_fixed_size_list();
    assert_eq!(matrix.value_length(), 3);
    assert_eq!(
        matrix.values().as_primitive::<Float32Type>().values(),
        &rows.values[..]
    );
}

#[test]
fn npy_and_its_labels_read_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let rows = write(&path, false);
    let matrix = Tensor::read_npy(&path).unwrap();
    assert_eq!(matrix.dims(), [5, 3]);
    let values: Vec<f32> = matrix.flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(values, rows.values);
    assert_eq!(names(folder.path()), ["a.labels.csv", "a.npy"]);
    let mut csv = csv::Reader::from_path(folder.path().join("a.labels.csv")).unwrap();
    let read: Vec<(String, String, u32, String)> = csv.deserialize().map(Result::unwrap).collect();
    assert_eq!(
        read[1],
        (
            "image 1.png".into(),
            "train".into(),
            1,
            classes()[1].clone()
        )
    );
    assert_eq!(read.len(), 5);
}

#[test]
fn safetensors_reads_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let rows = write(&path, false);
    let tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let values: Vec<Vec<f32>> = tensors["embeddings"].to_vec2().unwrap();
    assert_eq!(values.concat(), rows.values);
    assert_eq!(tensors["labels"].to_vec1::<i64>().unwrap(), [0, 1, 1, 0, 1]);
    let bytes = std::fs::read(&path).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    let list = |key: &str| serde_json::from_str::<Vec<String>>(&metadata[key]).unwrap();
    assert_eq!((list("ids"), list("classes")), (rows.ids, classes()));
    assert_eq!(
        list("parts"),
        ["train", "train", "validation", "test", "test"]
    );
    assert_eq!(names(folder.path()), ["a.safetensors"]);

    let path = folder.path().join("b.safetensors");
    write(&path, true);
    let tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    assert_eq!(
        tensors["labels"].to_vec1::<i64>().unwrap(),
        [0, 1, 1, -1, -1]
    );
}

#[test]
fn csv_reads_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let rows = write(&path, true);
    let mut csv = csv::Reader::from_path(&path).unwrap();
    assert_eq!(
        csv.headers().unwrap(),
        vec!["id", "part", "label", "class", "e0", "e1", "e2"]
    );
    let records: Vec<_> = csv.records().map(Result::unwrap).collect();
    let numbers = |r: &csv::StringRecord| -> Vec<f32> {
        r.iter().skip(4).map(|v| v.parse().unwrap()).collect()
    };
    assert_eq!(
        records.iter().flat_map(numbers).collect::<Vec<_>>(),
        rows.values
    );
    assert_eq!((&records[1][2], &records[1][3]), ("1", "a \"big\", dog"));
    assert_eq!(
        (
            &records[4][0],
            &records[4][1],
            &records[4][2],
            &records[4][3]
        ),
        ("image 4.png", "", "", "")
    );
}

#[test]
fn jsonl_reads_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.JSONL"); // capitals do not matter
    let rows = write(&path, true);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    for (i, line) in lines.iter().enumerate() {
        assert_eq!(line["id"], rows.ids[i].as_str());
        let read: Vec<f32> = serde_json::from_value(line["embedding"].clone()).unwrap();
        assert_eq!(read, rows.row(i));
    }
    assert_eq!(
        (lines.len(), &lines[1]["class"]),
        (5, &serde_json::json!("a \"big\", dog"))
    );
    assert_eq!(lines[2]["part"], "validation");
    assert!(
        lines[4]["part"].is_null() && lines[4]["label"].is_null() && lines[4]["class"].is_null()
    );
}

/// Labels of the rows of any file, as its readers see them.
fn labels_in(path: &Path) -> Vec<Option<i64>> {
    let extension = path.extension().unwrap().to_str().unwrap();
    let csv = |path: &Path| {
        let mut csv = csv::Reader::from_path(path).unwrap();
        let records = csv.records().map(Result::unwrap);
        records.map(|record| record[2].parse().ok()).collect()
    };
    match extension {
        "parquet" => {
            let file = File::open(path).unwrap();
            let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            let batch = builder.build().unwrap().next().unwrap().unwrap();
            let labels = batch.column_by_name("label").unwrap();
            let labels = labels.as_primitive::<Int32Type>().iter();
            labels.map(|label| label.map(i64::from)).collect()
        }
        "npy" => csv(&path.with_extension("labels.csv")),
        "csv" => csv(path),
        "safetensors" => {
            let tensors = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
            let labels: Vec<i64> = tensors["labels"].to_vec1().unwrap();
            let known = |label: i64| (label >= 0).then_some(label);
            labels.into_iter().map(known).collect()
        }
        _ => {
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["label"].as_i64()
            });
            lines.collect()
        }
    }
}

#[test]
fn a_missing_label_is_missing_in_its_own_row_only() {
    let folder = tempfile::tempdir().unwrap();
    for extension in writers::EXTENSIONS {
        let path = folder.path().join("a").with_extension(extension);
        let mut rows = features(2, vec![1.0; 8], Some(vec![1, 0, 1, 0]));
        rows.labels[1] = None;
        let mut writer = writers::open(&path, 2, &classes(), &[]).unwrap();
        writer.append(&rows).unwrap();
        writer.finish().unwrap();
        assert_eq!(
            labels_in(&path),
            [Some(1), None, Some(1), Some(0)],
            "{extension}"
        );
    }
}

#[test]
fn ids_that_a_header_cannot_hold_go_beside_a_safetensors_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let mut rows = features(
        1,
        (0..5000).map(|i| i as f32).collect(),
        Some(vec![1; 5000]),
    );
    for (i, id) in rows.ids.iter_mut().enumerate() {
        *id = format!("{i}{}", "\"/".repeat(1000)); // 2 kB that escaping makes 5 kB
    }
    let mut writer = writers::open(&path, 1, &classes(), &[]).unwrap();
    writer.append(&rows).unwrap();
    let note = writer.note().unwrap();
    assert!(note.contains("a.labels.csv"), "{note}");
    writer.finish().unwrap();
    assert_eq!(names(folder.path()), ["a.labels.csv", "a.safetensors"]);
    let bytes = std::fs::read(&path).unwrap();
    assert!(u64::from_le_bytes(bytes[..8].try_into().unwrap()) < 1000);
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert_eq!(metadata["ids_file"], "a.labels.csv");
    assert!(!metadata.contains_key("ids"));
    let mut csv = csv::Reader::from_path(folder.path().join("a.labels.csv")).unwrap();
    let read: Vec<(String, String, u32, String)> = csv.deserialize().map(Result::unwrap).collect();
    assert_eq!(read.len(), 5000);
    assert_eq!((&read[7].0, read[7].2), (&rows.ids[7], 1));
}

#[test]
fn a_dropped_writer_leaves_nothing_and_refused_rows_say_why() {
    let folder = tempfile::tempdir().unwrap();
    for extension in writers::EXTENSIONS {
        let path = folder.path().join("a").with_extension(extension);
        let mut writer = writers::open(&path, 2, &[], &[]).unwrap();
        writer
            .append(&features(2, vec![1.0; 20_000], None))
            .unwrap();
        assert!(writer.append(&features(3, vec![1.0; 6], None)).is_err());
        let broken = writer.append(&features(2, vec![1.0, f32::NAN], None));
        let said = broken.unwrap_err().to_string();
        assert!(said.contains("image 0.png"), "{said}");
        drop(writer);
        assert_eq!(names(folder.path()), [""; 0]);
    }
    let error = writers::open(&folder.path().join("a.parqet"), 2, &[], &[])
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("did you mean `parquet`"),
        "{error}"
    );
}

#[test]
fn further_columns_stand_behind_the_others_under_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = features(1, vec![1.0, 2.0], None);
    rows.cells = vec![
        vec![Some("a".into()), None],
        vec![Some("b, c".into()), Some("7".into())],
    ];
    let columns = ["camera", "id"].map(String::from);
    let write = |extension: &str| {
        let path = folder.path().join(format!("e.{extension}"));
        let mut writer = writers::open(&path, 1, &[], &columns).unwrap();
        writer.append(&rows).unwrap();
        let note = writer.note();
        writer.finish().unwrap();
        (path, note)
    };
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    let csv =
        "id,part,label,class,e0,camera,id_\nimage 0.png,,,,1,a,\nimage 1.png,,,,2,\"b, c\",7\n";
    assert_eq!(text(&write("csv").0), csv);
    let beside = text(&write("npy").0.with_extension("labels.csv"));
    assert_eq!(beside.lines().nth(2), Some("image 1.png,,,,\"b, c\",7"));
    let lines = text(&write("jsonl").0);
    assert!(
        lines.contains(r#""metadata":{"camera":"a","id_":null}"#),
        "{lines}"
    );
    let (_, note) = write("safetensors");
    assert!(note.unwrap().contains("camera, id"));
    let file = std::fs::File::open(write("parquet").0).unwrap();
    let mut reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 10).unwrap();
    let batch = reader.next().unwrap().unwrap();
    let names: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names[4..], ["embedding", "camera", "id_"]);
    let cells = batch
        .column(6)
        .as_any()
        .downcast_ref::<arrow_array::StringArray>()
        .unwrap();
    assert_eq!(cells.iter().collect::<Vec<_>>(), [None, Some("7")]);
}
