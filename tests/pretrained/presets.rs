//! The presets that go on from given weights.

use std::fs;
use std::path::Path;

use image::RgbImage;
use ravine::assembly::image_network;
use ravine::config::{Config, PRESETS};
use ravine::judge::causes::causes;
use serde_json::Value;

use super::common::Any;
use super::common::cli::{pretrain, ravine, refused};
use super::{saved, sets};

/// Photographs of two classes, 60 by 50 pixels.
fn photos(at: &Path) -> Result<String, Any> {
    for (class, factor) in [("a", 3), ("b", 7)] {
        fs::create_dir_all(at.join(class))?;
        for i in 0..24 {
            let image = RgbImage::from_fn(60, 50, |x, y| {
                image::Rgb([(x * factor + i) as u8, (y * factor) as u8, (i * 13) as u8])
            });
            image.save(at.join(class).join(format!("{i:02}.png")))?;
        }
    }
    Ok(at.display().to_string())
}

#[test]
fn each_goes_on_from_a_file_with_its_encoder_and_ends_no_worse() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = photos(&folder.path().join("photos"))?;
    let from = folder.path().join("from");
    let small = [
        "encoder.depth=10",
        "encoder.width=4",
        "encoder.stem=imagenet",
        "augment.size=32",
    ];
    let more = [
        &small[..],
        &["train.epochs=1", "train.batch=16", "probe.every=0"],
    ]
    .concat();
    let out = from.display().to_string();
    let arguments = [
        &["pretrain", "simclr", "--data", &data, "--out", &out][..],
        &sets(&more),
    ]
    .concat();
    assert!(ravine(&arguments).status.success());
    let step = fs::read_to_string(from.join("latest"))?;
    let weights = from
        .join("checkpoints")
        .join(step.trim())
        .join("model.safetensors");
    let named = format!("encoder.weights={}", weights.display());
    let mut seen = 0;
    for (name, _) in PRESETS
        .iter()
        .filter(|(name, _)| name.starts_with("continue-"))
    {
        let run = folder.path().join(name);
        let out = run.display().to_string();
        let keys = [
            named.as_str(),
            "train.epochs=2",
            "train.batch=16",
            "augment.size=32",
            "projector.hidden=[16]",
            "projector.output=16",
            "augment.views=[{count=2,ops=[{kind='random_resized_crop'}]}]",
        ];
        let arguments = [
            &["pretrain", name, "--json", "--data", &data, "--out", &out][..],
            &sets(&keys),
        ]
        .concat();
        let output = ravine(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        assert!(
            said.contains("parameters taken") && said.contains("the encoder learns too"),
            "{said}"
        );
        let card: Value = serde_json::from_slice(&output.stdout)?;
        let state = run
            .join("checkpoints")
            .join(card["checkpoint"].as_str().unwrap_or_default());
        let state: Value = serde_json::from_str(&fs::read_to_string(state.join("state.json"))?)?;
        let best = state["best"][1].as_f64();
        assert!(
            best.is_some() && best >= state["start"].as_f64(),
            "{name}: {state}"
        );
        let config = Config::of_run(&run.join("config.toml"))?;
        assert_eq!((config.encoder.name(), config.augment.size), ("resnet", 32));
        seen += 1;
    }
    assert_eq!(seen, 3);
    Ok(())
}

#[test]
fn without_weights_they_are_refused_with_the_key() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = photos(&folder.path().join("photos"))?;
    let run = folder.path().join("run").display().to_string();
    let said = refused(
        &[
            "pretrain",
            "continue-vicreg",
            "--data",
            &data,
            "--out",
            &run,
        ],
        2,
    );
    assert!(said.contains("encoder.weights"), "{said}");
    Ok(())
}

#[test]
fn weights_among_the_keys_keep_the_encoder_that_tiny_images_would_change() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (from, run) = (folder.path().join("from"), folder.path().join("run"));
    let small = "encoder={kind='resnet',depth=10,width=2,stem='imagenet'}";
    pretrain(
        &from,
        &sets(&[small, "train.save_every=9", "train.epochs=1"]),
    )?;
    let file = saved(&from, 10, "model.safetensors")?;
    assert!(file.contains_key("encoder.layer4.0.conv1.weight"));
    let data = folder.path().join("tiny");
    for i in 0..40 {
        fs::create_dir_all(&data)?;
        let image = image::GrayImage::from_fn(10, 10, |x, y| image::Luma([(x * y + i) as u8]));
        image.save(data.join(format!("{i:02}.png")))?;
    }
    let weights = from.join("checkpoints/step-000010/model.safetensors");
    let encoder = format!(
        "encoder={{kind='resnet',depth=10,width=2,stem='imagenet',weights='{}'}}",
        weights.display()
    );
    let (data, out) = (data.display().to_string(), run.display().to_string());
    let keys = [
        encoder.as_str(),
        "train.epochs=1",
        "augment.size=16",
        "data.channels=1",
    ];
    let arguments = [
        &["pretrain", "simclr", "--data", &data, "--out", &out][..],
        &sets(&keys),
    ]
    .concat();
    let output = ravine(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("no image that is probed has a label"),
        "{said}"
    );
    let config = Config::of_run(&run.join("config.toml"))?;
    assert_eq!((config.encoder.name(), config.augment.size), ("resnet", 16));
    Ok(())
}

#[test]
fn sizes_that_patches_do_not_tile_are_named_with_those_that_they_do() -> Result<(), Any> {
    let encoder = "encoder={kind='vit',patch=14,width=16,depth=1,heads=2}".to_string();
    let made = |sets: &[String]| -> ravine::error::Result<()> {
        let config = Config::load(Some("continue-dino"), sets)?;
        image_network(&config, 3).map(|_| ())
    };
    let refused = made(std::slice::from_ref(&encoder)).expect_err("patches that do not tile");
    let said = refused.to_string();
    let advice = "--set augment.size=70 (or 56) --set augment.views.1.size=28 (or 42)";
    assert!(said.contains(advice), "{said}");
    assert_eq!(refused.exit_code(), 2);
    let sizes = ["augment.size=70", "augment.views.1.size=28"].map(String::from);
    made(&[&[encoder][..], &sizes].concat())?;
    let nowhere = Config::load(Some("continue-dino"), &["augment.views.2.size=28".into()]);
    let said = nowhere.expect_err("two groups of views").to_string();
    assert!(said.contains("set it whole"), "{said}");
    Ok(())
}

#[test]
fn a_target_that_starts_from_given_weights_may_stand_still() -> Result<(), Any> {
    let of = |encoder: &str| -> Result<Vec<String>, Any> {
        let config = Config::load(Some("continue-dino"), &[encoder.into()])?;
        let found = causes(&config, 1000)?.into_iter();
        Ok(found.map(|cause| cause.name).collect())
    };
    let still = "still_target".to_string();
    assert!(of("encoder={kind='resnet'}")?.contains(&still));
    assert!(!of("encoder={kind='resnet',weights='r.pth'}")?.contains(&still));
    Ok(())
}
