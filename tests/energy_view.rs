//! The energy between images: previews of views, what augmentations cost, wrong answers that look right.

mod common;

use std::fs;
use std::path::Path;

use common::Any;
use common::cli::{journal, json, pretrain, refused};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_preview_shows_the_views_of_the_configuration() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let preview = |out: &Path, more: &[&str]| {
        let out = text(out);
        let fixed = [
            "data", "preview", "digits", "--images", "3", "--json", "--out", &out,
        ];
        json(&[&fixed[..], more].concat())
    };
    let said = preview(&a, &[])?;
    assert_eq!(said["images"], 3);
    let picture = image::open(a.join("views.png"))?.to_rgb8();
    assert!(picture.width() > 500 && picture.height() > 200);
    let svg = fs::read_to_string(a.join("views.svg"))?;
    assert_eq!(
        svg.matches("<image").count(),
        3 * 3,
        "an image and two views, three times"
    );
    preview(&b, &[])?;
    assert_eq!(
        fs::read(a.join("views.png"))?,
        fs::read(b.join("views.png"))?
    );
    let there = refused(&["data", "preview", "digits", "--out", &text(&b)], 2);
    assert!(
        there.contains("views.svg") && there.contains("--force"),
        "{there}"
    );
    preview(&b, &["--epoch", "1", "--force"])?;
    assert_ne!(
        fs::read(a.join("views.png"))?,
        fs::read(b.join("views.png"))?
    );
    for (arguments, wanted) in [
        (vec!["--images", "0"], "1 to 100"),
        (vec!["--set", "augment.views=[]"], "makes no view"),
        (vec!["--set", "data.source=two_moons"], "table"),
    ] {
        let refusal = refused(
            &[&["data", "preview", "digits"], &arguments[..]].concat(),
            2,
        );
        assert!(refusal.contains(wanted), "{refusal}");
    }
    Ok(())
}

#[test]
fn an_augmentation_costs_energy_and_nothing_costs_nothing() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let ops = "augment.views=[{count=2,ops=[{kind='affine',degrees=12.0,translate=0.1},{kind='grayscale',p=0.5}]}]";
    pretrain(&run, &["--set", ops])?;
    let found = json(&[
        "eval",
        "invariance",
        &text(&run),
        "--images",
        "100",
        "--json",
    ])?;
    assert_eq!(
        (found["images"].as_u64(), &found["part"]),
        (Some(100), &Value::from("validation"))
    );
    let (same, other) = (number(&found["same_image"]), number(&found["other_images"]));
    assert!(same.abs() < 1e-6 && other > 0.3, "{found}");
    let rows = found["augmentations"].as_array().expect("rows");
    let of = |name: &str| rows.iter().find(|row| row["name"] == name).expect("a row");
    assert_eq!(rows.len(), 3);
    // Digits are grey already.
    assert!(number(&of("grayscale")["cost"]).abs() < 1e-6, "{found}");
    let affine = of("affine");
    assert!(
        number(&affine["cost"]) > 0.01 && number(&affine["share"]) < 1.0,
        "{found}"
    );
    let cost = number(&affine["cost"]) / (other - same);
    assert!((cost - number(&affine["share"])).abs() < 1e-9);
    assert!(
        (number(&of("all")["cost"]) / number(&affine["cost"]) - 1.0).abs() < 0.3,
        "{found}"
    );
    Ok(())
}

#[test]
fn wrong_answers_of_lowest_energy_are_listed_by_class_and_drawn() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &[])?;
    let arguments = [
        "eval",
        "negatives",
        &text(&run),
        "--images",
        "120",
        "--pairs",
        "6",
        "--json",
    ];
    let found = json(&arguments)?;
    assert!(
        (0.0..1.0).contains(&number(&found["share_as_low_as_right"])),
        "{found}"
    );
    for (list, equal) in [
        ("likely_false_negatives", true),
        ("hardest_negatives", false),
    ] {
        let pairs = found[list].as_array().expect("pairs");
        assert_eq!(pairs.len(), 6, "{found}");
        let mut seen = Vec::new();
        let mut lowest = f64::NEG_INFINITY;
        for pair in pairs {
            assert_eq!(pair["classes"][0] == pair["classes"][1], equal, "{pair}");
            assert!(number(&pair["energy"]) >= lowest, "lowest first");
            lowest = number(&pair["energy"]);
            seen.extend([pair["ids"][0].to_string(), pair["ids"][1].to_string()]);
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 12, "an image stands in a list once");
    }
    let svg = fs::read_to_string(run.join("figures/negatives.svg"))?;
    assert_eq!(svg.matches("<image").count(), 2 * 12);
    image::open(run.join("figures/negatives.png"))?;
    let refusal = refused(&["eval", "negatives", &text(&run), "--images", "1"], 2);
    assert!(refusal.contains("two or more"), "{refusal}");
    Ok(())
}

#[test]
fn probes_journal_how_energies_are_distributed() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &[])?;
    let lines = journal(&run)?;
    let probes: Vec<&Value> = lines
        .iter()
        .filter(|line| line["positive_histogram"].is_array())
        .collect();
    assert!(probes.len() > 2);
    for probe in &probes {
        assert_eq!(
            probe["energy_range"],
            serde_json::json!([0.0, 2.0]),
            "cosine energies"
        );
        let mut means = Vec::new();
        for name in ["positive_histogram", "negative_histogram"] {
            let shares: Vec<f64> = serde_json::from_value(probe[name].clone())?;
            assert_eq!(shares.len(), 20);
            assert!(
                (shares.iter().sum::<f64>() - 1.0).abs() < 0.01,
                "{shares:?}"
            );
            let middle = shares
                .iter()
                .enumerate()
                .map(|(i, s)| s * (i as f64 + 0.5) * 0.1);
            means.push(middle.sum::<f64>());
        }
        let gap = number(&probe["energy_gap"]);
        assert!(
            (means[1] - means[0] - gap).abs() < 0.06,
            "{means:?}, gap {gap}"
        );
    }
    Ok(())
}
