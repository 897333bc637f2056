//! Both executors train the same network to the same losses.

mod common;

use common::Any;
use common::cli::{journal, pretrain};

#[test]
fn two_hundred_steps_on_digits_agree_between_the_executors() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut losses = Vec::new();
    for executor in ["candle", "cpu"] {
        let run = folder.path().join(executor);
        // Steps small enough that rounding flips no ReLU: at ten times this rate the runs part by more than
        // 1e-3 after some thirty steps.
        let more = [
            "--executor",
            executor,
            "--set",
            "train.epochs=20",
            "--set",
            "probe.every=0",
            "--set",
            "optimizer.lr=0.0002",
        ];
        pretrain(&run, &more)?;
        let lines = journal(&run)?;
        let of_run: Vec<f64> = lines
            .iter()
            .filter_map(|line| line["loss"].as_f64())
            .collect();
        losses.push(of_run);
    }
    assert!(losses[0].len() >= 200 && losses[0].len() == losses[1].len());
    for (step, (a, b)) in losses[0].iter().zip(&losses[1]).enumerate() {
        assert!(
            (a - b).abs() < 1e-3,
            "step {}: candle {a}, cpu {b}",
            step + 1
        );
    }
    assert!(losses[0][199] < losses[0][0] - 0.1, "nothing was learned");
    Ok(())
}
