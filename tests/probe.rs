//! Probes from the command line: retrieval, swept learning rates, transfer to another data set.

mod common;

use std::path::Path;

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
