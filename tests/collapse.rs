//! Four runs that fail on purpose: the verdict of the first epoch and the cause that the configuration names, and that
//! taking the cause away heals them.

mod common;

use common::Any;
use common::cli::{journal, json};
use ravine::config::{Config, PRESETS};
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
        for found in probes.iter().chain([&card]) {
            assert_eq!(found["verdict"], "healthy", "{name}: {found}");
        }
        assert_eq!(card["causes"], serde_json::json!([]), "{name}");
    }
    Ok(())
}

#[test]
fn methods_name_no_cause_and_the_lab_names_one_each() -> Result<(), Any> {
    let (mut sound, mut failing) = (0, 0);
    for (name, _) in PRESETS {
        let config = Config::load(Some(name), &[])?;
        if !config.all_heads().is_empty() {
            continue;
        }
        let causes: Vec<String> = config.causes(10_000)?.into_iter().map(|c| c.name).collect();
        let lab = FAILURES
            .iter()
            .find(|f| *name == format!("lab/collapse-{}", f.0));
        let expected: Vec<String> = lab.iter().map(|f| f.2.to_string()).collect();
        assert_eq!(causes, expected, "{name}");
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
        ("simclr", "train.batch=4", "small_batch"),
        ("simclr", "optimizer.lr=30", "learning_rate"),
        ("simclr", "projector.output=2", "small_embedding"),
        ("simclr", "loss.kind=perceptron", "no_margin"),
        (
            "simclr",
            "augment.views=[{count=2,ops=[{kind=\"grayscale\",p=0.0}]}]",
            "identical_views",
        ),
        ("hinge", "loss.margin=0.001", "tiny_margin"),
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
        let causes = config.causes(10_000)?;
        let names: Vec<&str> = causes.iter().map(|cause| cause.name.as_str()).collect();
        assert_eq!(names, [cause], "{preset} {set}");
        let key = set.split('=').next().unwrap_or_default();
        let part = key.split('.').next().unwrap_or_default();
        assert!(causes[0].why.contains(part), "{}", causes[0].why);
    }
    Ok(())
}
