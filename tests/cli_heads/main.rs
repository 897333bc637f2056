//! Heads from the command line: train, infer, compare, resume, and refusals.

mod answers;
mod labels;
mod memory;
mod mistakes;

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::Path;

use common::Any;
use common::cli::{journal, json, pretrain, ravine, refused};
use serde_json::Value;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `ravine train` of a preset into `out`, some seconds at most.
fn train(preset: &str, out: &Path, sets: &[&str]) -> Result<Value, Any> {
    let out = text(out);
    let mut arguments = vec!["train", preset, "--json", "--out", &out];
    for set in sets {
        arguments.extend(["--set", set]);
    }
    json(&arguments)
}

fn number(value: &Value, key: &str) -> f64 {
    value[key]
        .as_f64()
        .unwrap_or_else(|| panic!("no number {key} in {value}"))
}

#[test]
fn the_parabola_collapses_without_a_margin_and_is_carved_with_one() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let flat = train("ebm/parabola-b-energy", &folder.path().join("flat"), &[])?;
    assert_eq!(flat["verdict"], "collapsed", "{flat}");
    assert!(number(&flat, "flatness") < 0.01, "{flat}");
    assert!(
        flat["warnings"][0]
            .as_str()
            .is_some_and(|w| w.contains("collapse"))
    );
    let run = folder.path().join("carved");
    let carved = train("ebm/parabola-b-square-square", &run, &[])?;
    assert_eq!(carved["verdict"], "healthy", "{carved}");
    assert!(number(&carved, "argmin_error") < 0.05, "{carved}");
    assert!(number(&carved, "constant_error") > 0.2, "{carved}");
    assert!(number(&carved, "search_agreement") >= 0.95, "{carved}");
    assert!(number(&carved, "seconds") > 0.0);
    let kept: Value = serde_json::from_slice(&fs::read(run.join("card.json"))?)?;
    assert_eq!(kept, carved);
    let plane = fs::read_to_string(run.join("energies.jsonl"))?;
    assert_eq!(plane.lines().count(), 200);
    let lines = journal(&run)?;
    let step = lines
        .iter()
        .find(|line| line["e_c"].is_number() && line["loss"].is_number());
    let step = step.expect("a step with energies");
    for key in ["e_c", "e_i", "gap"] {
        assert!(step[key].is_number(), "{key}: {step}");
    }

    let run = text(&run);
    let asked = json(&["infer", &run, "--x", "-0.6", "--json"])?;
    let row = &asked["rows"][0];
    assert_eq!(row["x"][0], -0.6_f32 as f64);
    let y = row["answers"][0]["y"][0].as_f64().expect("an answer");
    assert!((y - 0.36).abs() < 0.1, "{asked}");
    assert!(row["answers"][0]["density"].as_f64() > Some(0.0), "{asked}");
    let table = folder.path().join("questions.csv");
    fs::write(&table, "x\n0.5\n-0.2\n0.9\n")?;
    let asked = json(&["infer", &run, "--data", &text(&table), "--json"])?;
    for (row, x) in asked["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .zip([0.5, -0.2, 0.9])
    {
        let y = row["answers"][0]["y"][0].as_f64().expect("an answer");
        assert!((y - x * x).abs() < 0.1, "{row}");
    }
    for kind in ["enumerate", "descent", "langevin", "evolution"] {
        let set = format!("inference.kind={kind}");
        let asked = json(&["infer", &run, "--x", "0.5", "--json", "--set", &set])?;
        assert_eq!(asked["inference"], kind);
        let y = asked["rows"][0]["answers"][0]["y"][0].as_f64();
        assert!(
            (y.expect("an answer") - 0.25).abs() < 0.1,
            "{kind}: {asked}"
        );
    }
    let said = ravine(&["infer", &run, "--x", "0.5"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.contains("energy") && said.contains("density"),
        "{said}"
    );
    Ok(())
}

/// Resume equals never having stopped, for heads with and without a memory of wrong answers.
#[test]
fn a_resumed_head_writes_the_same_journal_and_card() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let short = [
        "train.epochs=4",
        "train.batch=16",
        "train.save_every=1.0",
        "train.keep=100",
    ];
    let replay = ["negatives.kind=replay", "loss.kind=nll"];
    let latent = [
        "head.kind=latent",
        "head.z.kind=continuous",
        "head.z.l2=0.1",
        "head.z.noise=0.1",
        "optimizer.kind=adamw",
    ];
    for (name, more) in [
        ("replay", &replay[..]),
        ("latent", &latent[..]),
        ("plain", &[]),
    ] {
        let run = folder.path().join(name);
        let sets: Vec<&str> = short.iter().chain(more).copied().collect();
        let card = train("ebm/parabola-b-square-square", &run, &sets)?;
        let whole = journal(&run)?;
        for step in [13_u64, 26] {
            let name = format!("step-{step:06}");
            for entry in fs::read_dir(run.join("checkpoints"))? {
                let path = entry?.path();
                let later = path
                    .file_name()
                    .is_some_and(|n| n.to_string_lossy().as_ref() > name.as_str());
                if later {
                    fs::remove_dir_all(path)?;
                }
            }
            fs::write(run.join("latest"), &name)?;
            fs::remove_file(run.join("card.json"))?;
            let again = json(&["train", "--resume", "--json", "--out", &text(&run)])?;
            assert_eq!(journal(&run)?, whole, "{name}: resumed at step {step}");
            for key in [
                "verdict",
                "flatness",
                "argmin_error",
                "inference_error",
                "e_c",
                "e_i",
            ] {
                assert_eq!(
                    again[key], card[key],
                    "{name}: {key} resumed at step {step}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn heads_over_classes_are_calibrated_compared_and_trained_jointly() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let short = ["train.epochs=20", "data.noise=0.3"];
    let mut runs = Vec::new();
    for (name, loss) in [("nll", "loss.kind=nll"), ("hinge", "loss.kind=hinge")] {
        let sets: Vec<&str> = short.iter().chain([&loss]).copied().collect();
        let card = train("ebm/moons-two-class", &at(name), &sets)?;
        assert!(number(&card, "accuracy") > 0.8, "{card}");
        assert!(number(&card, "majority") < 0.7, "{card}");
        assert!(
            number(&card, "calibrated_nll") <= number(&card, "nll") + 0.05,
            "{card}"
        );
        runs.push(text(&at(name)));
    }
    let joint = text(&at("joint"));
    let written = fs::read_to_string("configs/ebm/moons-two-class.toml")?;
    let pair = "[[heads]]\nkind = \"two_class\"\n\n[[heads]]\nkind = \"multi_class\"\n";
    let written = written.replace("[head]\nkind = \"two_class\"\n", pair);
    let config = at("joint.toml");
    fs::write(&config, written)?;
    let mut arguments = vec![
        "train".to_string(),
        text(&config),
        "--json".into(),
        "--out".into(),
        joint.clone(),
    ];
    for set in short {
        arguments.extend(["--set".to_string(), set.to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let card = json(&arguments)?;
    assert_eq!(card["heads"].as_array().map(Vec::len), Some(2));
    let compared = json(&["compare", &runs[0], &runs[1], "--joint", &joint, "--json"])?;
    assert_eq!(
        compared["models"].as_array().map(Vec::len),
        Some(3),
        "{compared}"
    );
    let names: Vec<&str> = compared["together"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "sum, raw",
            "lower energy, raw",
            "sum, calibrated",
            "lower energy, calibrated"
        ]
    );
    for model in compared["models"].as_array().expect("models") {
        assert!(number(model, "beta") > 0.0, "{model}");
    }
    let asked = json(&["infer", &runs[0], "--x", "0.5,0.2", "--json"])?;
    let sum: f64 = asked["rows"][0]["probabilities"]
        .as_array()
        .expect("probabilities")
        .iter()
        .filter_map(Value::as_f64)
        .sum();
    assert!((sum - 1.0).abs() < 1e-5, "{asked}");
    let parabola = at("parabola");
    train("ebm/parabola-a-energy", &parabola, &["train.epochs=1"])?;
    let refusal = refused(&["compare", &runs[0], &text(&parabola)], 2);
    assert!(refusal.contains("vectors"), "{refusal}");
    Ok(())
}

#[test]
fn a_head_rides_on_a_pretrained_encoder_by_configuration_alone() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let encoder = folder.path().join("encoder");
    pretrain(&encoder, &["--set", "train.epochs=1"])?;
    let from = format!("pretrained.run={}", text(&encoder));
    for freeze in ["true", "false"] {
        let frozen = format!("pretrained.freeze={freeze}");
        let run = folder.path().join(freeze);
        let sets = [from.as_str(), &frozen, "train.epochs=20"];
        let card = train("ebm/digits-probe", &run, &sets)?;
        assert!(number(&card, "accuracy") > 0.5, "{card}");
        let again = json(&["train", "--resume", "--json", "--out", &text(&run)])?;
        assert_eq!(again, card, "a finished run is judged as it was");
        let asked = json(&["infer", &text(&run), "--limit", "3", "--json"])?;
        assert_eq!(asked["rows"].as_array().map(Vec::len), Some(3));
        let load = |folder: &Path| {
            let name = fs::read_to_string(folder.join("latest"))?;
            let path = folder
                .join("checkpoints")
                .join(name.trim())
                .join("model.safetensors");
            Ok::<_, Any>(candle_core::safetensors::load(
                path,
                &candle_core::Device::Cpu,
            )?)
        };
        let (before, after) = (load(&encoder)?, load(&run)?);
        let sets = ["ebm/digits-number", from.as_str(), &frozen];
        ride(&folder.path().join("numbers"), sets)?;
        let same = before
            .iter()
            .filter(|(name, _)| name.starts_with("encoder.") && name.ends_with("weight"))
            .all(|(name, value)| {
                let flat = |t: &candle_core::Tensor| t.flatten_all()?.to_vec1::<f32>();
                matches!((flat(value), flat(&after[name])), (Ok(a), Ok(b)) if a == b)
            });
        assert_eq!(
            same.to_string(),
            freeze,
            "the encoder stays exactly when frozen"
        );
    }
    Ok(())
}

/// Heads that give vectors, on the same encoder: classes that are numbers become answers.
fn ride(run: &Path, [preset, from, frozen]: [&str; 3]) -> Result<(), Any> {
    let latent = [
        "head.kind=latent",
        "head.z.kind=discrete",
        "negatives.kind=none",
        "loss.kind=energy",
    ];
    for (i, more) in [&[][..], &latent].into_iter().enumerate() {
        let out = run.with_extension(format!("{frozen}{i}"));
        let sets: Vec<&str> = [from, frozen, "train.epochs=5"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let card = train(preset, &out, &sets)?;
        assert!(number(&card, "inference_error").is_finite(), "{card}");
        assert!(
            number(&card, "constant_error") > 2.0,
            "digits, in their units: {card}"
        );
        let asked = json(&["infer", &text(&out), "--limit", "2", "--json"])?;
        let truth = asked["rows"][1]["truth"][0].as_f64().expect("a digit");
        assert!((truth - truth.round()).abs() < 1e-4, "{asked}");
        assert!(asked["rows"][1]["id"].is_string(), "{asked}");
    }
    Ok(())
}

#[test]
fn a_price_on_z_is_asked_for() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let sets = ["head.z.dim=2", "head.z.points=5", "train.epochs=1"];
    let card = train("ebm/ellipse-min", &folder.path().join("free"), &sets)?;
    let warned = |card: &Value| card["warnings"].to_string().contains("head.z.l1");
    assert!(warned(&card), "{card}");
    let sets = ["head.z.l2=0.1", sets[0], sets[1], sets[2]];
    let card = train("ebm/ellipse-min", &folder.path().join("priced"), &sets)?;
    assert!(!warned(&card), "{card}");
    Ok(())
}
