//! Ops and encoders: gradients on every executor, parameters that are reached.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use ravine::encoders::{EncoderKind, network};
use ravine::graph::check::gradient_error;
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Mode, Network, Op};
use ravine::params::Params;

use crate::common::Any;
use crate::random;

fn executors() -> [Arc<dyn Executor>; 2] {
    [Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())]
}

#[test]
fn every_op_pulls_back_the_right_gradient_on_every_executor() -> Result<(), Any> {
    for (op, shape) in Op::samples() {
        let name = op.layer().name();
        for executor in executors() {
            let graph = Graph::of(op.clone(), &shape)?;
            let network = Network::new(graph, &Params::new(0, &Device::Cpu), executor.clone())?;
            let error = gradient_error(&network, 2, 1)?;
            assert!(error < 0.03, "{name} on {}: error {error}", executor.name());
        }
    }
    Ok(())
}

#[test]
fn every_encoder_builds_reaches_its_parameters_and_ends_in_one_vector() -> Result<(), Any> {
    for kind in EncoderKind::defaults() {
        let name = kind.name();
        if kind.part().needs_file() {
            continue;
        }
        let encoder = kind.part().graph(&[3, 16, 16])?;
        assert_eq!(encoder.outputs().len(), 1, "{name}");
        let graph = network(&encoder, None, None)?;
        let params = Params::new(0, &Device::Cpu);
        let network = Network::new(graph, &params, Arc::new(CpuExecutor::new()))?;
        let x = random(&[4, 3, 16, 16], 9, DType::F32)?;
        let forward = network.forward(&x, Mode::Train(None))?;
        assert_eq!(forward.outputs[0].dims().len(), 2, "{name}");
        let upstream = random(forward.outputs[0].dims(), 10, DType::F32)?;
        let gradients = network.backward(forward.tape, &[Some(upstream), None])?;
        for param in params.trainable() {
            assert!(
                gradients.of.contains_key(&param.name),
                "{name}: {}",
                param.name
            );
        }
        let order = Tensor::new(vec![2_u32, 0, 3, 1], &Device::Cpu)?;
        let features = network.eval(&x, "features")?.index_select(&order, 0)?;
        let permuted = network.eval(&x.index_select(&order, 0)?, "features")?;
        let gap = (features - permuted)?
            .abs()?
            .flatten_all()?
            .max(0)?
            .to_scalar::<f32>()?;
        assert!(
            gap < 1e-4,
            "{name}: rows influence each other in evaluation, {gap}"
        );
    }
    Ok(())
}
