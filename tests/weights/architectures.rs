//! Encoders of timm, torchvision and transformers: the architecture is read from the file, the features are theirs.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor, safetensors};
use ravine::encoders::{EncoderKind, architecture, weights};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Network};
use ravine::params::Params;
use serde::Deserialize;

use crate::common::Any;

/// A network and what it computes, see `tests/goldens/encoders.py`.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) side: usize,
    /// What the names of its last block begin with, and those of one more would.
    pub(crate) blocks: [String; 2],
    pub(crate) shapes: BTreeMap<String, Vec<usize>>,
    pub(crate) features: Vec<Vec<f32>>,
}

pub(crate) fn cases() -> Result<Vec<Case>, Any> {
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
    pub(crate) fn file(&self, folder: &Path) -> Result<std::path::PathBuf, Any> {
        let mut values = HashMap::new();
        for (name, shape) in &self.shapes {
            values.insert(name.clone(), value(name, shape)?);
        }
        let path = folder.join(format!("{}.safetensors", self.name));
        safetensors::save(&values, &path)?;
        Ok(path)
    }

    pub(crate) fn images(&self) -> Result<Tensor, Any> {
        let shape = [2, 3, self.side, self.side];
        let values = uniform("images", &shape).into_iter();
        let values: Vec<f32> = values.map(|u| (4.0 * u) as f32).collect();
        Ok(Tensor::from_vec(values, &shape, &Device::Cpu)?)
    }

    /// The largest difference of `features` from the golden ones, relative to the largest of those.
    pub(crate) fn gap(&self, features: &Tensor) -> Result<f32, Any> {
        let expected: Vec<f32> = self.features.concat();
        let found: Vec<f32> = features.flatten_all()?.to_vec1()?;
        assert_eq!(found.len(), expected.len(), "{}", self.name);
        let largest = expected.iter().fold(1.0_f32, |top, v| top.max(v.abs()));
        let pairs = found.iter().zip(&expected);
        Ok(pairs.fold(0.0_f32, |gap, (a, b)| gap.max((a - b).abs())) / largest)
    }
}

pub(crate) fn started(
    kind: &EncoderKind,
    case: &Case,
    path: &Path,
    executor: Arc<dyn Executor>,
) -> Result<Network, Any> {
    let graph = kind.part().graph(&[3, case.side, case.side])?;
    let network = Network::new(graph, &Params::new(1, &Device::Cpu), executor)?;
    weights::load(path, None, network.graph(), "", network.params())?;
    Ok(network)
}

#[test]
fn the_architecture_of_every_public_layout_is_read_and_its_features_are_theirs() -> Result<(), Any>
{
    let folder = tempfile::tempdir()?;
    let mut wrong = Vec::new();
    for case in cases()? {
        let path = case.file(folder.path())?;
        let kind = match architecture(&path, None) {
            Ok(kind) => kind,
            Err(problem) => {
                wrong.push(format!("{}: {problem}", case.name));
                continue;
            }
        };
        let executors: [Arc<dyn Executor>; 2] =
            [Arc::new(CpuExecutor::new()), Arc::new(CandleExecutor)];
        for executor in executors {
            let name = executor.name();
            match started(&kind, &case, &path, executor) {
                Ok(network) => {
                    let gap = case.gap(&network.eval(&case.images()?, "features")?)?;
                    if gap > 1e-4 {
                        wrong.push(format!("{} on {name}: {gap}, {kind:?}", case.name));
                    }
                }
                Err(problem) => wrong.push(format!("{}: {problem}", case.name)),
            }
        }
        std::fs::remove_file(path)?;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn a_block_more_or_less_is_refused_by_name() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut wrong = Vec::new();
    for mut case in cases()? {
        let path = case.file(folder.path())?;
        let kind = architecture(&path, None)?;
        std::fs::remove_file(path)?;
        let [last, next] = case.blocks.clone();
        let whole = case.shapes.clone();
        let of_last = whole.iter().filter(|(name, _)| name.starts_with(&last));
        let of_last: Vec<_> = of_last
            .map(|(name, dims)| (name.clone(), dims.clone()))
            .collect();
        for more in [false, true] {
            case.shapes.clone_from(&whole);
            for (name, dims) in &of_last {
                if more {
                    case.shapes.insert(name.replace(&last, &next), dims.clone());
                } else {
                    case.shapes.remove(name);
                }
            }
            let path = case.file(folder.path())?;
            match started(&kind, &case, &path, Arc::new(CpuExecutor::new())) {
                Ok(_) => wrong.push(format!("{}: more {more}: taken", case.name)),
                Err(problem) => {
                    let said = problem.to_string();
                    if !said.contains("blocks") {
                        wrong.push(format!("{}: more {more}: {said}", case.name));
                    }
                }
            }
            std::fs::remove_file(path)?;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
