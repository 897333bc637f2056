//! Files with several sets of weights.

use std::collections::HashMap;

use candle_core::{Tensor, safetensors};
use ravine::encoders::weights;

use super::common::cli::refused;
use super::common::{Any, randn};
use super::{gap, load, network, small_resnet, values};

/// A file of two sets below `first` and `second`, trained from seeds 1 and 2.
fn two(first: &str, second: &str) -> Result<HashMap<String, Tensor>, Any> {
    let (a, b) = (
        network(&small_resnet(), 16, 1)?,
        network(&small_resnet(), 16, 2)?,
    );
    let mut file = values(&a, |name| format!("{first}{name}"));
    file.extend(values(&b, |name| format!("{second}{name}")));
    Ok(file)
}

#[test]
fn of_two_sets_the_one_that_authors_evaluate_is_taken() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("two.safetensors");
    let x = randn(&[2, 3, 16, 16], 0)?;
    let a = network(&small_resnet(), 16, 1)?.eval(&x, "features")?;
    let b = network(&small_resnet(), 16, 2)?.eval(&x, "features")?;
    for (right, other) in [
        ("module.encoder_q.", "module.encoder_k."),
        ("teacher.", "student."),
        ("model_ema.", "model."),
        ("backbone.", "student_backbone_momentum."),
        (
            "teacher_embedding_model._model.",
            "student_embedding_model._model.",
        ),
    ] {
        safetensors::save(&two(right, other)?, &path)?;
        let fresh = network(&small_resnet(), 16, 3)?;
        let found = load(&path, &fresh)?;
        assert_eq!(gap(&fresh.eval(&x, "features")?, &a)?, 0.0, "{found}");
        let other = other.trim_end_matches('.');
        assert_eq!(found.prefix, right);
        assert_eq!(found.others, [other]);
        let advice = format!("`encoder.weights_key = \"{other}\"` takes it");
        assert!(found.to_string().contains(&advice), "{found}");
        // The key takes the other, by all of its name or by a part.
        for key in [other, other.rsplit('.').next().unwrap_or_default()] {
            let chosen = network(&small_resnet(), 16, 3)?;
            weights::load(&path, Some(key), chosen.graph(), "", chosen.params())?;
            if key != "_model" {
                assert_eq!(gap(&chosen.eval(&x, "features")?, &b)?, 0.0, "{key}");
            }
        }
    }
    Ok(())
}

#[test]
fn an_unknown_key_is_refused_with_the_sets_that_are_there() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("two.safetensors");
    safetensors::save(&two("teacher.", "student.")?, &path)?;
    let weights = format!("encoder.weights={}", path.display());
    let run = folder.path().join("run");
    let run = run.to_str().expect("a path");
    let mut arguments = vec!["pretrain", "digits", "--out", run];
    for set in [
        "encoder={kind='resnet',depth=10,width=4}",
        weights.as_str(),
        "encoder.weights_key=tutor",
        "augment.size=16",
    ] {
        arguments.extend(["--set", set]);
    }
    let said = refused(&arguments, 2);
    for part in ["encoder.weights_key", "`tutor`", "`student`", "`teacher`"] {
        assert!(said.contains(part), "{said}");
    }
    let alone = [
        "pretrain",
        "digits",
        "--out",
        run,
        "--set",
        "encoder={kind='resnet',weights_key='a'}",
    ];
    let said = refused(&alone, 2);
    assert!(said.contains("give `encoder.weights` too"), "{said}");
    Ok(())
}
