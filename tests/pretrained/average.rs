//! `train.ema`.

use std::fs;
use std::path::Path;

use super::common::Any;
use super::common::cli::{json, pretrain, ravine, refused};
use super::common::resumed::goes_on_identically;
use super::{saved, sets};

const OFTEN: [&str; 3] = ["train.ema=0.9", "train.save_every=0.1", "train.keep=100"];

#[test]
fn a_few_steps_average_as_the_closed_form_says() -> Result<(), Any> {
    for executor in ["cpu", "candle"] {
        let folder = tempfile::tempdir()?;
        let (run, start) = (folder.path().join("run"), folder.path().join("start"));
        pretrain(
            &run,
            &[&sets(&OFTEN)[..], &["--executor", executor]].concat(),
        )?;
        pretrain(&start, &sets(&["train.epochs=0"]))?;
        let start = saved(&start, 0, "model.safetensors")?;
        let steps = (1..=5).map(|step| saved(&run, step, "model.safetensors"));
        let steps: Vec<_> = steps.collect::<Result<_, Any>>()?;
        for (name, average) in saved(&run, 5, "ema.safetensors")? {
            for (i, &value) in average.iter().enumerate() {
                if name.contains("running_") {
                    assert_eq!(value, steps[4][&name][i], "{name}");
                    continue;
                }
                let kept = 0.9_f64.powi(5) * f64::from(start[&name][i]);
                let taken = steps
                    .iter()
                    .zip(1..)
                    .map(|(step, n)| 0.1 * 0.9_f64.powi(5 - n) * f64::from(step[&name][i]));
                let expected = kept + taken.sum::<f64>();
                assert!(
                    (f64::from(value) - expected).abs() < 1e-6,
                    "{name}: {value}, expected {expected}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn an_average_goes_on_identically_also_behind_a_frozen_part() -> Result<(), Any> {
    goes_on_identically(&[2, 10], &["train.ema=0.95", "train.freeze_epochs=0.5"])
}

/// The embeddings that `ravine embed` writes of the digits, and what it says.
fn embedded(run: &Path, more: &[&str]) -> Result<(Vec<u8>, String), Any> {
    let out = run.with_extension("npy").display().to_string();
    let run = run.display().to_string();
    let output = ravine(&[&["embed", &run, "--part", "test", "--out", &out][..], more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    Ok((fs::read(out)?, said))
}

#[test]
fn commands_use_the_average_and_say_so_unless_the_raw_weights_are_asked_for() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let card = pretrain(&run, &sets(&OFTEN))?;
    let text = run.display().to_string();
    let probed = json(&["probe", &text, "--labels-per-class", "10", "--json"])?;
    assert_eq!(
        probed["accuracy"]["pretrained"],
        card["probe"]["accuracy"]["pretrained"]
    );
    let (average, said) = embedded(&run, &[])?;
    assert!(
        said.contains("moving average of the weights (train.ema 0.9)"),
        "{said}"
    );
    let (raw, said) = embedded(&run, &["--raw"])?;
    assert!(said.contains("--raw"), "{said}");
    assert_ne!(average, raw);
    let name = fs::read_to_string(run.join("latest"))?;
    let checkpoint = run.join("checkpoints").join(name.trim());
    fs::rename(
        checkpoint.join("ema.safetensors"),
        checkpoint.join("model.safetensors"),
    )?;
    assert_eq!(embedded(&run, &[])?.0, average);
    Ok(())
}

#[test]
fn an_average_out_of_range_is_refused() {
    for value in ["1", "-0.1"] {
        let said = refused(
            &["pretrain", "digits", "--set", &format!("train.ema={value}")],
            2,
        );
        assert!(said.contains("train.ema"), "{said}");
    }
}
