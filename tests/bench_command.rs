//! `ravine bench`: what it reports, and its refusals.

mod common;

use common::Any;
use common::cli::{json, refused};

#[test]
fn it_times_every_kind_of_work() -> Result<(), Any> {
    for (work, encoder) in [
        ("step", Some("tiny")),
        ("augment", None),
        ("embed", Some("resnet20")),
    ] {
        let mut arguments = vec!["bench", work, "--json", "--batch", "8", "--size", "32"];
        arguments.extend(["--seconds", "0.05"]);
        arguments.extend(encoder.iter().flat_map(|name| ["--encoder", name]));
        let report = json(&arguments)?;
        assert_eq!(report["work"], work);
        assert_eq!(report["encoder"].as_str(), encoder);
        assert_eq!(
            (report["batch"].as_u64(), report["size"].as_u64()),
            (Some(8), Some(32))
        );
        assert!(report["repetitions"].as_u64() >= Some(3));
        let speed = report["images_per_s"].as_f64().unwrap_or_default();
        let seconds = report["milliseconds"].as_f64().unwrap_or_default() / 1e3;
        assert!((speed * seconds - 8.0).abs() < 1e-6, "{report}");
        if cfg!(target_os = "linux") {
            assert!(report["peak_bytes"].as_u64() > Some(1 << 20), "{report}");
        }
        if work == "augment" {
            assert_eq!(report["threads"], 1);
        }
    }
    Ok(())
}

#[test]
fn large_views_come_from_files() -> Result<(), Any> {
    for (size, images) in [("32", "decoded images"), ("64", "JPEG files of 500x375")] {
        let mut arguments = vec!["bench", "augment", "--json", "--batch", "2", "--size", size];
        arguments.extend(["--seconds", "0.05"]);
        assert_eq!(json(&arguments)?["images"], images);
    }
    Ok(())
}

#[test]
fn it_refuses_what_it_cannot_time() {
    assert!(refused(&["bench", "step", "--batch", "1"], 2).contains("--batch"));
    refused(&["bench", "nothing"], 2);
    if cfg!(target_os = "linux") {
        let large = ["bench", "step", "--encoder", "resnet50", "--size", "64"];
        let refusal = refused(&[&large[..], &["--batch", "1000000"]].concat(), 2);
        assert!(refusal.contains("are free; give --batch "), "{refusal}");
    }
    let small = ["bench", "step", "--encoder", "vit-small", "--json"];
    let few = ["--size", "32", "--batch", "2", "--seconds", "0.05"];
    let report = json(&[&small[..], &few[..]].concat());
    assert!(report.is_ok_and(|r| r["encoder"] == "vit-small"));
}
