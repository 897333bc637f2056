//! What somebody meets who uses the program for the first time: configurations of one's own, runs that go on, verdicts
//! that fit.

#[path = "../common/mod.rs"]
mod common;
mod damaged;
mod going_on;
mod looking;
mod printed;
mod sized;
mod words;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::Any;
use common::cli::{SMALL, journal, json, pretrain, ravine, refused};
use ravine::config::Config;
use ravine::judge::causes::causes;
use serde_json::Value;

/// The binary in the folder `at`.
fn ravine_in(at: &Path, arguments: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("ravine")
        .expect("the binary")
        .args(arguments)
        .current_dir(at)
        .output()
        .expect("a finished process")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn said(arguments: &[&str]) -> String {
    let output = ravine(arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

#[test]
fn what_config_show_prints_can_be_saved_and_read_again() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("my.toml");
    let name = file.to_string_lossy().into_owned();
    for preset in [
        "simclr",
        "dino",
        "vicreg",
        "ebm/digits-joint",
        "ebm/parabola-a-nll",
    ] {
        let shown = ravine(&["config", "show", preset]);
        fs::write(&file, &shown.stdout)?;
        let table: toml::Table = text(&shown.stdout).parse()?;
        assert!(table.contains_key("train"), "{preset}");
        let again = ravine(&["config", "show", &name]);
        assert_eq!(text(&again.stdout), text(&shown.stdout), "{preset}");
    }
    Ok(())
}

#[test]
fn a_file_starts_from_a_base() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| -> Result<String, Any> {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    };
    let toml =
        |source: &str| -> Result<String, Any> { Ok(Config::load(Some(source), &[])?.to_toml()?) };
    let plain = write("plain.toml", "base = \"vicreg\"\n")?;
    assert_eq!(toml(&plain)?, toml("vicreg")?);

    let mine = write(
        "mine.toml",
        "base = \"vicreg\"\n[train]\nepochs = 7\n[optimizer]\nkind = \"adamw\"\n",
    )?;
    let config = Config::load(Some(&mine), &[])?;
    let vicreg = Config::load(Some("vicreg"), &[])?;
    assert_eq!(
        (config.train.epochs, config.train.batch),
        (7, vicreg.train.batch)
    );
    assert_eq!(config.regularizers.len(), vicreg.regularizers.len());
    let of_preset = Config::load(
        Some("vicreg"),
        &["train.epochs=7".into(), "optimizer.kind=adamw".into()],
    )?;
    assert_eq!(config.to_toml()?, of_preset.to_toml()?); // the keys of the other kind are gone

    let top = write(
        "top.toml",
        "base = \"mine.toml\"\nseed = 5\n[train]\nslices = 2\n",
    )?;
    let config = Config::load(Some(&top), &["threads=1".into()])?;
    assert_eq!(
        (config.seed, config.train.epochs, config.train.chunks),
        (5, 7, 2)
    );
    assert!(!config.to_toml()?.contains("base"));

    let head = write(
        "head.toml",
        "base = \"digits\"\n[head]\nkind = \"multi_class\"\n",
    )?;
    assert!(Config::load(Some(&head), &[])?.negatives.is_none());

    let wrong = write("wrong.toml", "base = \"vicrg\"\n")?;
    let refusal = refused(&["config", "show", &wrong], 2);
    assert!(
        refusal.contains("did you mean `vicreg`?") && refusal.contains("wrong.toml"),
        "{refusal}"
    );
    write("a.toml", "base = \"b.toml\"\n")?;
    let circle = write("b.toml", "base = \"a.toml\"\n")?;
    assert!(refused(&["config", "show", &circle], 2).contains("starts from this one"));
    let number = write("number.toml", "base = 3\n")?;
    assert!(refused(&["config", "show", &number], 2).contains("must be a string"));
    Ok(())
}

#[test]
fn a_title_that_promises_another_method_is_noted() -> Result<(), Any> {
    let note = |source: &str, sets: &[&str]| -> Result<Option<String>, Any> {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        Ok(Config::load(Some(source), &sets)?.title_note())
    };
    for (name, _) in ravine::config::PRESETS {
        assert_eq!(note(name, &[])?, None, "{name}");
    }
    let banana = note("simclr", &["method=banana"])?.unwrap_or_default();
    assert!(
        banana.contains("is a title") && banana.contains("info_nce"),
        "{banana}"
    );
    let label = note("simclr", &["method=vicreg"])?.unwrap_or_default();
    assert!(label.contains("base = \"vicreg\""), "{label}");
    Ok(())
}

#[test]
fn a_run_of_few_steps_is_not_judged() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let card = pretrain(
        &run,
        &["--set", "train.epochs=1", "--set", "train.warmup_epochs=0"],
    )?;
    assert_eq!(card["verdict"], "too_early", "{card}");
    let why = card["why"].as_str().unwrap_or_default();
    assert!(
        why.contains("10 steps teach too little to judge by; a verdict takes 20"),
        "{why}"
    );
    let lines = journal(&run)?;
    let verdicts: Vec<&Value> = lines
        .iter()
        .map(|line| &line["verdict"])
        .filter(|v| v.is_string())
        .collect();
    assert!(
        !verdicts.is_empty() && verdicts.iter().all(|v| **v == "too early"),
        "{verdicts:?}"
    );
    Ok(())
}

#[test]
fn a_better_baseline_is_the_headline_and_no_run_below_its_start_is_healthy() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let card = pretrain(&run, &[])?;
    let accuracy = |probe: &str, of: &str| card[probe]["accuracy"][of].as_f64();
    assert!(
        accuracy("probe", "pretrained") < accuracy("probe", "raw"),
        "{card}"
    );
    let why = card["why"].as_str().unwrap_or_default();
    assert!(why.starts_with("the raw input probes at"), "{why}");
    let below = accuracy("probe", "pretrained") < accuracy("probe", "untrained");
    assert!(!(below && card["verdict"] == "healthy"), "{card}");
    // One draw of all labels: the interval counts the images judged.
    let [low, high] = [0, 1].map(|i| card["knn"]["interval"]["pretrained"][i].as_f64());
    let mid = accuracy("knn", "pretrained");
    assert!(low < mid && mid < high, "{card}");
    let half = 1.96 * (mid.map_or(0.0, |p| p * (1.0 - p)) / 360.0).sqrt();
    let width = high.zip(low).map_or(0.0, |(high, low)| high - low);
    assert!((width - 2.0 * half).abs() < 0.02, "{width} {half}");
    Ok(())
}

#[test]
fn fewer_neighbors_vote_where_a_class_is_small() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    let mut arguments = vec!["pretrain", "--out", &out, "--set", "probe.k=500"];
    arguments.extend(SMALL);
    let messages = said(&arguments);
    assert!(
        messages.contains("neighbours vote, not probe.k = 500"),
        "{messages}"
    );
    let card: Value = serde_json::from_str(&fs::read_to_string(run.join("card.json"))?)?;
    let k = card["knn"]["k"].as_u64().ok_or("k")?;
    assert!((100..=130).contains(&k), "{k}"); // a tenth of 1293 images, less for the smallest class
    assert!(
        messages.contains(&format!("the smallest class has {k} images")),
        "{messages}"
    );
    Ok(())
}

#[test]
fn crops_without_room_make_identical_views() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let photos = folder.path().join("photos");
    fs::create_dir(&photos)?;
    for i in 0..40_u32 {
        let picture = image::RgbImage::from_fn(16, 16, |x, y| {
            image::Rgb([(x * 16 + i) as u8, (y * 16) as u8, (i * 6) as u8])
        });
        picture.save(photos.join(format!("{i}.png")))?;
    }
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    let data = photos.to_string_lossy().into_owned();
    let with = |padding: &str, size: &str| {
        let views =
            format!("augment.views=[{{count=2,ops=[{{kind='random_crop',padding={padding}}}]}}]");
        let size = format!("augment.size={size}");
        let mut arguments = vec!["pretrain", "--data", &data, "--out", &out, "--force"];
        arguments.extend(SMALL);
        arguments.extend([
            "--set",
            "train.batch=16",
            "--set",
            "train.epochs=0",
            "--set",
            &size,
            "--set",
            &views,
        ]);
        said(&arguments)
    };
    assert!(with("0", "16").contains("warning (identical_views)"));
    assert!(with("2", "32").contains("warning (identical_views)")); // padded, still smaller than the view
    assert!(!with("2", "16").contains("identical_views"));
    assert!(!with("0", "12").contains("identical_views"));
    let known = causes(
        &Config::load(Some("simclr"), &["train.epochs=0".into()])?,
        10_000,
    )?;
    assert_eq!(known, []);
    Ok(())
}

#[test]
fn a_fine_tuned_head_goes_on_with_the_same_card() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let encoder = folder.path().join("encoder");
    pretrain(&encoder, &[])?;
    let from = format!("pretrained.run={}", encoder.display());
    let out = folder.path().join("head").to_string_lossy().into_owned();
    let sets = [&from, "pretrained.freeze=false", "train.epochs=2"];
    let mut arguments = vec!["train", "ebm/digits-probe", "--json", "--out", &out];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
    let card = json(&arguments)?;
    let again = json(&["train", "--resume", "--json", "--out", &out])?;
    for key in ["flatness_before", "flatness", "verdict", "why", "classes"] {
        assert_eq!(again[key], card[key], "{key}");
    }
    Ok(())
}

#[test]
fn a_loss_that_contrasts_is_not_told_to() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("run").to_string_lossy().into_owned();
    let card = json(&[
        "train",
        "ebm/digits-nll",
        "--json",
        "--out",
        &out,
        "--set",
        "optimizer.lr=30",
        "--set",
        "train.epochs=2",
    ])?;
    assert_ne!(card["verdict"], "healthy", "{card}");
    let why = card["why"].as_str().unwrap_or_default();
    assert!(!why.contains("choose a loss"), "{why}");
    assert!(why.contains("lower `optimizer.lr` (it is 30"), "{why}");
    Ok(())
}
