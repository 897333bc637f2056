//! A run that diverges says where, and saves nothing that is not finite.

mod common;

use std::fs;

use candle_core::Device;
use common::Any;
use common::cli::{SMALL, journal, pretrain, refused};

#[test]
fn what_is_not_finite_stops_the_run_and_is_not_saved() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    let mut arguments = vec!["pretrain", "--out", &out];
    arguments.extend(SMALL);
    let broken = [
        "optimizer.lr=1e30",
        "optimizer.kind=sgd",
        "train.save_every=0.1",
    ];
    arguments.extend(broken.iter().flat_map(|set| ["--set", set]));
    let error = refused(&arguments, 1);
    for words in [
        "at step ",
        "digits#",
        "last good checkpoint is",
        "optimizer.lr",
    ] {
        assert!(error.contains(words), "`{words}` is missing in: {error}");
    }
    let mut saved = 0;
    for entry in fs::read_dir(run.join("checkpoints"))? {
        let model = entry?.path().join("model.safetensors");
        for (name, tensor) in candle_core::safetensors::load(model, &Device::Cpu)? {
            let sum = tensor.abs()?.sum_all()?.to_scalar::<f32>()?;
            assert!(sum.is_finite(), "{name}");
            saved += 1;
        }
    }
    assert!(saved > 0);
    assert!(!run.join("card.json").exists());
    Ok(())
}

#[test]
fn a_kind_named_after_its_keys_keeps_them() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let (kind, rate) = (
        ["--set", "optimizer.kind=sgd"],
        ["--set", "optimizer.lr=0.01"],
    );
    pretrain(&a, &[kind, rate].concat())?;
    pretrain(&b, &[rate, kind].concat())?;
    assert_eq!(journal(&a)?, journal(&b)?);
    Ok(())
}
