//! The network so far, and what names of the file stand for.

use std::collections::{HashMap, HashSet};

use candle_core::{Device, Tensor};

use super::atoms::{self, Dim, merged, whole};
use super::settings::Problem;
use super::value::{Constant, Gate, Norm, Value, View};
use crate::graph::ops::{Flatten, Linear, PatchMerge, Pointwise, ToTokens, Unsqueeze};
use crate::graph::{Graph, NodeId, Op};
use crate::kernels::curve::Curve;

/// What stands for the batch where shapes are computed: a prime that no dimension is.
pub(super) const BATCH: usize = 1_000_003;

/// A graph under construction.
pub(super) struct Translation {
    /// The network so far.
    pub(super) graph: Graph,
    /// Values that its parameters start from.
    pub(super) start: HashMap<String, Tensor>,
    /// Values by name.
    pub(super) values: HashMap<String, Value>,
    /// The batch that the file is fixed to.
    pub(super) fixed: Option<i64>,
    /// Norms over the numbers of a head by number.
    pub(super) norms: Vec<Norm>,
    names: HashSet<String>,
    prefixes: HashMap<String, String>,
}

impl Translation {
    pub(super) fn new(input: &[usize], values: HashMap<String, Value>, fixed: Option<i64>) -> Self {
        Self {
            graph: Graph::new(input),
            start: HashMap::new(),
            values,
            fixed,
            norms: Vec::new(),
            names: HashSet::new(),
            prefixes: HashMap::new(),
        }
    }

    /// The shape of a batch of a node's output.
    pub(super) fn batch(&self, node: NodeId) -> Vec<usize> {
        [&[BATCH], self.graph.shape(node)].concat()
    }

    /// The output of `node` as it is.
    pub(super) fn plain(&self, node: NodeId) -> View {
        View {
            node,
            dims: whole(&self.batch(node)),
            picked: None,
            scale: 1.0,
            rolled: [0; 2],
            norm: None,
            rotary: None,
        }
    }

    /// What `name` stands for.
    pub(super) fn value(&self, name: &str) -> Result<&Value, Problem> {
        let found = self.values.get(name);
        found.ok_or_else(|| format!("takes `{name}`, which no node before it gives"))
    }

    /// What `name` stands for, where that is a constant.
    pub(super) fn constant(&self, name: &str) -> Result<&Constant, Problem> {
        match self.value(name)? {
            Value::Constant(constant) => Ok(constant),
            _ => Err(format!(
                "takes `{name}`, which depends on the input and has to be a constant here"
            )),
        }
    }

    /// What `name` stands for as the output of a node, whatever was still open about it.
    pub(super) fn view(&mut self, name: &str) -> Result<View, Problem> {
        let view = match self.value(name)?.clone() {
            Value::View(view) => return Ok(view),
            Value::Product(view, weight) => self.linear(&view, &weight, None, false)?,
            Value::Gate(view, curve) => self.gate(name, &view, curve)?,
            Value::WithTokens(front, view) => self.tokens(&front, &view, None)?,
            Value::Constant(_) | Value::Repeated(_) => {
                return Err(format!(
                    "takes the constant `{name}` where a value of the network has to stand"
                ));
            }
            Value::Erf(..) | Value::TwiceGelu(..) => {
                return Err(format!(
                    "takes `{name}`, a part of a GELU, for something else"
                ));
            }
            Value::Silu(_) | Value::Response(..) | Value::Sums(_) => {
                return Err(format!(
                    "takes `{name}`, a part of a gated unit, a response norm or rotary positions, for something else"
                ));
            }
            Value::Range(..) => {
                return Err(format!(
                    "takes `{name}`, a part of an image or of tokens, for something else"
                ));
            }
            Value::Scores(_) => {
                return Err(format!(
                    "takes `{name}`, the scores of an attention, for something else"
                ));
            }
        };
        self.values.insert(name.into(), Value::View(view.clone()));
        Ok(view)
    }

    /// The node that `view` shows, where it shows it as an op takes it: as it is, or after an op that reshapes.
    pub(super) fn settle(&mut self, view: &View) -> Result<NodeId, Problem> {
        view.require_whole()?;
        super::settings::only(
            view.rolled == [0; 2],
            "takes an image that was moved around its edges",
        )?;
        let view = &self.patches(view)?;
        let (node, dims) = (view.node, &view.dims);
        let own = whole(&self.batch(node));
        let flat = || merged(&own[1..].concat());
        let filled = |dims: &[Dim]| -> Vec<Dim> {
            dims.iter().filter(|dim| !dim.is_empty()).cloned().collect()
        };
        if *dims == own || (own.len() == 2 && filled(dims) == filled(&own)) {
            return Ok(node);
        }
        if own.len() == 4 && *dims == [own[0].clone(), own[2..].concat(), own[1].clone()] {
            return self.push("to_tokens", Op::ToTokens(ToTokens), &[node]);
        }
        if dims.len() == 2
            && dims[0] == own[0]
            && (dims[1] == flat() || dims[1] == own[1..].concat())
        {
            return self.push("flatten", Op::Flatten(Flatten), &[node]);
        }
        Err("takes a value that was turned or reshaped in a way that no op here does".into())
    }

    /// Append `op` under a name like `name`.
    pub(super) fn push(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[NodeId],
    ) -> Result<NodeId, Problem> {
        let name = self.free(&plain_name(name));
        self.named(name, op, inputs)
    }

    /// Append `op` as the node `name`, whose parameters are called by it.
    pub(super) fn named(
        &mut self,
        name: String,
        op: Op,
        inputs: &[NodeId],
    ) -> Result<NodeId, Problem> {
        self.graph
            .push(name, op, inputs)
            .map_err(|e| format!("does not fit: {e}"))
    }

    /// `op` on the node of `view`, seen in the same way: for ops that work element by element.
    pub(super) fn each(&mut self, name: &str, op: Op, view: &View) -> Result<View, Problem> {
        view.require_whole()?;
        let node = self.push(name, op, &[view.node])?;
        Ok(View {
            node,
            ..view.clone()
        })
    }

    /// Let the parameter `name` of shape `dims` start from the numbers of `value`.
    pub(super) fn start_from(
        &mut self,
        name: &str,
        value: &Constant,
        dims: &[usize],
    ) -> Result<(), Problem> {
        let count: usize = dims.iter().product();
        let values = value.floats().filter(|values| values.len() == count);
        let values = values
            .ok_or_else(|| format!("takes `{}`, which has not the shape {dims:?}", value.name))?;
        self.start.insert(name.into(), tensor(values, dims)?);
        Ok(())
    }

    /// The same for a row of `count` numbers, from 0 where it is left out.
    pub(super) fn start_or_zeros(
        &mut self,
        name: &str,
        row: Option<&Constant>,
        count: usize,
    ) -> Result<(), Problem> {
        if let Some(row) = row {
            return self.start_from(name, row, &[count]);
        }
        let zeros = tensor(&vec![0.0; count], &[count])?;
        self.start.insert(name.into(), zeros);
        Ok(())
    }

    /// `x W` or `x Wᵀ` (where `turned`) over the last dimension of `view`, which must be the features.
    pub(super) fn linear(
        &mut self,
        view: &View,
        weight: &Constant,
        bias: Option<&Constant>,
        turned: bool,
    ) -> Result<View, Problem> {
        let (Some(values), [rows, columns]) = (weight.floats(), weight.dims.as_slice()) else {
            return Err(format!(
                "multiplies with `{}`, which is no matrix of floats",
                weight.name
            ));
        };
        let (output, input) = if turned {
            (*rows, *columns)
        } else {
            (*columns, *rows)
        };
        let view = &self.features_last(view)?;
        let matrix = tensor(values, &[*rows, *columns])?;
        let matrix = if turned {
            matrix
        } else {
            let matrix = matrix.t().and_then(|matrix| matrix.contiguous());
            matrix.map_err(|e| format!("has a matrix that is not read: {e}"))?
        };
        let prefix = self.prefix(weight, bias);
        self.start.insert(format!("{prefix}.weight"), matrix);
        if let Some(bias) = bias {
            let values = bias.floats().unwrap_or_default();
            self.start
                .insert(format!("{prefix}.bias"), tensor(values, &[values.len()])?);
        }
        let op = Linear::new(input, output, bias.is_some());
        let node = self.named(prefix, Op::Linear(op), &[view.node])?;
        let axis = features_axis(self.batch(node).len());
        let mut dims = view.dims.clone();
        for atom in dims.iter_mut().flatten().filter(|atom| atom.axis == axis) {
            atom.size = output;
        }
        Ok(View {
            node,
            dims,
            ..view.clone()
        })
    }

    /// `view` with the features of its node as its last dimension, wherever its positions are.
    pub(super) fn features_last(&mut self, view: &View) -> Result<View, Problem> {
        let shown = |view: &View, of: &Self| {
            let own = whole(&of.batch(view.node));
            view.dims.last() == own.get(features_axis(own.len()))
        };
        let view = &self.patches(view)?;
        if view.is_whole() && shown(view, self) {
            return Ok(view.clone());
        }
        let node = self.settle(view)?;
        let settled = self.plain(node);
        if shown(&settled, self) && self.graph.shape(node).len() < 3 {
            return Ok(settled);
        }
        Err("works over the last dimension, which does not hold the features here".into())
    }

    /// The curve of a gate as a value of its own.
    fn gate(&mut self, name: &str, view: &View, gate: Gate) -> Result<View, Problem> {
        let curve = match gate {
            Gate::Sigmoid(slope) if (slope - 1.0).abs() < 1e-6 => Curve::Sigmoid,
            Gate::Sigmoid(slope) => {
                return Err(format!(
                    "takes `{name}`, a sigmoid of the slope {slope}, which no op here is"
                ));
            }
            Gate::Hard => Curve::HardSigmoid,
        };
        self.each(name, Op::Pointwise(Pointwise(curve)), view)
    }

    /// `view` with four neighbouring positions that were put side by side as the channels of one.
    fn patches(&mut self, view: &View) -> Result<View, Problem> {
        let &[channels, height, width] = self.graph.shape(view.node) else {
            return Ok(view.clone());
        };
        let side_by_side = atoms::dim(&[(3, 2, 1), (2, 2, 1), (1, channels, 1)]);
        if !view.is_whole() || view.rolled != [0; 2] || !view.dims.contains(&side_by_side) {
            return Ok(view.clone());
        }
        let node = self.push("patch_merge", Op::PatchMerge(PatchMerge), &[view.node])?;
        let [rows, columns] = [(2, height), (3, width)].map(|(axis, size)| {
            let (before, after) = ((axis, size / 2, 2), (axis, size / 2, 1));
            (atoms::dim(&[before]), atoms::dim(&[after]))
        });
        let place = |dim: &Dim| match dim {
            dim if *dim == side_by_side => atoms::dim(&[(1, 4 * channels, 1)]),
            dim if !dim.is_empty() && *dim == rows.0 => rows.1.clone(),
            dim if !dim.is_empty() && *dim == columns.0 => columns.1.clone(),
            dim => dim.clone(),
        };
        Ok(View {
            node,
            dims: view.dims.iter().map(place).collect(),
            ..view.clone()
        })
    }

    /// The node that `view` shows as an image: a vector as one of a single pixel.
    pub(super) fn image(&mut self, view: &View) -> Result<NodeId, Problem> {
        let node = self.settle(view)?;
        if self.graph.shape(node).len() == 1 && view.dims.len() == 4 {
            return self.push("unsqueeze", Op::Unsqueeze(Unsqueeze), &[node]);
        }
        Ok(node)
    }

    /// The prefix of the parameters `weight` and `bias`: their common name in the file.
    pub(super) fn prefix(&mut self, weight: &Constant, bias: Option<&Constant>) -> String {
        let common = weight.name.strip_suffix(".weight");
        let of_bias = bias.and_then(|bias| bias.name.strip_suffix(".bias"));
        let common = plain_name(common.or(of_bias).unwrap_or(&weight.name));
        let key = format!("{}|{}", weight.name, bias.map_or("", |bias| &bias.name));
        let mut prefix = common.clone();
        for number in 2.. {
            match self.prefixes.get(&prefix) {
                Some(there) if *there == key => return prefix, // shared by several nodes
                None if !self.names.contains(&prefix) => break,
                _ => prefix = format!("{common}.{number}"),
            }
        }
        self.prefixes.insert(prefix.clone(), key);
        self.names.insert(prefix.clone());
        prefix
    }

    /// A name like `name` that no node has.
    pub(super) fn free(&mut self, name: &str) -> String {
        let mut free = name.to_string();
        for number in 2.. {
            if self.names.insert(free.clone()) {
                break;
            }
            free = format!("{name}.{number}");
        }
        free
    }
}

/// The dimension of a batch that holds the features: the channels of images, else the last.
pub(super) fn features_axis(rank: usize) -> usize {
    if rank == 4 { 1 } else { rank - 1 }
}

/// Floats as a tensor.
pub(super) fn tensor(values: &[f32], dims: &[usize]) -> Result<Tensor, Problem> {
    Tensor::from_slice(values, dims, &Device::Cpu)
        .map_err(|e| format!("has a constant that is not read: {e}"))
}

/// `name` in letters, digits and what names of parameters have between them.
pub(super) fn plain_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.trim_start_matches('/').chars().map(plain).collect();
    let name = name.trim_matches('.');
    if name.is_empty() {
        "node".into()
    } else {
        name.into()
    }
}
