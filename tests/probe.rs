//! Probes from the command line: retrieval, swept learning rates, transfer to another data set.

mod common;

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;

use common::Any;
use common::cli::{json, pretrain, ravine, refused};
use serde_json::Value;

fn run(folder: &Path) -> Result<String, Any> {
    let run = folder.join("run");
    pretrain(&run, &[])?;
    Ok(run.to_string_lossy().into_owned())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn retrieval_tells_recall_and_mean_average_precision() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = run(folder.path())?;
    let card = json(&["probe", &run, "--kind", "retrieval", "--json"])?;
    assert_eq!(card["k"], serde_json::json!([1, 5, 10]));
    assert_eq!(
        (number(&card["queries"]), number(&card["gallery"])),
        (360.0, 1293.0)
    );
    for who in ["pretrained", "untrained", "raw"] {
        let recall: Vec<f64> = serde_json::from_value(card["recall"][who].clone())?;
        assert!(
            recall[0] > 0.7 && recall.is_sorted() && recall[2] <= 1.0,
            "{card}"
        );
        let map = number(&card["map"][who]);
        assert!(map > 0.15 && map < recall[0], "{who}: {card}");
    }
    // The nearest neighbour alone votes as recall@1 counts.
    let knn = json(&["probe", &run, "--kind", "knn", "--k", "1", "--json"])?;
    let (vote, recall) = (&knn["accuracy"]["raw"], &card["recall"]["raw"][0]);
    assert!(
        (number(vote) - number(recall)).abs() < 1e-12,
        "{vote} {recall}"
    );
    let one = ravine(&["probe", &run, "--kind", "retrieval", "--k", "3"]);
    let text = String::from_utf8(one.stdout)?;
    assert!(text.contains("R@3") && text.contains("mAP"), "{text}");
    let retrieval = ["probe", &run, "--kind", "retrieval"];
    let refusal = refused(&[&retrieval[..], &["--labels-per-class", "5"]].concat(), 2);
    assert!(
        refusal.contains("leave --labels-per-class out"),
        "{refusal}"
    );
    refused(&[&retrieval[..], &["--k", "0"]].concat(), 2);
    Ok(())
}

#[test]
fn the_linear_probe_chooses_its_learning_rate_on_validation_images() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = run(folder.path())?;
    for (split, chosen_on) in [
        ("test", "validation"),
        ("validation", "held-out training images"),
    ] {
        let linear = [
            "probe", &run, "--kind", "linear", "--split", split, "--json",
        ];
        let card = json(&linear)?;
        assert_eq!(card["chosen_on"], chosen_on);
        let rates: Vec<f64> = serde_json::from_value(card["learning_rates"].clone())?;
        assert_eq!(rates.len(), 7);
        for who in ["pretrained", "untrained", "raw"] {
            assert!(
                rates.contains(&number(&card["learning_rate"][who])),
                "{card}"
            );
            assert!(number(&card["accuracy"][who]) > 0.6, "{who}: {card}"); // sixteen features
        }
        assert!(number(&card["accuracy"]["raw"]) > 0.9, "{card}");
        assert_eq!(card, json(&linear)?, "the same numbers again");
    }
    Ok(())
}

#[test]
fn a_run_is_probed_on_another_data_set() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = run(folder.path())?;
    let images = folder.path().join("bars");
    for (class, upright) in [("across", false), ("upright", true)] {
        std::fs::create_dir_all(images.join(class))?;
        for i in 0..80u32 {
            let mut picture = image::RgbImage::from_pixel(16, 16, image::Rgb([i as u8; 3]));
            for step in 0..16 {
                let at = 3 + i % 10;
                let (x, y) = if upright { (at, step) } else { (step, at) };
                picture.put_pixel(x, y, image::Rgb([255, 200, 100]));
            }
            picture.save(images.join(class).join(format!("{i:02}.png")))?;
        }
    }
    let data = images.to_string_lossy().into_owned();
    for (kind, option) in [
        ("logistic", "--l2=1e-4"),
        ("knn", "--k=5"),
        ("linear", "--threads=2"),
    ] {
        let card = json(&[
            "probe", &run, "--data", &data, "--kind", kind, option, "--json",
        ])?;
        assert_eq!(card["data"], data);
        assert!(
            number(&card["accuracy"]["pretrained"]) > 0.6, // chance is 0.5
            "{kind}: {card}"
        );
    }
    let card = json(&[
        "probe",
        &run,
        "--data",
        &data,
        "--kind",
        "retrieval",
        "--json",
    ])?;
    assert_eq!(card["data"], data);
    let text = ravine(&["probe", &run, "--data", &data]);
    let text = String::from_utf8(text.stdout)?;
    assert!(
        text.contains(&format!("accuracy on {data}, test")),
        "{text}"
    );
    for options in [
        &["--k", "5"][..],
        &["--kind", "linear", "--temperature", "0.1"],
        &["--kind", "knn", "--l2", "0.1"],
        &["--kind", "knn", "--seeds", "3"],
    ] {
        let refused = ravine(&[&["probe", &run, "--data", &data][..], options].concat());
        assert_eq!(refused.status.code(), Some(2), "{options:?}");
    }
    Ok(())
}

/// A Parquet file of bars, across or upright, whose labels are `labels`.
fn bars(path: &Path, labels: &[Option<i64>]) -> Result<(), Any> {
    let picture = |i: usize| -> Result<Vec<u8>, Any> {
        let mut picture = image::RgbImage::from_pixel(16, 16, image::Rgb([i as u8; 3]));
        for step in 0..16 {
            let at = 3 + i as u32 % 10;
            let (x, y) = if i % 2 == 1 { (at, step) } else { (step, at) };
            picture.put_pixel(x, y, image::Rgb([255, 200, 100]));
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png)?;
        Ok(bytes.into_inner())
    };
    let pictures: Vec<Vec<u8>> = (0..labels.len()).map(picture).collect::<Result<_, _>>()?;
    let pictures: ArrayRef = Arc::new(BinaryArray::from_iter_values(pictures));
    let labels: ArrayRef = Arc::new(Int64Array::from(labels.to_vec()));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("image", pictures, true),
        ("label", labels, true),
    ])?;
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    let file = std::fs::File::create(path)?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

#[test]
fn a_missing_label_is_null_in_its_own_row_and_a_part_without_any_is_named() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = run(folder.path())?;
    let set = folder.path().join("bars");
    let class = |i: usize| Some((i % 2) as i64);
    let known: Vec<Option<i64>> = (0..160)
        .map(|i| match i % 10 {
            0 => Some(-1),
            5 => None,
            _ => class(i),
        })
        .collect();
    bars(&set.join("train-00000-of-00001.parquet"), &known)?;
    bars(&set.join("test-00000-of-00001.parquet"), &[None; 40])?;
    let data = set.to_string_lossy().into_owned();

    let out = folder.path().join("bars.jsonl");
    let embed = [
        "embed",
        &run,
        "--data",
        &data,
        "--out",
        &out.to_string_lossy(),
    ];
    assert!(ravine(&embed).status.success());
    let lines: Vec<Value> = std::fs::read_to_string(&out)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let labels: Vec<Option<i64>> = lines.iter().map(|line| line["label"].as_i64()).collect();
    let expected: Vec<Option<i64>> = (0..200)
        .map(|i| class(i).filter(|_| i < 160 && i % 5 != 0))
        .collect();
    assert_eq!(labels, expected);

    let probe = [
        "probe", &run, "--data", &data, "--kind", "knn", "--k", "5", "--json",
    ];
    let refusal = refused(&probe, 1);
    let said = "none of the 40 images of the test part has a label";
    assert!(
        refusal.contains(said) && refusal.contains("--part validation"),
        "{refusal}"
    );
    let validation = ravine(&[&probe[..], &["--part", "validation"]].concat());
    let notes = String::from_utf8(validation.stderr)?;
    assert!(validation.status.success(), "{notes}");
    assert!(
        notes.contains("images of the train part have no label"),
        "{notes}"
    );

    // Labels in every row of the test part: all of them are judged.
    let all: Vec<Option<i64>> = (0..40).map(class).collect();
    bars(&set.join("test-00000-of-00001.parquet"), &all)?;
    for kind in ["knn", "logistic", "linear"] {
        let card = json(&["probe", &run, "--data", &data, "--kind", kind, "--json"])?;
        assert!(number(&card["accuracy"]["raw"]) > 0.65, "{kind}: {card}"); // chance is 0.5
        if kind == "knn" {
            assert_eq!(card["bank"], 115); // of 128 with a label, 13 are held out for validation
        }
    }
    bars(&set.join("train-00000-of-00001.parquet"), &[None; 160])?;
    let refusal = refused(&probe, 1);
    assert!(
        refusal.contains("images of the train part has a label"),
        "{refusal}"
    );
    Ok(())
}

/// 120 pictures of a bar, whose place is told by two tags, in a list.
fn tagged(folder: &Path) -> Result<String, Any> {
    let mut list = String::from("file_name,left,top,split\n");
    for i in 0..120_u32 {
        let (left, top) = (i % 2 == 0, i % 3 == 0);
        let mut picture = image::RgbImage::from_pixel(16, 16, image::Rgb([i as u8; 3]));
        let (x, y) = (if left { 1 } else { 9 }, if top { 1 } else { 9 });
        for step in 0..36 {
            picture.put_pixel(x + step % 6, y + step / 6, image::Rgb([255, 200, 100]));
        }
        picture.save(folder.join(format!("{i}.png")))?;
        let split = if i % 4 == 0 { "test" } else { "train" };
        let flags = [left, top].map(u8::from);
        list.extend([format!("{i}.png,{},{},{split}\n", flags[0], flags[1])]);
    }
    let path = folder.join("list.csv");
    std::fs::write(&path, list)?;
    Ok(path.to_string_lossy().into_owned())
}

#[test]
fn images_with_several_labels_are_probed_tag_by_tag() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = tagged(folder.path())?;
    let run = folder.path().join("run");
    let own = [
        "--data",
        &data,
        "--set",
        "data.label=\"left,top\"",
        "--set",
        "train.batch=16",
    ];
    let card = pretrain(&run, &own)?;
    assert!(card["probe"].is_null() && card["knn"].is_null(), "{card}");
    assert_eq!(card["multi_label"]["tags"], 2);
    assert!(number(&card["multi_label"]["map"]["raw"]) > 0.9, "{card}");
    let run = run.to_string_lossy().into_owned();
    let card = json(&["probe", &run, "--json"])?;
    assert_eq!(
        (&card["judged"], &card["kind"]),
        (&30.into(), &"logistic".into())
    );
    assert_eq!(card["per_tag"][1]["tag"], "top");
    for figure in ["map", "macro_f1"] {
        let raw = number(&card[figure]["raw"]);
        assert!(raw > 0.9 && raw <= 1.0, "{figure}: {card}");
    }
    let text = String::from_utf8(ravine(&["probe", &run]).stdout)?;
    assert!(
        text.contains("mean average precision") && text.contains("macro F1"),
        "{text}"
    );
    let refusal = refused(&["probe", &run, "--kind", "knn"], 1);
    assert!(
        refusal.contains("several labels each") && refusal.contains("--kind logistic"),
        "{refusal}"
    );
    refused(&["probe", &run, "--labels-per-class", "3"], 2);
    Ok(())
}

#[test]
fn classes_of_very_different_size_are_judged_by_their_mean_recall_too() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = run(folder.path())?;
    let labels: Vec<Option<i64>> = (0..160).map(|i| Some(i64::from(i % 8 == 1))).collect();
    let path = folder.path().join("bars/train.parquet");
    bars(&path, &labels)?;
    let data = path.to_string_lossy().into_owned();
    let probe = ["probe", &run, "--data", &data, "--kind", "knn", "--k", "5"];
    let card = json(&[&probe[..], &["--json"]].concat())?;
    let classes: Vec<Value> = serde_json::from_value(card["per_class"].clone())?;
    let mean = classes
        .iter()
        .map(|class| number(&class["recall"]))
        .sum::<f64>()
        / 2.0;
    assert!(
        (number(&card["balanced_accuracy"]["pretrained"]) - mean).abs() < 1e-12,
        "{card}"
    );
    let right = classes
        .iter()
        .filter_map(|class| class["answers"][class["class"].as_str().unwrap_or_default()].as_f64());
    let accuracy = right.sum::<f64>() / classes.iter().map(|c| number(&c["count"])).sum::<f64>();
    assert!(
        (number(&card["accuracy"]["pretrained"]) - accuracy).abs() < 1e-12,
        "{card}"
    );
    let text = String::from_utf8(ravine(&probe).stdout)?;
    assert!(
        text.contains("balanced accuracy") && text.contains("recall  precision"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_class_that_only_the_test_part_has_is_judged_as_never_answered() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let set = folder.path().join("bars");
    let labels =
        |count: i64, classes: i64| (0..count).map(|i| Some(i % classes)).collect::<Vec<_>>();
    bars(&set.join("train-00000-of-00001.parquet"), &labels(160, 2))?;
    bars(&set.join("test-00000-of-00001.parquet"), &labels(60, 3))?;
    let data = set.to_string_lossy().into_owned();
    let run = folder.path().join("run");
    let card = pretrain(&run, &["--data", &data, "--set", "train.batch=16"])?;
    let run = run.to_string_lossy().into_owned();
    let probed = json(&["probe", &run, "--json"])?;
    for card in [&card["probe"], &card["knn"], &probed] {
        assert_eq!(card["per_class"][2]["count"], 20, "{card}");
        assert_eq!(card["per_class"][2]["recall"], 0.0, "{card}");
    }
    Ok(())
}
