use candle_core::{Tensor, Var};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::{Head, Sides};
use super::perceptron::{missing, perceptron};
use super::response::{HeadGradients, HeadOutput};
use super::space::{Space, vectors};
use crate::encoders::Activation;
use crate::energies::{EnergyKind, Squared};
use crate::error::Result;
use crate::graph::ops::Linear;
use crate::graph::{Graph, Mode, Network, NodeId, Op};

/// Implicit regression, `E(x, y) = ½‖G_x(x) − G_y(y)‖²` or another energy of two learned embeddings.
///
/// G_x is the encoder (with one more linear layer when `code` is set), G_y a perceptron over y: answers
/// (B, K, D) to energies (B, K), unit-free. Errors: answers that are classes; widths of 0. Both sides are learned: choose a
/// loss with a margin (square_square, hinge, nll) and wrong answers, or the energy becomes flat.
///
/// Source: LeCun et al. 2006, section 3.4. Choose it where any number of answers can be right for one x.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Implicit {
    /// What compares the two embeddings.
    pub energy: EnergyKind,
    /// Widths of the hidden layers of G_y.
    pub hidden: Vec<usize>,
    /// Between the layers of G_y: `relu`, `tanh` or `gelu`; smooth ones suit gradients by y.
    pub activation: Activation,
    /// Size of the embeddings, reached from the features by a linear layer; 0 compares the features themselves.
    pub code: usize,
}

impl Default for Implicit {
    fn default() -> Self {
        Self {
            energy: EnergyKind::Squared(Squared::default()),
            hidden: vec![64],
            activation: Activation::Tanh,
            code: 0,
        }
    }
}

impl Head for Implicit {
    fn code(
        &self,
        graph: &mut Graph,
        name: &str,
        features: NodeId,
        space: Space,
    ) -> Result<NodeId> {
        vectors(space, "implicit")?;
        if self.code == 0 {
            return Ok(features);
        }
        let width = graph.shape(features).iter().product();
        let op = Op::Linear(Linear::new(width, self.code, true));
        graph.push(format!("{name}.x"), op, &[features])
    }

    fn head_network(&self, name: &str, code: usize, space: Space) -> Result<Option<Graph>> {
        perceptron(
            &format!("{name}.y"),
            space.dim(),
            &self.hidden,
            code,
            self.activation,
        )
        .map(Some)
    }

    fn forward(
        &self,
        head_network: Option<&Network>,
        _: &Tensor,
        y: &Tensor,
        _: Option<&Tensor>,
        mode: Mode,
    ) -> Result<HeadOutput> {
        let head_network = head_network.ok_or_else(missing)?.clone();
        let (n, k, d) = y.dims3()?;
        let input = Var::from_tensor(&y.reshape((n * k, d))?)?;
        let forward = head_network.forward(&input, mode)?;
        let embedded = forward.outputs[0].reshape((n, k, ()))?;
        let tape = forward.tape;
        Ok(HeadOutput {
            tensors: vec![embedded],
            pull: Box::new(move |gradients| {
                let rows = gradients[0].as_ref().map(|g| g.reshape((n * k, ())));
                let mut pulled = head_network.backward(tape, &[rows.transpose()?])?;
                let y = pulled.input.take();
                Ok(HeadGradients {
                    gradients: pulled,
                    y: y.map(|g| g.reshape((n, k, d))).transpose()?,
                    ..HeadGradients::default()
                })
            }),
        })
    }

    fn energies(
        &self,
        code: &Tensor,
        _: &Tensor,
        _: Option<&Tensor>,
        response: &[Tensor],
    ) -> Result<Tensor> {
        let embedded = response.first().ok_or_else(missing)?;
        self.energy.part().energy(code, embedded)
    }

    fn range(&self, code: usize) -> (f64, f64) {
        self.energy.part().range(code)
    }

    fn sides(&self) -> Sides {
        Sides::Both
    }
}
