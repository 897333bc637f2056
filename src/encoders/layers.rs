//! Layers that several encoders are made of.

use crate::encoders::Activation;
use crate::error::{Error, Result};
use crate::graph::ops::{
    Add, BatchNorm, Conv2d, DropPath, GlobalAvgPool, LayerNorm, LayerScale, Linear, Multiply,
    Pointwise, Unsqueeze,
};
use crate::graph::{Graph, NodeId, Op};
use crate::kernels::curve::Curve;
use crate::params::Init;

/// What batch norms add to variances unless told otherwise.
pub(super) const EPS: f64 = 1e-5;

/// A graph on its way, with the layers that encoders have in common.
pub(super) struct Layers {
    pub(super) graph: Graph,
    /// Added to variances by batch norms.
    eps: f64,
}

/// Squeeze-and-excitation (Hu et al. 2018): names, width and functions of its two 1×1 convolutions.
pub(super) struct SqueezeExcite<'a> {
    /// Names of the two convolutions.
    pub(super) names: [&'a str; 2],
    /// Channels between them.
    pub(super) reduced: usize,
    /// After the first.
    pub(super) activation: Activation,
    /// After the second: `Curve::Sigmoid` or `Curve::HardSigmoid`.
    pub(super) gate: Curve,
}

impl Layers {
    pub(super) fn new(input: &[usize]) -> Self {
        Self {
            graph: Graph::new(input),
            eps: EPS,
        }
    }

    /// The same with batch norms that add `eps`, which is `encoder.eps`.
    pub(super) fn with_eps(self, eps: f64) -> Result<Self> {
        if eps > 0.0 && eps < 1.0 {
            return Ok(Self { eps, ..self });
        }
        let problem = format!("{eps} must lie between 0 and 1; 1e-5 is usual");
        Err(Error::key("encoder.eps", problem))
    }

    /// Channels of the image at `x`.
    pub(super) fn channels(&self, x: NodeId) -> usize {
        self.graph.shape(x)[0]
    }

    pub(super) fn push(&mut self, name: String, op: Op, x: NodeId) -> Result<NodeId> {
        self.graph.push(name, op, &[x])
    }

    /// A convolution without bias that keeps the size at stride 1.
    pub(super) fn conv(
        &mut self,
        name: String,
        x: NodeId,
        output: usize,
        (kernel, stride, groups): (usize, usize, usize),
    ) -> Result<NodeId> {
        let input = self.channels(x);
        if groups == 0 || !input.is_multiple_of(groups) || !output.is_multiple_of(groups) {
            return Err(Error::Usage(format!(
                "network node `{name}`: {groups} groups do not divide {input} and {output} channels"
            )));
        }
        let op = Conv2d {
            groups,
            ..Conv2d::new(input, output, kernel, stride, kernel / 2)
        };
        self.push(name, Op::Conv2d(op), x)
    }

    /// A convolution with bias whose windows lie side by side.
    pub(super) fn patches(
        &mut self,
        name: String,
        x: NodeId,
        output: usize,
        size: usize,
    ) -> Result<NodeId> {
        let op = Conv2d {
            bias: true,
            ..Conv2d::new(self.channels(x), output, size, size, 0)
        };
        self.push(name, Op::Conv2d(op), x)
    }

    pub(super) fn batch_norm(&mut self, name: String, x: NodeId) -> Result<NodeId> {
        let op = BatchNorm {
            eps: self.eps,
            ..BatchNorm::new(self.channels(x))
        };
        self.push(name, Op::BatchNorm(op), x)
    }

    /// A layer norm over the channels of an image or the numbers of a token.
    pub(super) fn layer_norm(&mut self, name: String, x: NodeId, eps: f64) -> Result<NodeId> {
        let width = match *self.graph.shape(x) {
            [channels, _, _] => channels,
            ref shape => shape.last().copied().unwrap_or_default(),
        };
        self.push(name, Op::LayerNorm(LayerNorm { width, eps }), x)
    }

    /// A linear layer that starts as transformers' do.
    pub(super) fn linear(
        &mut self,
        name: String,
        x: NodeId,
        (input, output): (usize, usize),
        bias: bool,
    ) -> Result<NodeId> {
        let op = Linear {
            init: Init::TruncatedNormal(0.02),
            ..Linear::new(input, output, bias)
        };
        self.push(name, Op::Linear(op), x)
    }

    pub(super) fn activation(
        &mut self,
        name: String,
        x: NodeId,
        function: Activation,
    ) -> Result<NodeId> {
        self.push(name, function.op(), x)
    }

    /// LayerScale, as the parameter `gamma` under `name`.
    pub(super) fn scale(
        &mut self,
        name: String,
        x: NodeId,
        channels: usize,
        start: f64,
    ) -> Result<NodeId> {
        self.push(name, Op::LayerScale(LayerScale { channels, start }), x)
    }

    /// Stochastic depth at the end of a residual branch, where its rate is above 0.
    pub(super) fn drop_path(&mut self, name: String, x: NodeId, rate: f64) -> Result<NodeId> {
        if rate <= 0.0 {
            return Ok(x);
        }
        let drops = |op: &Op| matches!(op, Op::DropPath(_));
        let ops = self
            .graph
            .nodes()
            .iter()
            .filter_map(|node| node.op.as_ref());
        let branch = ops.filter(|op| drops(op)).count() as u32;
        self.push(name, Op::DropPath(DropPath { rate, branch }), x)
    }

    pub(super) fn add(&mut self, name: String, a: NodeId, b: NodeId) -> Result<NodeId> {
        self.graph.push(name, Op::Add(Add), &[a, b])
    }

    /// The mean over all positions.
    pub(super) fn pool(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        self.push(name.into(), Op::GlobalAvgPool(GlobalAvgPool), x)
    }

    /// Channels times gates made of the mean over positions; nodes are called under `prefix`.
    pub(super) fn squeeze_excite(
        &mut self,
        prefix: &str,
        x: NodeId,
        se: &SqueezeExcite,
    ) -> Result<NodeId> {
        let channels = self.channels(x);
        let name = |part: &str| format!("{prefix}.{part}");
        let y = self.pool(&name("pool"), x)?;
        let y = self.push(name("unsqueeze"), Op::Unsqueeze(Unsqueeze), y)?;
        let y = self.patches(name(se.names[0]), y, se.reduced.max(1), 1)?;
        let y = self.activation(name("act"), y, se.activation)?;
        let y = self.patches(name(se.names[1]), y, channels, 1)?;
        let y = self.push(name("gate"), Op::Pointwise(Pointwise(se.gate)), y)?;
        self.graph
            .push(name("multiply"), Op::Multiply(Multiply), &[x, y])
    }

    /// The graph that ends at `x`, its output called `features`.
    pub(super) fn finish(mut self, x: NodeId) -> Graph {
        self.graph.mark("features", x);
        self.graph
    }
}

/// The multiple of 8 nearest to `value`, but at least 8 and not below nine tenths of it: widths of mobile networks
/// (Sandler et al. 2018).
pub(super) fn rounded(value: f64) -> usize {
    let near = ((value + 4.0) / 8.0).floor().max(1.0) * 8.0;
    let near = if near < 0.9 * value { near + 8.0 } else { near };
    near as usize
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::float_cmp,
    reason = "serde passes a reference to what was set or not"
)]
pub(super) fn is_usual_eps(value: &f64) -> bool {
    *value == EPS
}

/// The accessors of an encoder with the settings `weights` and `weights_key`.
macro_rules! starts_from_file {
    () => {
        fn weights(&self) -> Option<&str> {
            self.weights.as_deref()
        }

        fn weights_key(&self) -> Option<&str> {
            self.weights_key.as_deref()
        }
    };
}
pub(super) use starts_from_file;
