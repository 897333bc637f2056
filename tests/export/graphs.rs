//! Every op and every encoder in onnxruntime.

use candle_core::{Device, Tensor};
use ravine::encoders::{Encoder, EncoderKind, Projector, Vit, network};
use ravine::export::{ChannelStatistics, Exported, find};
use ravine::graph::{Graph, Network, Op};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::common::networks::{near, trained};
use crate::common::{Any, randn};
use crate::python::{floats, input, output, run};

/// All outputs of `network`, to be exported.
pub fn exported(network: &Network) -> Exported {
    let graph = network.graph().clone();
    let outputs = graph.outputs().to_vec();
    Exported::new(graph, network.params().clone(), outputs)
}

/// Networks in a folder, with what each should make of its input.
struct Folder {
    path: PathBuf,
    _kept: Option<TempDir>,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    output: String,
    expected: Tensor,
}

impl Folder {
    /// A folder of its own, below RAVINE_ONNX_FOLDER where that is given: for other runtimes.
    fn new(name: &str) -> Result<Self, Any> {
        let kept = std::env::var_os("RAVINE_ONNX_FOLDER").map(|root| Path::new(&root).join(name));
        if let Some(path) = kept {
            std::fs::create_dir_all(&path)?;
            return Ok(Self {
                path,
                _kept: None,
                cases: Vec::new(),
            });
        }
        let folder = tempfile::tempdir()?;
        Ok(Self {
            path: folder.path().into(),
            _kept: Some(folder),
            cases: Vec::new(),
        })
    }

    /// Write `what`, whose last output for `x` should be that of `network` for `inside`.
    fn add(
        &mut self,
        name: &str,
        what: &Exported,
        x: &Tensor,
        (network, inside): (&Network, &Tensor),
    ) -> Result<(), Any> {
        find("onnx")?.write(what, &self.path.join(format!("{name}.onnx")))?;
        input(&self.path, name, x)?;
        let output = what.outputs.last().expect("an output").0.clone();
        let expected = network.eval(inside, &output)?;
        floats(&self.path.join(format!("{name}.expected.f32")), &expected)?;
        self.cases.push(Case {
            name: name.into(),
            output,
            expected,
        });
        Ok(())
    }

    /// Compare what onnxruntime computes, where it is there.
    fn check(&self) -> Result<(), Any> {
        if run(&self.path) {
            for case in &self.cases {
                let dims = case.expected.dims();
                let found = output(&self.path, &case.name, &case.output, dims)?;
                near(&case.name, &case.expected, &found)?;
            }
        }
        Ok(())
    }
}

fn batch(shape: &[usize]) -> Result<Tensor, Any> {
    randn(&[&[3], shape].concat(), 7)
}

#[test]
fn every_op_is_the_same_in_onnxruntime() -> Result<(), Any> {
    let mut folder = Folder::new("ops")?;
    for (i, (op, shape)) in Op::samples().into_iter().enumerate() {
        let name = format!("{i}-{}", op.layer().name());
        let network = trained(&Graph::of(op, &shape)?, i as u64)?;
        let x = batch(&shape)?;
        folder.add(&name, &exported(&network), &x, (&network, &x))?;
    }
    folder.check()
}

#[test]
fn branches_dropped_in_training_leave_no_trace() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let file = |drop_path: f64| -> Result<Vec<u8>, Any> {
        let vit = Vit {
            drop_path,
            ..small_vit(true)
        };
        let network = trained(&network(&vit.graph(&[3, 16, 16])?, None, None)?, 1)?;
        let path = folder.path().join(format!("{drop_path}.onnx"));
        find("onnx")?.write(&exported(&network), &path)?;
        Ok(std::fs::read(path)?)
    };
    assert!(file(0.3)? == file(0.0)?);
    Ok(())
}

#[test]
fn every_encoder_is_the_same_in_onnxruntime() -> Result<(), Any> {
    let mut folder = Folder::new("encoders")?;
    for kind in EncoderKind::defaults() {
        if kind.part().needs_file() {
            continue; // tests/graph_file compares what is read with what was written
        }
        let shape = [3, 32, 32];
        let network = trained(&network(&kind.part().graph(&shape)?, None, None)?, 1)?;
        let x = batch(&shape)?;
        folder.add(kind.name(), &exported(&network), &x, (&network, &x))?;
    }
    folder.check()
}

fn small_vit(class_token: bool) -> Vit {
    Vit {
        width: 12,
        depth: 2,
        heads: 2,
        class_token,
        ..Vit::default()
    }
}

#[test]
fn images_of_another_size_and_normalisation_inside() -> Result<(), Any> {
    let mut folder = Folder::new("sizes")?;
    for class_token in [false, true] {
        let graph = small_vit(class_token).graph(&[3, 16, 16])?;
        let projector = Projector {
            hidden: vec![8],
            output: 6,
            prototypes: 5,
            ..Projector::default()
        };
        let graph = network(&graph, Some(&projector), None)?;
        let network = trained(&graph, 2)?;
        let mut what = exported(&network);
        what.any_size = true;
        let statistics = ChannelStatistics {
            mean: vec![0.4, 0.5, 0.6],
            std: vec![0.2, 0.3, 0.4],
        };
        let channels = |values: &[f32]| Tensor::from_slice(values, (1, 3, 1, 1), &Device::Cpu);
        let (mean, std) = (channels(&statistics.mean)?, channels(&statistics.std)?);
        what.normalize = Some(statistics);
        for (height, width) in [(16, 16), (24, 40), (8, 12)] {
            let x = randn(&[2, 3, height, width], 9)?.abs()?;
            let name = format!("vit-{class_token}-{height}-{width}");
            let there = network.at(&[3, height, width])?;
            let inside = x.broadcast_sub(&mean)?.broadcast_div(&std)?;
            folder.add(&name, &what, &x, (&there, &inside))?;
        }
    }
    folder.check()
}
