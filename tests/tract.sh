#!/usr/bin/env bash
# Every op and every encoder as ONNX in tract, a runtime in Rust: what it computes is compared with ravine's.
#
#   tests/tract.sh
#
# tract is no dependency of the tests, since it takes minutes to build; it is built as a crate of its own below target/.
set -euo pipefail
cd "$(dirname "$0")/.."

crate=${CARGO_TARGET_DIR:-$PWD/target}/tract
mkdir -p "$crate/src"
rm -rf "$crate/networks"
mkdir "$crate/networks"
RAVINE_ONNX_FOLDER="$crate/networks" cargo test --test export graphs

cat >"$crate/Cargo.toml" <<'TOML'
[package]
name = "in-tract"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
serde_json = "1"
tract-onnx = "0.23"
TOML
cat >"$crate/src/main.rs" <<'RUST'
use std::path::Path;

use tract_onnx::prelude::*;

fn floats(path: &Path) -> TractResult<Vec<f32>> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// The largest gap between what tract computes and what is expected, relative to the largest number or 1.
fn gap(path: &Path) -> TractResult<f32> {
    let shape: Vec<usize> = serde_json::from_str(&std::fs::read_to_string(path.with_extension("json"))?)?;
    let x = floats(&path.with_extension("in.f32"))?;
    let model = onnx().model_for_path(path)?;
    let model = model.with_input_fact(0, f32::fact(&shape).into())?.into_optimized()?.into_runnable()?;
    let found = model.run(tvec!(Tensor::from_shape(&shape, &x)?.into_tvalue()))?;
    let found = found.last().expect("an output").cast_to::<f32>()?.into_owned();
    let found: Vec<f32> = found.to_plain_array_view::<f32>()?.iter().copied().collect();
    let expected = floats(&path.with_extension("expected.f32"))?;
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(1.0_f32, |most, e| most.max(e.abs()));
    let gaps = found.iter().zip(&expected).map(|(a, b)| (a - b).abs() / scale);
    Ok(gaps.fold(0.0, f32::max))
}

fn main() -> TractResult<()> {
    let mut paths = Vec::new();
    for folder in std::env::args().skip(1) {
        for entry in std::fs::read_dir(folder)? {
            paths.push(entry?.path());
        }
    }
    paths.retain(|path| path.extension().is_some_and(|e| e == "onnx"));
    paths.sort();
    let mut failed = 0;
    for path in &paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match gap(path) {
            Ok(gap) if gap <= 1e-4 => println!("{name}: equal to {gap:.1e}"),
            Ok(gap) => {
                failed += 1;
                println!("{name}: DIFFERS by {gap:.1e}");
            }
            Err(error) => {
                failed += 1;
                println!("{name}: FAILS: {error:?}");
            }
        }
    }
    println!("{} networks, {failed} not as they should be", paths.len());
    std::process::exit(i32::from(failed > 0));
}
RUST
cargo run --quiet --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target" -- "$crate"/networks/*
