//! A graph with its parameters and the executor that runs it.

use std::sync::Arc;

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::builder::Graph;
use crate::graph::executor::{Executor, Forward, Gradients, Tape};
use crate::graph::mode::Mode;
use crate::params::Params;

/// A network ready to run; cloning it shares parameters and executor.
#[derive(Clone)]
pub struct Network {
    graph: Arc<Graph>,
    params: Params,
    executor: Arc<dyn Executor>,
}

impl Network {
    /// Create the graph's parameters in `params` (those already there are shared) and bind everything.
    ///
    /// # Errors
    /// A parameter of `params` has the name but not the shape of one of the graph's.
    pub fn new(graph: Graph, params: &Params, executor: Arc<dyn Executor>) -> Result<Self> {
        for spec in graph.parameters() {
            params.create(&spec)?;
        }
        Ok(Self {
            graph: Arc::new(graph),
            params: params.clone(),
            executor,
        })
    }

    /// Another graph on other parameters, run as this one is.
    #[must_use]
    pub fn with_params(&self, graph: Graph, params: Params) -> Self {
        Self {
            graph: Arc::new(graph),
            params,
            executor: self.executor.clone(),
        }
    }

    /// This network for samples of another shape, on the same parameters: views of several sizes.
    ///
    /// # Errors
    /// See [`Graph::at`].
    pub fn at(&self, input: &[usize]) -> Result<Self> {
        if self.graph.shape(self.graph.input()) == input {
            return Ok(self.clone());
        }
        Ok(self.with_params(self.graph.at(input)?, self.params.clone()))
    }

    /// The graph.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// All outputs and the tape for `x` (batch, sample shape..).
    ///
    /// # Errors
    /// The sample shape is not the graph's, or a tensor operation failed.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Forward> {
        let expected = self.graph.shape(self.graph.input());
        let received = x.dims().get(1..).unwrap_or_default();
        if received != expected {
            return Err(Error::Failed(format!(
                "the network takes samples of shape {expected:?} (channels, height, width), but received {received:?}; \
                 check `data.size` and `data.channels`"
            )));
        }
        self.executor.forward(&self.graph, &self.params, x, mode)
    }

    /// Pull gradients of the outputs back to the parameters.
    ///
    /// # Errors
    /// See [`Executor::backward`].
    pub fn backward(&self, tape: Tape, gradients: &[Option<Tensor>]) -> Result<Gradients> {
        self.executor.backward(tape, gradients)
    }

    /// The output called `name` for `x`, with running statistics and no tape.
    ///
    /// # Errors
    /// There is no such output, or a tensor operation failed.
    pub fn eval(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let position = self
            .graph
            .output(name)
            .ok_or_else(|| Error::Failed(format!("the network has no output `{name}`")))?;
        let mut outputs = self.forward(x, Mode::Eval)?.outputs;
        Ok(outputs.swap_remove(position))
    }
}
