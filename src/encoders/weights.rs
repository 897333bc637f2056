//! Starting weights from files of torchvision, timm and programs that use their names.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

use candle_core::{DType, Device, Tensor, pickle, safetensors};

use crate::error::{Error, Result};
use crate::graph::Resampled;
use crate::params::{ParamSpec, Params};

/// Where checkpoints keep the weights among other things.
const KEYS: [&str; 5] = [
    "state_dict",
    "model",
    "teacher",
    "student",
    "model_state_dict",
];

/// Names that a report spells out; more are counted.
const SPELLED: usize = 8;

/// What was found for the parameters of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// What stood before each name in the file, for example `module.encoder_q.`.
    pub prefix: String,
    /// Parameters that got their value from the file.
    pub taken: Vec<String>,
    /// Parameters that the file lacks: they start as they would without it.
    pub missing: Vec<String>,
    /// Names in the file that the network has no place for, for example the classifier.
    pub unused: Vec<String>,
    /// Whether positions were interpolated from another grid.
    pub resampled: bool,
}

impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.taken.len() + self.missing.len();
        write!(f, "{} of {all} parameters taken", self.taken.len())?;
        if !self.prefix.is_empty() {
            write!(f, ", `{}` stripped from their names", self.prefix)?;
        }
        if self.resampled {
            f.write_str(", positions interpolated from another grid")?;
        }
        if !self.missing.is_empty() {
            write!(f, "; not in the file: {}", some(&self.missing))?;
        }
        if !self.unused.is_empty() {
            write!(f, "; in the file and not used: {}", some(&self.unused))?;
        }
        Ok(())
    }
}

/// The first few of `names`.
fn some(names: &[String]) -> String {
    let first = names[..names.len().min(SPELLED)].join(", ");
    match names.len().saturating_sub(SPELLED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Put the values that `path` (.safetensors, else PyTorch's .pth) holds into those of `params` that `specs` name.
///
/// `under` is what stands before the names of `specs` (`encoder.`) and not in the file. Names are torchvision's or
/// timm's; what stands before them in the file (`module.`, `backbone.`, …) is found and stripped. Positions of another
/// square grid are interpolated, see [`Resampled`].
///
/// # Errors
/// The file cannot be read, nothing in it has a name of the network, or a shape differs: nothing is changed then.
pub fn load(path: &Path, specs: &[ParamSpec], under: &str, params: &Params) -> Result<Matched> {
    let wanted: BTreeMap<&str, &ParamSpec> = specs
        .iter()
        .filter_map(|spec| Some((spec.name.strip_prefix(under)?, spec)))
        .collect();
    let values = read(path)?;
    let prefix = prefix(&values, &wanted).ok_or_else(|| {
        let found: Vec<String> = sorted(values.keys().cloned());
        let needed: Vec<String> = wanted.keys().map(ToString::to_string).collect();
        Error::data(
            path,
            format!(
                "holds no parameter of this encoder; it has {}; the encoder has {}",
                some(&found),
                some(&needed)
            ),
        )
    })?;
    let mut matched = Matched {
        prefix: prefix.clone(),
        ..Matched::default()
    };
    let (mut start, mut wrong) = (Vec::new(), Vec::new());
    for (&name, spec) in &wanted {
        let Some(value) = values.get(&format!("{prefix}{name}")) else {
            matched.missing.push(name.into());
            continue;
        };
        let value = if name == "pos_embed" && value.dims() != spec.shape {
            matched.resampled = true;
            resampled(value, &spec.shape)?
        } else {
            value.clone()
        };
        if value.dims() == spec.shape {
            start.push((spec, value));
            matched.taken.push(name.into());
        } else {
            let (have, want) = (value.dims(), &spec.shape);
            wrong.push(format!("{name} is {have:?} there and {want:?} here"));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::data(
            path,
            format!(
                "does not fit this encoder: {}; set encoder.kind, depth, width, stem or patch, and the channels of \
                 the images, to those of the file",
                some(&wrong)
            ),
        ));
    }
    for (spec, value) in start {
        let param = params.create(spec)?;
        param.var.set(&value.to_device(params.device())?)?;
    }
    let left = values.into_keys().filter(|name| {
        let used = name.strip_prefix(&prefix);
        !used.is_some_and(|name| wanted.contains_key(name))
            && !name.ends_with("num_batches_tracked")
    });
    matched.unused = sorted(left);
    Ok(matched)
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// All tensors of a file in 32-bit floats, by torchvision's resnet's or timm's names.
fn read(path: &Path) -> Result<HashMap<String, Tensor>> {
    let refuse = |e: candle_core::Error| {
        Error::data(
            path,
            format!(
                "cannot be read as weights: {}; give a .safetensors file or a .pth of torch.save (since PyTorch 1.6) \
                 whose tensors are contiguous",
                e.to_string().lines().next().unwrap_or_default()
            ),
        )
    };
    let named = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("safetensors"));
    let tensors: Vec<(String, Tensor)> = if named {
        let read = safetensors::load(path, &Device::Cpu).map_err(refuse)?;
        read.into_iter().collect()
    } else {
        let top = pickle::read_all(path).map_err(refuse)?;
        if top.is_empty() {
            let nested = KEYS
                .iter()
                .filter_map(|key| pickle::read_all_with_key(path, Some(key)).ok());
            nested.rev().max_by_key(Vec::len).unwrap_or_default() // of equals the first
        } else {
            top
        }
    };
    let floats = tensors
        .into_iter()
        .filter(|(_, tensor)| tensor.dtype().is_float());
    floats
        .map(|(name, tensor)| Ok((timm_name(&name), tensor.to_dtype(DType::F32)?.contiguous()?)))
        .collect()
}

/// torchvision's names of a vision transformer as timm's; all others as they are.
fn timm_name(name: &str) -> String {
    const NAMES: [(&str, &str); 14] = [
        ("encoder.layers.encoder_layer_", "blocks."),
        ("encoder.pos_embedding", "pos_embed"),
        ("encoder.ln.", "norm."),
        ("conv_proj.", "patch_embed.proj."),
        ("class_token", "cls_token"),
        (".ln_1.", ".norm1."),
        (".ln_2.", ".norm2."),
        (".self_attention.in_proj_weight", ".attn.qkv.weight"),
        (".self_attention.in_proj_bias", ".attn.qkv.bias"),
        (".self_attention.out_proj.", ".attn.proj."),
        (".mlp.linear_1.", ".mlp.fc1."),
        (".mlp.linear_2.", ".mlp.fc2."),
        (".mlp.0.", ".mlp.fc1."),
        (".mlp.3.", ".mlp.fc2."),
    ];
    NAMES
        .iter()
        .fold(name.to_string(), |name, (from, to)| name.replace(from, to))
}

/// What stands before the network's names in the file: of all candidates the one that finds most of them.
fn prefix(values: &HashMap<String, Tensor>, wanted: &BTreeMap<&str, &ParamSpec>) -> Option<String> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for name in values.keys() {
        let dots = name.match_indices('.').map(|(at, _)| at + 1);
        for at in std::iter::once(0).chain(dots) {
            if wanted.contains_key(&name[at..]) {
                *found.entry(&name[..at]).or_default() += 1;
            }
        }
    }
    // Of equals the shortest, then the first of the alphabet.
    let best = found
        .into_iter()
        .min_by_key(|(prefix, count)| (usize::MAX - count, prefix.len()));
    best.map(|(prefix, _)| prefix.to_string())
}

/// Positions (1, tokens, width) on the grid of `shape`, when both grids are squares; else as they are.
fn resampled(value: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let (&[_, from, width], &[_, to, _]) = (value.dims(), shape) else {
        return Ok(value.clone());
    };
    for first in [1, 0] {
        let side = |tokens: usize| {
            let side = tokens.checked_sub(first)?.isqrt();
            (side > 0 && side * side + first == tokens).then_some(side)
        };
        let (Some(a), Some(b)) = (side(from), side(to)) else {
            continue;
        };
        let matrix = Resampled {
            from: [a, a],
            to: [b, b],
        };
        let matrix = Tensor::from_vec(matrix.matrix(), (b * b, a * a), &Device::Cpu)?;
        let grid = value.narrow(1, first, a * a)?.reshape((a * a, width))?;
        let grid = matrix.matmul(&grid)?.unsqueeze(0)?;
        return Ok(Tensor::cat(&[&value.narrow(1, 0, first)?, &grid], 1)?);
    }
    Ok(value.clone())
}
