//! `train.freeze_epochs`.

use std::collections::BTreeSet;

use super::common::Any;
use super::common::cli::{pretrain, refused};
use super::common::resumed::goes_on_identically;
use super::{saved, sets};

/// Ten steps an epoch; the encoder learns from step 8 on.
const FROZEN: [&str; 4] = [
    "train.freeze_epochs=0.8",
    "train.save_every=0.2",
    "train.keep=100",
    "optimizer.kind=adamw",
];

#[test]
fn a_frozen_encoder_stays_bit_for_bit_and_the_rest_learns() -> Result<(), Any> {
    for executor in ["cpu", "candle"] {
        let folder = tempfile::tempdir()?;
        let run = folder.path().join("run");
        let mut more = vec!["--executor", executor];
        more.extend(sets(&FROZEN));
        pretrain(&run, &more)?;
        let model = |step| saved(&run, step, "model.safetensors");
        let (early, frozen, thawed) = (model(2)?, model(8)?, model(10)?);
        for (name, value) in &early {
            let encoder = name.starts_with("encoder.");
            assert_eq!(*value == frozen[name], encoder, "{executor}: {name}");
            assert_ne!(*value, thawed[name], "{executor}: {name}");
        }
        let kept = saved(&run, 8, "optimizer.safetensors")?;
        assert!(kept.keys().all(|name| name.contains("/projector.")));
    }
    Ok(())
}

#[test]
fn the_first_steps_of_a_thawed_encoder_are_no_longer_than_its_rate() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let sets = [
        "optimizer={kind='adamw',lr=1e-3}",
        "train.decay=constant",
        "train.warmup_epochs=0",
    ];
    let often = [
        "train.freeze_epochs=0.8",
        "train.save_every=0.1",
        "train.keep=100",
    ];
    let more: Vec<&str> = sets
        .iter()
        .chain(&often)
        .flat_map(|set| ["--set", set])
        .collect();
    pretrain(&run, &more)?;
    let (before, after) = (
        saved(&run, 8, "model.safetensors")?,
        saved(&run, 9, "model.safetensors")?,
    );
    for (name, value) in before
        .iter()
        .filter(|(name, _)| name.starts_with("encoder.") && !name.contains("running"))
    {
        let moved = value.iter().zip(&after[name]).map(|(a, b)| (a - b).abs());
        let furthest = moved.fold(0.0, f32::max);
        assert!((5e-4..1.2e-3).contains(&furthest), "{name}: {furthest}");
    }
    Ok(())
}

#[test]
fn a_run_resumed_within_and_behind_the_frozen_part_goes_on_identically() -> Result<(), Any> {
    goes_on_identically(&[2, 10], &FROZEN)
}

#[test]
fn a_frozen_part_without_sense_is_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run").display().to_string();
    let mut told = BTreeSet::new();
    for sets in [
        vec!["train.freeze_epochs=2", "train.epochs=2"],
        vec!["train.freeze_epochs=-1"],
        vec!["train.freeze_epochs=1", "pretrained.run=elsewhere"],
    ] {
        let mut arguments = vec!["pretrain", "digits", "--out", &run];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        let said = refused(&arguments, 2);
        assert!(said.contains("train.freeze_epochs"), "{said}");
        told.insert(said);
    }
    assert_eq!(told.len(), 3);
    Ok(())
}
