//! Another run as starting weights.

use std::path::Path;

use ravine::config::Config;
use ravine::encoders::EncoderKind;
use ravine::encoders::weights::preprocessing;

use super::common::Any;
use super::common::cli::{SMALL, json, pretrain, ravine, refused};
use super::{saved, sets};

const VIT: &str = "encoder={kind='vit',patch=4,width=16,depth=2,heads=2,eps=1e-5}";

/// The encoder of the file.
const AUTO: &str = "encoder={kind='auto'}";

fn named(path: &Path) -> String {
    format!("encoder.weights={}", path.display())
}

/// What a run of no steps from `from` starts with.
fn start(run: &Path, from: &Path) -> Result<Config, Any> {
    let more = [AUTO, &named(from), "train.epochs=0"];
    pretrain(run, &sets(&more))?;
    Ok(Config::of_run(&run.join("config.toml"))?)
}

#[test]
fn a_run_stands_for_what_it_ended_with_and_tells_its_encoder_and_pictures() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let mean = ["augment.mean=[0.25]", "augment.std=[0.5]"];
    let more = [&[VIT, "train.ema=0.5"][..], &mean].concat();
    pretrain(&at("first"), &sets(&more))?;
    // The second keeps its own start, too, and ends elsewhere.
    let more = [AUTO, &named(&at("first")), "train.ema=0.5"];
    let ended = pretrain(&at("second"), &sets(&more))?["checkpoint"].clone();
    let ended = ended.as_str().unwrap_or_default();
    let ended = ended.trim_start_matches("step-").parse()?; // it may have ended with its start
    let other = VIT.replace("heads=2", "heads=4");
    let (weights, out) = (named(&at("second")), at("other").display().to_string());
    let keys = sets(&[&other, &weights]);
    let said = refused(
        &[&["pretrain", "--out", &out][..], SMALL, &keys].concat(),
        2,
    );
    assert!(said.contains("set encoder.heads = 2"), "{said}");
    let config = start(&at("third"), &at("second"))?;
    let EncoderKind::Vit(vit) = &config.encoder else {
        return Err("no transformer".into());
    };
    assert_eq!((vit.heads, vit.eps.to_bits()), (2, 1e-5_f64.to_bits()));
    assert_eq!(config.augment.mean, Some(vec![0.25]));
    assert_eq!(config.augment.std, Some(vec![0.5]));
    let taken = vit.weights.as_deref().unwrap_or_default();
    assert!(taken.ends_with("ema.safetensors"), "{taken}");
    let ended = saved(&at("second"), ended, "ema.safetensors")?;
    let began = saved(&at("third"), 0, "model.safetensors")?;
    let name = "encoder.blocks.1.mlp.fc1.weight";
    assert!(began[name] == ended[name]);
    // Before its first checkpoint there is nothing to take but what it started from, which is not the run.
    std::fs::remove_dir_all(at("second").join("checkpoints"))?;
    std::fs::remove_file(at("second").join("latest"))?;
    let asked = ["weights", "inspect"];
    let second = at("second").display().to_string();
    assert!(!ravine(&[&asked[..], &[&second]].concat()).status.success());
    let third = at("third").display().to_string();
    let shown = json(&[&asked[..], &[&third, "--json"]].concat())?;
    assert_eq!(shown["encoder"]["heads"], 2);
    let path = shown["path"].as_str().unwrap_or_default();
    assert!(path.ends_with("model.safetensors"), "{path}");
    Ok(())
}

#[test]
fn an_exported_file_tells_its_encoder_and_pictures() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let more = [VIT, "augment.mean=[0.25]", "augment.std=[0.5]"];
    pretrain(&at("run"), &sets(&more))?;
    let (run, out) = (at("run"), at("out.safetensors"));
    let run = run.display().to_string();
    let file = out.display().to_string();
    let output = ravine(&["export", &run, "--to", "safetensors", "--out", &file]);
    assert!(output.status.success());
    let known = preprocessing(&out)?.ok_or("nothing told")?;
    assert_eq!((known.mean, known.std), (vec![0.25], vec![0.5]));
    assert_eq!(known.source, "its metadata");
    let config = start(&at("next"), &out)?;
    let EncoderKind::Vit(vit) = &config.encoder else {
        return Err("no transformer".into());
    };
    assert_eq!((vit.heads, vit.eps.to_bits()), (2, 1e-5_f64.to_bits()));
    assert_eq!(config.augment.mean, Some(vec![0.25]));
    Ok(())
}

#[test]
fn a_run_of_adapters_is_to_be_exported_first() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    pretrain(&at("first"), &sets(&[VIT]))?;
    let more = [AUTO, &named(&at("first")), "encoder.lora=2"];
    pretrain(&at("adapted"), &sets(&more))?;
    let out = at("next").display().to_string();
    let weights = named(&at("adapted"));
    let keys = sets(&[AUTO, &weights]);
    let arguments = [&["pretrain", "--out", &out][..], SMALL, &keys].concat();
    let said = refused(&arguments, 2);
    assert!(said.contains("export the run first"), "{said}");
    let file = at("merged.safetensors").display().to_string();
    let run = at("adapted").display().to_string();
    let output = ravine(&["export", &run, "--to", "safetensors", "--out", &file]);
    assert!(output.status.success());
    start(&at("next"), Path::new(&file))?;
    Ok(())
}
