//! Four runs that fail on purpose: the verdict of the first epoch and the cause that the configuration names, and that
//! taking the cause away heals them.

mod common;

use std::path::Path;

use common::Any;
use common::cli::{SMALL, journal, json, ravine, refused};
use ravine::config::{Config, PRESETS};
use ravine::judge::causes::causes;
use serde_json::Value;

/// A preset under configs/lab/, what it must be called, why, and the settings that heal it.
const FAILURES: [(&str, &str, &str, &[&str]); 4] = [
    (
        "no-repulsion",
        "collapsed",
        "nothing_repels",
        &["predictor.hidden=[32]", "predictor.output=32"],
    ),
    (
        "no-variance",
        "collapsed",
        "no_variance",
        &[r#"regularizers=[{kind="covariance",weight=1.0},{kind="variance",weight=25.0}]"#],
    ),
    (
        "hardest",
        "collapsed",
        "hardest_negatives",
        &["negatives.kind=triplets"],
    ),
    (
        "identical-views",
        "uninformative",
        "identical_views",
        &[r#"augment.views=[{count=2,ops=[{kind="affine"}]}]"#],
    ),
];

/// The card of a lab run, and what the probes after the first epoch and later said.
fn run(name: &str, more: &[&str]) -> Result<(Value, Vec<Value>), Any> {
    let folder = tempfile::tempdir()?;
    let (out, preset) = (folder.path().join("run"), format!("lab/collapse-{name}"));
    let out_text = out.to_string_lossy().into_owned();
    let mut arguments = vec!["pretrain", &preset, "--json", "--out", &out_text];
    arguments.extend(more.iter().flat_map(|set| ["--set", set]));
    let card = json(&arguments)?;
    let mut lines = journal(&out)?;
    lines.retain(|line| line["verdict"].is_string());
    assert_eq!(lines[0]["epoch"], 1.0, "{name}");
    Ok((card, lines))
}

#[test]
fn failures_are_called_what_they_are_from_the_first_epoch_on() -> Result<(), Any> {
    for (name, verdict, cause, _) in FAILURES {
        let (card, probes) = run(name, &[])?;
        for found in probes.iter().chain([&card]) {
            assert_eq!(found["verdict"], verdict, "{name}: {found}");
            assert!(
                found["why"]
                    .as_str()
                    .unwrap_or_default()
                    .contains("likely because"),
                "{name}: {found}"
            );
        }
        assert!(
            probes.iter().all(|probe| probe["causes"] == cause),
            "{name}"
        );
        assert_eq!(card["causes"], serde_json::json!([cause]), "{name}");
        for metric in ["auroc", "overlap", "energy_gap"] {
            assert!(probes[0][metric].is_f64(), "{name}: {metric}");
        }
        let active = probes[0]["active"].as_f64();
        assert_eq!(active, (name == "hardest").then_some(1.0), "{name}");
    }
    Ok(())
}

#[test]
fn without_the_cause_the_same_run_is_healthy() -> Result<(), Any> {
    for (name, _, _, cure) in FAILURES {
        let (card, probes) = run(name, cure)?;
        for found in &probes {
            // The first epoch may be too short to tell pairs apart better than before it.
            assert_ne!(found["verdict"], "collapsed", "{name}: {found}");
        }
        assert_eq!(card["verdict"], "healthy", "{name}: {card}");
        assert_eq!(card["causes"], serde_json::json!([]), "{name}");
    }
    Ok(())
}

#[test]
fn methods_name_no_cause_and_the_lab_names_one_each() -> Result<(), Any> {
    let (mut sound, mut failing) = (0, 0);
    for (name, _) in PRESETS {
        let mut config = Config::load(Some(name), &[])?;
        if !config.all_heads().is_empty() {
            continue;
        }
        if config.encoder.part().needs_file() {
            config = config.with(&["encoder={kind='resnet'}".into()])?;
        }
        let found: Vec<String> = causes(&config, 10_000)?
            .into_iter()
            .map(|c| c.name)
            .collect();
        let lab = FAILURES
            .iter()
            .find(|f| *name == format!("lab/collapse-{}", f.0));
        let expected: Vec<String> = lab.iter().map(|f| f.2.to_string()).collect();
        assert_eq!(found, expected, "{name}");
        sound += usize::from(lab.is_none());
        failing += usize::from(lab.is_some());
    }
    assert!(
        sound >= 11 && failing == FAILURES.len(),
        "{sound} {failing}"
    );
    Ok(())
}

#[test]
fn settings_that_spoil_a_sound_method_are_named() -> Result<(), Any> {
    let cases = [
        ("simclr", "loss.temperature=50", "temperature"),
        ("simclr", "loss.temperature=0.0001", "temperature"),
        ("simclr", "train.batch=4", "small_batch"),
        ("simclr", "optimizer.lr=30", "learning_rate"),
        ("simclr", "projector.output=2", "small_embedding"),
        (
            "simclr",
            "augment.views=[{count=2,ops=[{kind=\"grayscale\",p=0.0}]}]",
            "identical_views",
        ),
        ("hinge", "loss.margin=0.001", "tiny_margin"),
        ("simclr", "negatives.kind=queue", "queue_without_target"),
        ("simclr", "train.warmup_epochs=500", "long_warmup"),
        ("byol", "target.momentum=1.0", "still_target"),
        ("siglip", "optimizer={kind=\"sgd\",lr=0.3}", "learned_scale"),
        (
            "vicreg",
            "regularizers=[{kind=\"variance\",weight=0.0}]",
            "no_variance",
        ),
    ];
    for (preset, set, cause) in cases {
        let config = Config::load(Some(preset), &[set.into()])?;
        let causes = causes(&config, 10_000)?;
        let names: Vec<&str> = causes.iter().map(|cause| cause.name.as_str()).collect();
        assert_eq!(names, [cause], "{preset} {set}");
        let key = set.split('=').next().unwrap_or_default();
        let part = key.split('.').next().unwrap_or_default();
        assert!(causes[0].why.contains(part), "{}", causes[0].why);
    }
    Ok(())
}

/// Each of many wrong answers may be a question of its own; otherwise the hardest is all that these losses see.
#[test]
fn losses_of_the_nearest_wrong_answer_are_named_unless_each_is_a_question_of_its_own()
-> Result<(), Any> {
    let hardest = "hardest_negatives";
    let cases: [(&str, &[&str]); 9] = [
        ("hinge", &[hardest]),
        ("log", &[hardest]),
        ("mce", &[hardest]),
        ("square_square", &[hardest]),
        ("square_exponential", &[hardest]),
        ("lvq2", &["no_margin", hardest]),
        ("perceptron", &["no_margin", hardest]),
        ("dcl", &[]),
        ("contrastive", &[]),
    ];
    for (loss, expected) in cases {
        let loss = format!("loss.kind={loss}");
        for negatives in ["in_batch", "other_view", "queue", "triplets"] {
            let mut sets = vec![loss.clone(), format!("negatives.kind={negatives}")];
            if negatives == "queue" {
                sets.push("target.momentum=0.9".into()); // without one the queue is a fault of its own
            }
            let config = Config::load(Some("simclr"), &sets)?;
            let found = causes(&config, 10_000)?.into_iter().map(|c| c.name);
            let mut expected = expected.to_vec();
            expected.retain(|&name| name != hardest || negatives != "triplets");
            assert_eq!(found.collect::<Vec<_>>(), expected, "{loss} {negatives}");
        }
    }
    Ok(())
}

#[test]
fn what_cannot_work_is_refused_before_training() {
    let refusals = [
        (
            "byol",
            "predictor={hidden=[8],output=3}",
            "predictor.output",
        ),
        (
            "vicreg",
            "regularizers=[{kind='variance',weight=-1}]",
            "regularizers.weight",
        ),
        (
            "vicreg",
            "regularizers=[{kind='variance',gamma=nan}]",
            "regularizers.gamma",
        ),
        (
            "barlow",
            "regularizers=[{kind='cross_correlation',lambda=-1}]",
            "regularizers.lambda",
        ),
        ("simclr", "probe.temperature=0.001", "probe.temperature"),
    ];
    for (preset, set, key) in refusals {
        let out = std::env::temp_dir().join("ravine-refused");
        let out = out.to_string_lossy();
        let said = refused(
            &[
                "pretrain", preset, "--data", "digits", "--out", &out, "--set", set,
            ],
            2,
        );
        assert!(said.contains(key), "{set}: {said}");
    }
}

#[test]
fn an_untrained_network_is_not_healthy_and_more_views_have_their_own_floor() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let small = "encoder={kind='convnet',widths=[8,16],strides=[1,2]}";
    let run = |name: &str, sets: &[&str]| -> Result<serde_json::Value, Any> {
        let out = folder.path().join(name);
        let out = out.to_string_lossy();
        let mut arguments = vec![
            "pretrain", "digits", "--out", &out, "--set", small, "--json",
        ];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        json(&arguments)
    };
    let still = run("still", &["train.epochs=1", "optimizer.lr=1e-9"])?;
    assert_eq!(still["verdict"], "uninformative", "{still}");
    assert!(still["why"].to_string().contains("AUROC"), "{still}");
    let views = "augment.views=[{count=4,ops=[{kind='random_crop',padding=1}]}]";
    let flat = run(
        "flat",
        &[
            "train.epochs=1",
            "train.batch=64",
            "loss.temperature=1e6",
            views,
        ],
    )?;
    let floor = (4.0 * 63.0 + 1.0_f64).ln();
    assert!(
        flat["why"].to_string().contains(&format!("{floor:.3}")),
        "{flat}"
    );
    Ok(())
}

/// `count` pictures of one color each, which `color` gives.
fn pictures(folder: &Path, count: u8, color: impl Fn(u8) -> u8) -> Result<String, Any> {
    std::fs::create_dir_all(folder)?;
    for i in 0..count {
        let picture = image::RgbImage::from_pixel(12, 12, image::Rgb([color(i); 3]));
        picture.save(folder.join(format!("{i:02}.png")))?;
    }
    Ok(folder.to_string_lossy().into_owned())
}

#[test]
fn pictures_that_are_all_equal_are_at_fault_and_no_setting_is() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for (name, color, said) in [
        ("same", 130, "all pictures are the same"),
        ("black", 0, "all pictures are black"),
    ] {
        let data = pictures(&folder.path().join(name), 40, |_| color)?;
        let run = folder.path().join("runs").join(name);
        let out = run.to_string_lossy().into_owned();
        let mut arguments = vec!["pretrain", "--json", "--out", &out, "--data", &data];
        arguments.extend(SMALL);
        arguments.extend(["--set", "train.batch=8"]);
        let output = ravine(&arguments);
        let notes = String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{notes}");
        let warned = notes.find(said).unwrap_or(usize::MAX);
        assert!(warned < notes.len(), "{notes}");
        let card: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(
            card["causes"],
            serde_json::json!(["equal_pictures"]),
            "{card}"
        );
        let why = card["why"].as_str().unwrap_or_default();
        assert!(why.contains(said) && !why.contains("predictor"), "{card}");
        assert_ne!(card["verdict"], "healthy");
    }
    Ok(())
}

#[test]
fn a_batch_is_measured_against_the_training_part_and_nothing_refused_is_advised() -> Result<(), Any>
{
    let folder = tempfile::tempdir()?;
    let data = pictures(&folder.path().join("seven"), 7, |i| 30 * i)?;
    let pretrain = |data: &str, batch: &str| {
        let out = folder.path().join("run").to_string_lossy().into_owned();
        let batch = format!("train.batch={batch}");
        let arguments = ["pretrain", "--out", &out, "--data", data, "--set", &batch];
        refused(&arguments, if data.ends_with("two") { 1 } else { 2 })
    };
    let refusal = pretrain(&data, "64");
    let said = "more than the training part, which has 6 of the 7 images";
    assert!(
        refusal.contains(said) && refusal.contains("use 6 or less"),
        "{refusal}"
    );
    let refusal = pretrain(&data, "1");
    assert!(refusal.contains("give 2 or more"), "{refusal}");
    let data = pictures(&folder.path().join("two"), 2, |i| 30 * i)?;
    for batch in ["1", "64"] {
        let refusal = pretrain(&data, batch);
        assert!(refusal.contains("1 of the 2 images"), "{refusal}");
        assert!(
            refusal.contains("add some") && !refusal.contains("or less"),
            "{refusal}"
        );
    }
    Ok(())
}
