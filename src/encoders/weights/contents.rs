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
    Plain(Plain),
    /// Elements of an entry of a .pth file.
    Strided(Strided),
    /// As many zeros: the biases of keys where only queries and values have some.
    Zeros(usize),
}

/// A Python object that is not a table, where tables of tensors were looked for.
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
    /// Whole networks as Python objects, not looked into; or the file itself, where it is another object.
    pub(super) pickled: Vec<Pickled>,
    /// Other Python objects, not looked into.
    pub(super) objects: Vec<Pickled>,
    /// Lists of numbers called `mean` or `std`, by full name.
    pub(super) numbers: BTreeMap<String, Vec<f64>>,
    /// What a .safetensors file says of itself.
    pub(super) metadata: BTreeMap<String, String>,
    /// Tables passed over: the state of an optimizer.
    pub(super) passed: Vec<String>,
}

/// Where the bytes of a tensor lie in a .safetensors file.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// Which of the files that the weights are spread over.
    pub(super) file: usize,
    /// The kind of number.
    pub(super) kind: DType,
    /// Bytes before the first.
    pub(super) start: u64,
    /// The shape, of no more numbers than the file holds.
    pub(super) dims: Vec<usize>,
}

/// Where the elements of a tensor lie in a storage.
#[derive(Clone, Debug)]
pub(super) struct Strided {
    /// The storage's name.
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

impl Strided {
    /// Its elements; `None` when they are too many to count.
    pub(super) fn count(&self) -> Option<usize> {
        product(&self.dims)
    }

    /// The end of the last element, counted in elements from the start of the storage.
    pub(super) fn reach(&self) -> Option<usize> {
        if self.dims.contains(&0) {
            return Some(0);
        }
        let last = self.dims.iter().zip(&self.strides);
        let mut last = last.map(|(dim, stride)| (dim - 1).checked_mul(*stride));
        let last = last.try_fold(self.offset, |sum, step| sum.checked_add(step?));
        last?
            .checked_add(1)?
            .checked_mul(self.kind.size_in_bytes())?;
        last?.checked_add(1)
    }

    /// Whether the elements lie in their order, one after the other.
    pub(super) fn is_contiguous(&self) -> bool {
        let mut step = 1_usize;
        self.dims
            .iter()
            .zip(&self.strides)
            .rev()
            .all(|(dim, stride)| {
                let fits = *dim == 1 || *stride == step;
                step = step.wrapping_mul(*dim);
                fits
            })
    }
}

/// The number of elements of a shape; `None` when they are too many to count.
pub(super) fn product(dims: &[usize]) -> Option<usize> {
    dims.iter()
        .try_fold(1_usize, |all, dim| all.checked_mul(*dim))
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
