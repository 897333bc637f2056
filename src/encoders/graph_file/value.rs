//! What stands behind a name of an ONNX graph while it is read.

use super::atoms::Dim;
use super::sums::Sums;
use crate::graph::NodeId;
use crate::graph::ops::Rotary;
use crate::onnx::Numbers;

/// The value of a name.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Numbers that do not depend on the input.
    Constant(Constant),
    /// The output of a node of the network, seen in some way.
    View(View),
    /// A product with a matrix, to which a bias may still be added.
    Product(View, Constant),
    /// A constant once a sample: a learned token (1, count, width).
    Repeated(Constant),
    /// Learned tokens before those of a node.
    WithTokens(Vec<Constant>, View),
    /// `erf(x / √2)` of the view, and whether 1 was added.
    Erf(View, bool),
    /// `x · (1 + erf(x / √2))` of the view, times a number.
    TwiceGelu(View, f64),
    /// A curve of the view that may yet become the gate of another.
    Gate(View, Gate),
    /// `q kᵀ` in each head, or its softmax.
    Scores(Box<Scores>),
    /// Some indices of a dimension, from the first number to the second.
    Range(View, usize, [usize; 2]),
    /// `silu` of a half of the features, which may yet be multiplied with the other half.
    Silu(View),
    /// A part of a global response norm of the view.
    Response(View, Response),
    /// A part of queries or keys while rotary positions are put together.
    Sums(Box<Sums>),
}

/// The curve of a gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gate {
    /// `1 / (1 + exp(−slope · x))`.
    Sigmoid(f64),
    /// `max(0, min(1, x/6 + 1/2))`.
    Hard,
}

/// How far a global response norm is computed.
#[derive(Clone, Debug)]
pub(super) enum Response {
    /// The length of every channel.
    Length,
    /// The mean of the lengths.
    Mean,
    /// The mean and a number.
    Some(f64),
    /// The lengths by that.
    Relative(f64),
    /// The value times them.
    Scaled(f64),
    /// That times a weight a channel.
    Weighted(f64, Constant),
    /// That and a bias a channel, which may yet be added to the value.
    Moved(f64, Constant, Constant),
}

/// Numbers with their shape and the name that they have in the file.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// The name of the initializer, or of the node that gives it.
    pub(super) name: String,
    /// The shape.
    pub(super) dims: Vec<usize>,
    /// Row-major.
    pub(super) numbers: Numbers,
}

/// A norm over the numbers of a head.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    /// Factors.
    pub(super) weight: Constant,
    /// What is added; nothing where it is left out.
    pub(super) bias: Option<Constant>,
    /// Added to the variances.
    pub(super) eps: f64,
}

/// The output of a node in other dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    /// The node.
    pub(super) node: NodeId,
    /// Its dimensions now, the batch among them.
    pub(super) dims: Vec<Dim>,
    /// The piece of a dimension of which one index was taken, and which.
    pub(super) picked: Option<(super::atoms::Atom, usize)>,
    /// What it is multiplied with.
    pub(super) scale: f64,
    /// Positions by which the rows and columns of an image were moved: what stood there comes first.
    pub(super) rolled: [usize; 2],
    /// The number of a norm over the numbers of each head that is still to be taken.
    pub(super) norm: Option<usize>,
    /// The rotary positions by which it is still to be turned.
    pub(super) rotary: Option<Rotary>,
}

impl View {
    /// Whether it shows all of a node, times 1.
    pub(super) fn is_whole(&self) -> bool {
        let open = self.picked.is_some() || self.norm.is_some() || self.rotary.is_some();
        !open && (self.scale - 1.0).abs() < 1e-12
    }

    /// Refuse a part of a node, or one times a number.
    pub(super) fn require_whole(&self) -> Result<(), String> {
        let problem = "takes a part of a value, or one times a constant, which no op here does";
        super::settings::only(self.is_whole(), problem)
    }
}

/// Scores of attention.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    /// Queries, keys and values side by side, or the queries alone.
    pub(super) node: NodeId,
    /// The keys, where they are from a layer of their own.
    pub(super) keys: Option<NodeId>,
    /// The numbers of norms that queries and keys are still to take, head by head.
    pub(super) norms: Option<[usize; 2]>,
    /// The rotary positions by which both are still to be turned.
    pub(super) rotary: Option<Rotary>,
    /// Batch and heads.
    pub(super) outer: Vec<Dim>,
    /// Tokens.
    pub(super) tokens: Dim,
    /// Numbers of a head.
    pub(super) size: Dim,
    /// What they are multiplied with.
    pub(super) scale: f64,
    /// Positions by which the image was moved before windows were cut.
    pub(super) rolled: [usize; 2],
    /// What was added to every pair of positions, head by head.
    pub(super) bias: Option<Constant>,
    /// What was added to the pairs of each window.
    pub(super) mask: Option<Constant>,
    /// Whether the softmax was taken.
    pub(super) weights: bool,
}

impl Constant {
    /// Its floats, where it has some.
    pub(super) fn floats(&self) -> Option<&[f32]> {
        match &self.numbers {
            Numbers::Floats(values) => Some(values),
            Numbers::Ints(_) => None,
        }
    }

    /// Its whole numbers, where it has some.
    pub(super) fn ints(&self) -> Option<&[i64]> {
        match &self.numbers {
            Numbers::Ints(values) => Some(values),
            Numbers::Floats(_) => None,
        }
    }

    /// The one number that it is.
    pub(super) fn number(&self) -> Option<f64> {
        match &self.numbers {
            Numbers::Floats(values) if values.len() == 1 => Some(f64::from(values[0])),
            Numbers::Ints(values) if values.len() == 1 => Some(values[0] as f64),
            _ => None,
        }
    }

    /// The same numbers in a row, where all dimensions but one are 1.
    pub(super) fn is_row(&self, length: usize) -> bool {
        self.floats().is_some_and(|values| values.len() == length) && self.dims.contains(&length)
    }
}
