//! Networks from files of ONNX: read as they were written, trained like any other, refused by node.

#[path = "../common/mod.rs"]
mod common;
mod exported;
mod pytorch;
mod refused;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use common::Any;
use ravine::encoders::{Encoder, GraphFile};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Network};
use ravine::params::Params;

/// The encoder that the file is.
fn encoder(path: &Path) -> GraphFile {
    GraphFile {
        file: path.display().to_string(),
        output: None,
    }
}

/// The network of the file with the values that it has.
fn network(path: &Path, input: &[usize], executor: Arc<dyn Executor>) -> Result<Network, Any> {
    let encoder = encoder(path);
    started(encoder.graph(input)?, &encoder.start(input)?, executor)
}

fn started(
    graph: Graph,
    start: &HashMap<String, Tensor>,
    executor: Arc<dyn Executor>,
) -> Result<Network, Any> {
    let params = Params::new(0, &Device::Cpu);
    let network = Network::new(graph, &params, executor)?;
    for param in params.all() {
        let value = start.get(&param.name);
        let value = value.unwrap_or_else(|| panic!("no value of {}", param.name));
        param.var.set(value)?;
    }
    assert_eq!(params.all().len(), start.len());
    Ok(network)
}

/// Both executors.
fn executors() -> Vec<Arc<dyn Executor>> {
    vec![Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())]
}
