//! The networks of timm, torchvision and transformers in `tests/goldens/encoders.json`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, safetensors};
use serde::Deserialize;

use super::Any;

/// A network and what it computes, see `tests/goldens/encoders.py`.
#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub side: usize,
    /// What the names of its last block begin with, and those of one more would.
    pub blocks: [String; 2],
    pub shapes: BTreeMap<String, Vec<usize>>,
    pub features: Vec<Vec<f32>>,
}

pub fn cases() -> Result<Vec<Case>, Any> {
    #[derive(Deserialize)]
    struct Goldens {
        cases: Vec<Case>,
    }
    let text = std::fs::read(Path::new("tests/goldens/encoders.json"))?;
    let goldens: Goldens = serde_json::from_slice(&text)?;
    Ok(goldens.cases)
}

/// The polynomial checksum that zip files have.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// The numbers of the tensor called `name`, in −1/2 .. 1/2.
fn uniform(name: &str, shape: &[usize]) -> Vec<f64> {
    let start = crc32(name.as_bytes());
    let count = shape.iter().product::<usize>() as u32;
    let one = |i: u32| {
        let mixed = start.wrapping_add(i.wrapping_mul(2_654_435_761)) >> 8;
        f64::from(mixed) / f64::from(1 << 24) - 0.5
    };
    (1..=count).map(one).collect()
}

fn value(name: &str, shape: &[usize]) -> Result<Tensor, Any> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let several = shape.iter().filter(|n| **n != 1).count() > 1;
    let fan = shape[1..].iter().product::<usize>().max(1) as f64;
    let scale = ["gamma", "lambda1", "layer_scale"];
    let one = |u: f64| {
        let value = match last {
            _ if several => u * (6.0 / fan).sqrt(),
            "running_var" => 1.0 + u,
            "weight" => 1.0 + u / 4.0,
            last if scale.iter().any(|part| last.contains(part)) => u,
            _ => u / 5.0,
        };
        value as f32
    };
    let values: Vec<f32> = uniform(name, shape).into_iter().map(one).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

impl Case {
    /// The file of its weights in `folder`.
    pub fn file(&self, folder: &Path) -> Result<PathBuf, Any> {
        let mut values = HashMap::new();
        for (name, shape) in &self.shapes {
            values.insert(name.clone(), value(name, shape)?);
        }
        let path = folder.join(format!("{}.safetensors", self.name));
        safetensors::save(&values, &path)?;
        Ok(path)
    }

    pub fn images(&self) -> Result<Tensor, Any> {
        let shape = [2, 3, self.side, self.side];
        let values = uniform("images", &shape).into_iter();
        let values: Vec<f32> = values.map(|u| (4.0 * u) as f32).collect();
        Ok(Tensor::from_vec(values, &shape, &Device::Cpu)?)
    }

    /// The largest difference of `features` from the golden ones, relative to the largest of those.
    pub fn gap(&self, features: &Tensor) -> Result<f32, Any> {
        let expected: Vec<f32> = self.features.concat();
        let found: Vec<f32> = features.flatten_all()?.to_vec1()?;
        assert_eq!(found.len(), expected.len(), "{}", self.name);
        let largest = expected.iter().fold(1.0_f32, |top, v| top.max(v.abs()));
        let pairs = found.iter().zip(&expected);
        Ok(pairs.fold(0.0_f32, |gap, (a, b)| gap.max((a - b).abs())) / largest)
    }
}
