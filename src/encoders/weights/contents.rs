//! What files of weights hold, whatever their format.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::DType;

/// A tensor of the file.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Its name in the file.
    pub(super) name: String,
    /// Its shape.
    pub(super) dims: Vec<usize>,
    /// Its kind of number in PyTorch's words.
    pub(super) kind: String,
    /// Where its numbers lie, one after the other along the first axis; none for kinds that are not read.
    pub(super) parts: Vec<Part>,
}

/// A piece of a tensor.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// All of a tensor of a .safetensors file.
    Named(String),
    /// Elements of an entry of a .pth file.
    Strided(Strided),
    /// As many zeros: the biases of keys where only queries and values have some.
    Zeros(usize),
}

/// A whole network as a Python object, where its table of tensors was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pickled {
    /// Its place in the file; empty for the file itself.
    pub(super) at: String,
    /// Its class.
    pub(super) class: String,
}

/// The tables of a file as one, names joined by dots.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Tensors by full name.
    pub(super) values: BTreeMap<String, Value>,
    /// Full names of the tables, each with its dot; the whole file is "".
    pub(super) tables: BTreeSet<String>,
    /// Whole networks as Python objects, not looked into.
    pub(super) pickled: Vec<Pickled>,
    /// Tables passed over: the state of an optimizer.
    pub(super) passed: Vec<String>,
}

/// Where the elements of a tensor lie in an entry of the zip.
#[derive(Clone, Debug)]
pub(super) struct Strided {
    /// The entry's name.
    pub(super) storage: String,
    /// The kind of number.
    pub(super) kind: DType,
    /// Elements before the first.
    pub(super) offset: usize,
    /// The shape.
    pub(super) dims: Vec<usize>,
    /// Elements from one index of an axis to the next.
    pub(super) strides: Vec<usize>,
}

/// The kinds of number that weights are read from, by PyTorch's names.
pub(super) fn number(kind: &str) -> Option<DType> {
    Some(match kind {
        "float64" => DType::F64,
        "float32" => DType::F32,
        "float16" => DType::F16,
        "bfloat16" => DType::BF16,
        _ => return None,
    })
}
