//! The command line, from pretraining to a probe, and its refusals.

mod common;

use std::fs;
use std::path::Path;

use common::Any;
use common::cli::{SMALL, json, pretrain, ravine, refused};

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn pretrain_embed_probe() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let card = pretrain(&run, &[])?;
    assert_eq!(card["probe"]["kind"], "logistic");
    assert_eq!(card["probe"]["labels_per_class"], 10);
    assert_eq!(card["probe"]["seeds"], 5);
    for who in ["pretrained", "untrained", "raw"] {
        let accuracy = card["probe"]["accuracy"][who]
            .as_f64()
            .expect("an accuracy");
        assert!((0.3..=1.0).contains(&accuracy), "{who}: {accuracy}");
    }
    assert!(card["images_per_s"].as_f64() > Some(0.0) && card["seconds"].as_f64() > Some(0.0));
    assert!(card["verdict"].is_string());
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&fs::read(run.join("card.json"))?)?,
        card
    );

    for extension in ["parquet", "npy", "safetensors", "csv", "jsonl"] {
        let out = folder.path().join(format!("test.{extension}"));
        let said = json(&[
            "embed",
            &text(&run),
            "--part",
            "test",
            "--out",
            &text(&out),
            "--json",
        ])?;
        assert_eq!(
            (said["rows"].as_u64(), said["dim"].as_u64()),
            (Some(360), Some(16))
        );
        assert!(fs::metadata(&out)?.len() > 360 * 16, "{extension}");
    }
    for kind in ["knn", "linear", "logistic"] {
        let probe = json(&["probe", &text(&run), "--kind", kind, "--json"])?;
        assert_eq!(probe["kind"], kind);
        assert_eq!(probe["part"], "test");
        assert!(
            probe["accuracy"]["raw"].as_f64() > Some(0.85),
            "{kind}: {probe}"
        );
    }
    let few = [
        "probe",
        &text(&run),
        "--labels-per-class",
        "5",
        "--seeds",
        "3",
        "--json",
    ];
    let few = json(&few)?;
    assert!(few["interval"]["pretrained"][0].as_f64() < few["accuracy"]["pretrained"].as_f64());
    Ok(())
}

#[test]
fn a_head_learns_labels_through_the_same_loop() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let out = text(&folder.path().join("run"));
    let mut arguments = vec![
        "train",
        "--json",
        "--out",
        &out,
        "--set",
        "head.kind=multi_class",
    ];
    arguments.extend(SMALL);
    arguments.extend([
        "--set",
        "loss.kind=nll",
        "--set",
        "train.epochs=15",
        "--set",
        "optimizer.lr=0.01",
    ]);
    let card = json(&arguments)?;
    assert!(card["accuracy"].as_f64() > Some(0.7), "{card}");
    Ok(())
}

#[test]
fn labels_reach_pairs_and_images_without_them_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let kind = ["--set", "negatives.kind=other_classes"];
    let with = pretrain(&folder.path().join("with"), &kind)?;
    let without = pretrain(&folder.path().join("without"), &[])?;
    let knn = |card: &serde_json::Value| card["knn"]["accuracy"]["pretrained"].as_f64();
    assert!(knn(&with) > knn(&without), "{with} {without}");
    let images = folder.path().join("images");
    fs::create_dir(&images)?;
    for i in 0..40_u8 {
        let pixel = |x: u32, y: u32| image::Luma([i + (x * y) as u8]);
        let image = image::GrayImage::from_fn(8, 8, pixel);
        image.save(images.join(format!("{i:02}.png")))?;
    }
    let (out, data) = (text(&folder.path().join("none")), text(&images));
    let mut arguments = vec!["pretrain", "--out", &out, "--data", &data];
    arguments.extend(kind);
    let refusal = refused(&arguments, 1);
    assert!(refusal.contains("no labels"), "{refusal}");
    Ok(())
}

#[test]
fn answers_and_margins_that_make_no_sense_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let out = text(&folder.path().join("run"));
    let cases: [(&[&str], &[&str]); 2] = [
        (
            &["negatives.exclude_above=1.5"],
            &["negatives.exclude_above", "0.9"],
        ),
        (
            &["loss.kind=hinge", "loss.margin=3"],
            &["loss.margin", "from 0 to 2"],
        ),
    ];
    for (sets, words) in cases {
        let mut arguments = vec!["pretrain", "--out", &out];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        let error = refused(&arguments, 2);
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(
            !Path::new(&out).join("config.toml").exists(),
            "{sets:?} left a run"
        );
    }
    Ok(())
}

#[test]
fn a_run_is_never_overwritten_unasked() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &[])?;
    let again = refused(&["pretrain", "--out", &text(&run)], 2);
    assert!(
        again.contains("--resume") && again.contains("--force"),
        "{again}"
    );
    pretrain(&run, &["--force", "--set", "train.epochs=1"])?;
    let other = folder.path().join("other");
    fs::create_dir(&other)?;
    fs::write(other.join("thesis.txt"), "years of work")?;
    let refusal = refused(&["pretrain", "--out", &text(&other), "--force"], 2);
    assert!(refusal.contains("not empty"), "{refusal}");
    assert!(other.join("thesis.txt").exists());
    fs::write(other.join("config.toml"), "title = 'a web site'")?;
    fs::create_dir(other.join("checkpoints"))?;
    let refusal = refused(&["pretrain", "--out", &text(&other), "--force"], 2);
    assert!(refusal.contains("holds no run"), "{refusal}");
    assert!(other.join("checkpoints").exists());
    Ok(())
}

#[test]
fn mistakes_get_a_sentence_with_the_way_out() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let out = text(&folder.path().join("run"));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty)?;
    let set = |value: &'static str| ["pretrain", "--out", "OUT", "--set", value];
    let cases: Vec<(Vec<&str>, i32, &[&str])> = vec![
        (
            set("train.epoch=3").into(),
            2,
            &["train", "`epoch`", "`epochs`"],
        ),
        (set("los.temperature=0.1").into(), 2, &["`los`", "`loss`"]),
        (
            set("loss.temprature=0.1").into(),
            2,
            &["loss", "`temperature`"],
        ),
        (set("loss.kind=\"hing\"").into(), 2, &["`hing`", "`hinge`"]),
        (set("train.epochs=\"many\"").into(), 2, &["train.epochs"]),
        (set("train.batch=0").into(), 2, &["train.batch"]),
        (set("train.batch=5000").into(), 2, &["train.batch", "1293"]),
        (set("loss.temperature=-1").into(), 2, &["loss.temperature"]),
        (
            set("encoder.widths=[1000000000]").into(),
            2,
            &["encoder", "widths"],
        ),
        (
            set("augment.size=4000").into(),
            2,
            &["train.batch", "augment.size"],
        ),
        (set("augment.size=100000").into(), 2, &["augment.size"]),
        (set("threads=1000000").into(), 2, &["threads"]),
        (
            set("train.batch=1").into(),
            2,
            &["train.batch", "2 or more"],
        ),
        (vec!["pretrain", "--set", "method=../x"], 2, &["method"]),
        (
            set("negatives.kind=none").into(),
            2,
            &["negatives.kind", "in_batch"],
        ),
        (set("nothing").into(), 2, &["key.path=value"]),
        (set("device=gpu").into(), 2, &["device", "gpu"]),
        (
            set("data.reader=parket").into(),
            2,
            &["parket", "`parquet`"],
        ),
        (
            vec!["pretrain", "simclrr", "--out", "OUT"],
            2,
            &["simclrr", "`simclr`"],
        ),
        (
            vec!["pretrain", "--data", "/no/such/place", "--out", "OUT"],
            1,
            &["/no/such/place"],
        ),
        (
            vec!["pretrain", "--data", "EMPTY", "--out", "OUT"],
            1,
            &["EMPTY"],
        ),
        (
            vec!["probe", "/no/such/run"],
            1,
            &["/no/such/run", "run folder"],
        ),
        (vec!["list", "looses"], 2, &["`losses`"]),
        (
            vec!["pretrain", "--resume", "--out", "OUT"],
            1,
            &["run folder"],
        ),
    ];
    for (arguments, code, words) in cases {
        let fill = |word: &str| word.replace("OUT", &out).replace("EMPTY", &text(&empty));
        let arguments: Vec<String> = arguments.into_iter().map(fill).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let error = refused(&arguments, code);
        for word in words {
            assert!(
                error.contains(&fill(word)),
                "{arguments:?}: `{word}` is missing in: {error}"
            );
        }
        assert!(
            !Path::new(&out).join("config.toml").exists(),
            "{arguments:?} left a run"
        );
    }
    Ok(())
}

#[test]
fn corrupt_images_are_put_aside_and_too_many_stop_the_run() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let images = folder.path().join("images");
    for class in ["blue", "red"] {
        fs::create_dir_all(images.join(class))?;
        for i in 0..60_u8 {
            let color = if class == "red" {
                [200, i, 0]
            } else {
                [0, i, 200]
            };
            let image = image::RgbImage::from_fn(12, 10, |x, _| {
                let [r, g, b] = color;
                image::Rgb([r, g.wrapping_add(x as u8 * 9), b])
            });
            image.save(images.join(class).join(format!("{i:02}.jpg")))?;
        }
    }
    let good = fs::read(images.join("red/07.jpg"))?;
    fs::write(images.join("red/07.jpg"), &good[..good.len() / 2])?;
    let data = text(&images);
    let shape = [
        "--data",
        &data,
        "--set",
        "augment.size=8",
        "--set",
        "train.batch=32",
        "--set",
        "data.validation=0.2",
        "--set",
        "probe.labels_per_class=5",
    ];
    let run = folder.path().join("run");
    let refusal = {
        let out = text(&run);
        let mut arguments = vec!["pretrain", "--out", &out];
        arguments.extend(SMALL);
        arguments.extend(shape);
        refused(&arguments, 1)
    };
    assert!(
        refusal.contains("max_bad_share") && refusal.contains("quarantine.jsonl"),
        "{refusal}"
    );
    let mut lenient = shape.to_vec();
    lenient.extend(["--set", "data.max_bad_share=0.05", "--force"]);
    pretrain(&run, &lenient)?;
    let quarantine = fs::read_to_string(run.join("quarantine.jsonl"))?;
    assert_eq!(quarantine.lines().count(), 1);
    assert!(quarantine.contains("07.jpg"), "{quarantine}");
    let out = folder.path().join("all.csv");
    let (run_text, out_text) = (text(&run), text(&out));
    let embed = ["embed", &run_text, "--out", &out_text, "--max-bad-share"];
    let refusal = refused(&[&embed[..], &["0.001"]].concat(), 1);
    assert!(refusal.contains("nothing was written"), "{refusal}");
    assert!(!out.exists() && fs::read_dir(folder.path())?.count() == 2);
    let said = json(&[&embed[..], &["0.01", "--json"]].concat())?;
    assert_eq!(
        (said["rows"].as_u64(), said["skipped"].as_u64()),
        (Some(119), Some(1))
    );
    for kind in ["knn", "linear", "logistic"] {
        for labels in [&[][..], &["--labels-per-class", "5"]] {
            let run = text(&run);
            let mut arguments = vec!["probe", &run, "--kind", kind, "--json"];
            arguments.extend(labels);
            let probe = json(&arguments)?;
            assert!(
                probe["accuracy"]["raw"].as_f64() > Some(0.5),
                "{kind}: {probe}"
            );
        }
    }
    Ok(())
}

#[test]
fn lists_and_schema_are_complete() -> Result<(), Any> {
    let list = json(&["list", "--json"])?;
    for family in [
        "encoders",
        "energies",
        "losses",
        "negatives",
        "regularizers",
        "optimizers",
    ] {
        assert!(
            list[family]
                .as_array()
                .is_some_and(|parts| !parts.is_empty()),
            "{family}"
        );
    }
    let schema = json(&["config", "schema"])?;
    assert!(schema["properties"]["loss"].is_object());
    for preset in ["digits", "simclr", "hinge", "vicreg"] {
        let shown = json(&["config", "show", preset, "--json"])?;
        assert!(shown["parameters"].as_u64() > Some(10_000), "{preset}");
    }
    let table = ravine(&["config", "show", "simclr"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("encoder.layer4.0.conv2"));
    let stats = json(&["data", "stats", "digits", "--json"])?;
    assert!((stats["mean"][0].as_f64().expect("a mean") - 0.305).abs() < 0.01);
    let check = json(&["data", "check", "digits", "--json"])?;
    assert_eq!(check["images"], 1797);
    let doctor = json(&["doctor", "--json"])?;
    assert!(
        doctor["operations"]
            .as_array()
            .is_some_and(|ops| ops.iter().all(|op| op["ok"] == true))
    );
    Ok(())
}
