//! Runs sized by the data, the machine and a budget.

use std::fs;
use std::path::Path;

use image::{ImageBuffer, Luma, RgbImage};
use ravine::assembly::Recipe;
use ravine::config::Config;
use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{journal, ravine, refused};
use crate::{said, text};

/// Two classes of `count` images of 40 by 30 pixels each.
fn photos(at: &Path, count: u32) -> Result<String, Any> {
    for class in ["a", "b"] {
        fs::create_dir_all(at.join(class))?;
        for i in 0..count {
            let image = RgbImage::from_fn(40, 30, |x, y| {
                image::Rgb([(x * 5 + i) as u8, (y * 7) as u8, (i * 13) as u8])
            });
            image.save(at.join(class).join(format!("{i:02}.png")))?;
        }
    }
    Ok(at.to_string_lossy().into_owned())
}

fn resolved(run: &Path) -> Result<Config, Any> {
    Ok(Config::of_run(&run.join("config.toml"))?)
}

#[test]
fn a_budget_chooses_the_epochs_and_what_it_chose_is_saved() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = photos(&folder.path().join("photos"), 30)?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    let with = |budget: &str| {
        said(&[
            "pretrain",
            "--data",
            &data,
            "--out",
            &out,
            "--force",
            "--budget",
            budget,
            "--set",
            "encoder.width=4",
        ])
    };
    // 60 images less a test and a validation part make two batches of 16.
    assert!(with("200").contains("train.epochs 6: 32 images an epoch"));
    assert_eq!(resolved(&run)?.train.epochs, 6);
    with("3s");
    assert!(resolved(&run)?.train.epochs >= 1);
    for (arguments, part) in [
        (vec!["--budget", "ten"], "10m"),
        (
            vec!["--budget", "10m", "--set", "train.epochs=3"],
            "--budget",
        ),
    ] {
        let all = [&["pretrain", "--data", &data][..], &arguments].concat();
        assert!(refused(&all, 2).contains(part), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn what_is_kept_decoded_changes_nothing_that_is_learned() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = photos(&folder.path().join("photos"), 20)?;
    let losses = |kept: &str| -> Result<Vec<Value>, Any> {
        let run = folder.path().join(kept);
        let out = run.to_string_lossy().into_owned();
        let set = format!("data.keep_decoded={kept}");
        let arguments = ["pretrain", "--data", &data, "--out", &out, "--set", &set];
        let small = ["--set", "encoder.width=4", "--set", "train.epochs=3"];
        said(&[&arguments[..], &small].concat());
        journal(&run)
    };
    let (none, all) = (losses("0")?, losses("64")?);
    assert!(none.len() > 3, "{none:?}");
    assert_eq!(none, all);
    Ok(())
}

#[test]
fn labelled_images_without_a_configuration_make_a_classifier() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = photos(&folder.path().join("photos"), 20)?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    let arguments = [
        "train",
        "--data",
        &data,
        "--out",
        &out,
        "--set",
        "encoder.width=4",
    ];
    let output = ravine(&[&arguments[..], &["--set", "train.epochs=1"]].concat());
    let said = text(&output.stderr);
    assert!(
        output.status.success() && said.contains("train.batch 16"),
        "{said}"
    );
    let config = resolved(&run)?;
    assert_eq!(
        (config.method.as_str(), config.augment.size),
        ("classifier", 32)
    );
    Ok(())
}

#[test]
fn deep_images_are_white_where_their_values_end() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for i in 0..20_u16 {
        let image = ImageBuffer::from_fn(16, 16, |x, y| Luma([(x * y) as u16 * 13 + i]));
        image.save(folder.path().join(format!("{i}.png")))?;
    }
    let source = toml::Value::String(folder.path().display().to_string());
    let preset = Config::load(Some("simclr"), &[format!("data.source={source}")])?;
    let recipe = Recipe::fit(preset.clone())?;
    assert_eq!(recipe.config.data.range, Some(4096));
    assert!(
        recipe
            .reasons
            .iter()
            .any(|why| why.contains("values up to 2944")),
        "{:?}",
        recipe.reasons
    );
    let given = preset.with(&["data.range=65535".into()])?;
    assert_eq!(Recipe::fit(given)?.config.data.range, Some(65535));
    Ok(())
}
