//! Every op and every encoder in onnxruntime.

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use ravine::encoders::{Encoder, EncoderKind, Projector, Vit, network};
use ravine::export::{ChannelStatistics, Exported, find};
use ravine::graph::{CandleExecutor, Graph, Network, Op};
use ravine::params::{Params, Role};

use crate::common::{Any, randn};
use crate::python::{input, near, output, run};

/// A network with parameters and statistics as training leaves them: none at its start.
pub fn trained(graph: &Graph, seed: u64) -> Result<Network, Any> {
    let params = Params::new(seed, &Device::Cpu);
    let network = Network::new(graph.clone(), &params, Arc::new(CandleExecutor))?;
    for (param, i) in params.all().into_iter().zip(100..) {
        let noise = (randn(param.var.dims(), i)? * 0.1)?;
        let old = param.var.as_detached_tensor();
        let new = match param.role {
            Role::Buffer if param.name.ends_with("var") => (old + noise.abs()?)?,
            _ => (old + noise)?,
        };
        param.var.set(&new)?;
    }
    Ok(network)
}

pub fn exported(network: &Network) -> Exported {
    let graph = network.graph().clone();
    let outputs = graph.outputs().to_vec();
    Exported::new(graph, network.params().clone(), outputs)
}

/// A network written to `folder`, its input, and what its last output should be.
struct Case {
    name: String,
    output: String,
    expected: Tensor,
}

impl Case {
    fn new(
        folder: &Path,
        name: &str,
        what: &Exported,
        network: &Network,
        x: &Tensor,
    ) -> Result<Self, Any> {
        let path = folder.join(format!("{name}.onnx"));
        find("onnx")?.write(what, &path)?;
        input(folder, name, x)?;
        let output = what.outputs.last().expect("an output").0.clone();
        Ok(Self {
            name: name.into(),
            expected: network.eval(x, &output)?,
            output,
        })
    }

    fn check(&self, folder: &Path) -> Result<(), Any> {
        let found = output(folder, &self.name, &self.output, self.expected.dims())?;
        near(&self.name, &self.expected, &found)
    }
}

fn batch(shape: &[usize]) -> Result<Tensor, Any> {
    randn(&[&[3], shape].concat(), 7)
}

#[test]
fn every_op_is_the_same_in_onnxruntime() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut cases = Vec::new();
    for (i, (op, shape)) in Op::samples().into_iter().enumerate() {
        let name = format!("{i}-{}", op.layer().name());
        let network = trained(&Graph::of(op, &shape)?, i as u64)?;
        let x = batch(&shape)?;
        cases.push(Case::new(
            folder.path(),
            &name,
            &exported(&network),
            &network,
            &x,
        )?);
    }
    if run(folder.path()) {
        for case in &cases {
            case.check(folder.path())?;
        }
    }
    Ok(())
}

#[test]
fn every_encoder_is_the_same_in_onnxruntime() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut cases = Vec::new();
    for kind in EncoderKind::defaults() {
        let shape = [3, 32, 32];
        let network = trained(&network(&kind.part().graph(&shape)?, None, None)?, 1)?;
        let x = batch(&shape)?;
        cases.push(Case::new(
            folder.path(),
            kind.name(),
            &exported(&network),
            &network,
            &x,
        )?);
    }
    if run(folder.path()) {
        for case in &cases {
            case.check(folder.path())?;
        }
    }
    Ok(())
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
    let folder = tempfile::tempdir()?;
    let mut cases = Vec::new();
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
            let mut case = Case::new(folder.path(), &name, &what, &there, &x)?;
            let inside = x.broadcast_sub(&mean)?.broadcast_div(&std)?;
            case.expected = there.eval(&inside, &case.output)?;
            cases.push(case);
        }
    }
    if run(folder.path()) {
        for case in &cases {
            case.check(folder.path())?;
        }
    }
    Ok(())
}
