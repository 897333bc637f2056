//! `--simd` and RAVINE_SIMD of `doctor` and `bench`.

mod common;

use common::Any;
use common::cli::{json, refused};
use serde_json::Value;

/// The levels, the lowest first.
const LEVELS: [&str; 3] = ["portable", "avx2", "avx512"];

/// A command with RAVINE_SIMD set: exit code, standard output, standard error.
fn with_env(level: &str, arguments: &[&str]) -> Result<(Option<i32>, Vec<u8>, String), Any> {
    let mut command = assert_cmd::Command::cargo_bin("ravine")?;
    let output = command.env("RAVINE_SIMD", level).args(arguments).output()?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((output.status.code(), output.stdout, error))
}

#[test]
fn doctor_is_right_at_every_level_of_this_processor_and_refuses_those_above() -> Result<(), Any> {
    let found = json(&["doctor", "--json"])?;
    assert_eq!(found["simd"], found["simd_found"]);
    let best = LEVELS.iter().position(|level| found["simd"] == *level);
    let best = best.ok_or("a level of the list")?;
    for (i, level) in LEVELS.into_iter().enumerate() {
        let arguments = ["doctor", "--json", "--simd", level];
        if i > best {
            let refusal = refused(&arguments, 2);
            assert!(refusal.contains(LEVELS[best]), "{refusal}");
            continue;
        }
        let held = json(&arguments)?;
        assert_eq!(held["simd"], level);
        assert_eq!(held["simd_found"], found["simd"]);
        let bf16 = if i == best {
            found["bf16"].clone()
        } else {
            Value::Null
        };
        assert_eq!(held["bf16"], bf16, "matrix units belong to the best level");
        let operations = held["operations"].as_array();
        assert!(operations.is_some_and(|all| all.iter().all(|op| op["ok"] == true)));
    }
    Ok(())
}

#[test]
fn the_environment_speaks_where_the_command_line_does_not() -> Result<(), Any> {
    let bench = ["bench", "--json", "--batch", "8", "--seconds", "0.05"];
    let (code, out, error) = with_env("portable", &bench)?;
    assert_eq!(code, Some(0), "{error}");
    let report: Value = serde_json::from_slice(&out)?;
    assert_eq!(report["simd"], "portable");
    let given = [&bench[..], &["--simd", "portable"]].concat();
    let (code, _, error) = with_env("sse9", &given)?;
    assert_eq!(code, Some(0), "{error}");
    for command in ["bench", "doctor"] {
        let (code, _, error) = with_env("sse9", &[command])?;
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("sse9") && error.contains("avx2"), "{error}");
    }
    Ok(())
}

#[test]
fn what_would_not_be_followed_is_refused() {
    let held = ["--simd", "portable"];
    for (arguments, word) in [
        (&["bench", "--executor", "candle"][..], "candle"),
        (&["doctor", "--executor", "candle"], "candle"),
        (&["bench", "augment"], "augmentation"),
        (&["bench", "--precision", "bf16"], "bfloat16"),
    ] {
        let refusal = refused(&[arguments, &held].concat(), 2);
        assert!(refusal.contains(word), "{refusal}");
    }
    refused(&["doctor", "--simd", "sse9"], 2);
}
