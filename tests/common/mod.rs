//! Reading the golden vectors, for every test that compares with them.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use ravine::random::{Purpose, normal, stream};
use serde_json::Value;

pub mod architectures;
pub mod cli;
pub mod networks;
pub mod resumed;

pub type Any = Box<dyn std::error::Error>;

/// Standard normal draws, the same at every run; `which` tells the tensors of a test apart.
pub fn randn(shape: &[usize], which: u64) -> Result<Tensor, Any> {
    let mut rng = stream(0, Purpose::Check, which, 0, 0);
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| normal(&mut rng) as f32).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// One golden case with its tensors.
pub struct Case {
    pub name: String,
    pub params: Value,
    inputs: HashMap<String, Tensor>,
    outputs: HashMap<String, Tensor>,
    rtol: f64,
    atol: f64,
}

impl Case {
    pub fn input(&self, name: &str) -> Tensor {
        self.inputs
            .get(name)
            .unwrap_or_else(|| panic!("{}: no input {name}", self.name))
            .clone()
    }

    pub fn output(&self, name: &str) -> Tensor {
        self.outputs
            .get(name)
            .unwrap_or_else(|| panic!("{}: no output {name}", self.name))
            .clone()
    }

    pub fn has_output(&self, name: &str) -> bool {
        self.outputs.contains_key(name)
    }

    pub fn number(&self, key: &str) -> f64 {
        self.params[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{}: no number {key}", self.name))
    }

    pub fn usize(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    /// Fails unless `actual` equals the output `name` within the case's tolerance, element by element.
    pub fn check(&self, name: &str, actual: &Tensor) -> Result<(), Any> {
        let expected = self.output(name);
        assert_eq!(
            actual.dims(),
            expected.dims(),
            "{}: shape of {name}",
            self.name
        );
        let flat = |t: &Tensor| t.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
        for (i, (a, e)) in flat(actual)?.iter().zip(flat(&expected)?).enumerate() {
            assert!(
                (a - e).abs() <= self.atol + self.rtol * e.abs(),
                "{}: {name}[{i}] is {a}, expected {e} (rtol {}, atol {})",
                self.name,
                self.rtol,
                self.atol
            );
        }
        Ok(())
    }
}

/// All cases whose names start with `prefix`; fails when there is none.
pub fn cases(prefix: &str) -> Result<Vec<Case>, Any> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let text = std::fs::read_to_string(folder.join("goldens.json"))?;
    let document: Value = serde_json::from_str(&text)?;
    let tensors = candle_core::safetensors::load(folder.join("goldens.safetensors"), &Device::Cpu)?;
    let pick = |names: &Value| -> HashMap<String, Tensor> {
        let names = names.as_object().expect("a map of names");
        names
            .iter()
            .map(|(name, key)| (name.clone(), tensors[key.as_str().expect("a key")].clone()))
            .collect()
    };
    let mut found = Vec::new();
    for case in document["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        if name.starts_with(prefix) {
            found.push(Case {
                name: name.to_string(),
                params: case["params"].clone(),
                inputs: pick(&case["inputs"]),
                outputs: pick(&case["outputs"]),
                rtol: case["tolerance"]["rtol"].as_f64().expect("rtol"),
                atol: case["tolerance"]["atol"].as_f64().expect("atol"),
            });
        }
    }
    assert!(!found.is_empty(), "no golden case starts with {prefix}");
    Ok(found)
}

/// The single case called `name`.
pub fn case(name: &str) -> Result<Case, Any> {
    let found = cases(name)?;
    Ok(found
        .into_iter()
        .find(|case| case.name == name)
        .unwrap_or_else(|| panic!("no golden case {name}")))
}
