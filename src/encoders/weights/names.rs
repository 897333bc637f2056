//! Names of other libraries as those of the encoders: torchvision's resnet's and timm's.

use std::collections::BTreeMap;

use super::contents::{Part, Value};
use super::formats::FORMATS;
use super::values::{Values, before};
use crate::encoders::counterparts::torchvision::{ANCHORS, here};

/// All tensors by the encoders' names, with what stood before them in the file.
pub(super) fn translated(values: Values) -> Values {
    let values = mobile(renamed(values, torchvision));
    let values = chunked(values);
    let values = renamed(values, |name| name.replace(".shortcut.", ".downsample."));
    let mut values = values;
    for format in FORMATS {
        values = format.translate(values);
    }
    numbered(fused(values))
}

fn renamed(values: Values, name: impl Fn(&str) -> String) -> Values {
    let pairs = values.into_iter();
    pairs.map(|(old, value)| (name(&old), value)).collect()
}

/// torchvision's names of a vision transformer as timm's; all others as they are.
fn torchvision(name: &str) -> String {
    const LAYER: &str = "encoder.layers.encoder_layer_";
    const NAMES: [(&str, &str); 9] = [
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
    const OUTSIDE: [(&str, &str); 4] = [
        ("encoder.pos_embedding", "pos_embed"),
        ("encoder.ln.", "norm."),
        ("conv_proj.", "patch_embed.proj."),
        ("class_token", "cls_token"),
    ];
    let replace = |name: String, table: &[(&str, &str)]| {
        table
            .iter()
            .fold(name, |name, (from, to)| name.replace(from, to))
    };
    if name.contains(LAYER) {
        return replace(name.replace(LAYER, "blocks."), &NAMES);
    }
    replace(name.to_string(), &OUTSIDE)
}

/// torchvision's names of EfficientNets and MobileNets as those here: of the networks that are known, of the one that has most.
fn mobile(values: Values) -> Values {
    let starts = ANCHORS.iter().flat_map(|anchor| before(&values, anchor));
    let starts: Vec<String> = starts.collect();
    let mut values = values;
    for start in starts {
        let known = |names: &BTreeMap<String, String>| {
            let names = names.keys().map(|name| format!("{start}{name}"));
            names.filter(|name| values.contains_key(name)).count()
        };
        let networks = here().unwrap_or_default();
        if let Some(names) = networks.into_iter().max_by_key(known) {
            values = renamed(values, |name| {
                let inner = name.strip_prefix(start.as_str());
                let own = inner.and_then(|inner| names.get(inner));
                own.map_or_else(|| name.into(), |own| format!("{start}{own}"))
            });
        }
    }
    values
}

/// DINOv2 saves its blocks in chunks, `blocks.CHUNK.BLOCK.`, numbered throughout.
fn chunked(values: Values) -> Values {
    let starts = before(&values, "patch_embed.proj.weight");
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    renamed(values, |name| {
        let mut known = starts.iter().rev();
        let found = known.find_map(|start| {
            let rest = name.strip_prefix(start.as_str())?;
            let mut parts = rest.strip_prefix("blocks.")?.splitn(3, '.');
            parts.next().filter(is_number)?;
            let block = parts.next().filter(is_number)?;
            Some(format!("{start}blocks.{block}.{}", parts.next()?))
        });
        found.unwrap_or_else(|| name.into())
    })
}

/// The members of a `Sequential` of a resnet's children: convolution, norm, (ReLU, pooling,) stages.
fn numbered(values: Values) -> Values {
    let mut stems: Vec<(String, usize)> = Vec::new();
    for first in 2..=4 {
        for start in before(&values, &format!("{first}.0.conv1.weight")) {
            let sequential = values.contains_key(&format!("{start}0.weight"))
                && values.contains_key(&format!("{start}1.weight"))
                && !stems.iter().any(|(known, _)| *known == start);
            if sequential {
                stems.push((start, first));
            }
        }
    }
    renamed(values, |name| {
        for (start, first) in &stems {
            let Some((number, rest)) = name.strip_prefix(start).and_then(|n| n.split_once('.'))
            else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            return match number {
                0 => format!("{start}conv1.{rest}"),
                1 => format!("{start}bn1.{rest}"),
                n if n >= *first => format!("{start}layer{}.{rest}", n + 1 - first),
                _ => name.into(),
            };
        }
        name.into()
    })
}

/// Queries, keys and values as one tensor; biases that only some of them have are 0 in the others.
fn fused(values: Values) -> Values {
    const PIECES: [&str; 3] = [".attn.q.", ".attn.k.", ".attn.v."];
    let mut out = Values::new();
    let mut pieces: BTreeMap<String, [Option<Value>; 3]> = BTreeMap::new();
    for (name, value) in values {
        match PIECES.iter().position(|piece| name.contains(piece)) {
            Some(i) => {
                let joined = name.replace(PIECES[i], ".attn.qkv.");
                pieces.entry(joined).or_default()[i] = Some(value);
            }
            None => {
                out.insert(name, value);
            }
        }
    }
    for (name, parts) in pieces {
        if let Some(value) = whole(&name, parts) {
            out.insert(name, value);
        }
    }
    out
}

/// The three pieces as one; `None` where a weight lacks.
fn whole(name: &str, parts: [Option<Value>; 3]) -> Option<Value> {
    let there = parts.iter().flatten().next()?.clone();
    let bias = name.rsplit('.').next() == Some("bias");
    if !bias && parts.iter().any(Option::is_none) {
        return None;
    }
    let zeros = || Value {
        name: "0".into(),
        dims: there.dims.clone(),
        kind: there.kind.clone(),
        parts: vec![Part::Zeros(there.dims.iter().product())],
    };
    let parts = parts.map(|part| part.unwrap_or_else(zeros));
    parts.into_iter().reduce(joined)
}

/// Two tensors as one along their first axis; without numbers when either has none.
fn joined(a: Value, b: Value) -> Value {
    let mut dims = a.dims.clone();
    if let (Some(rows), Some(more)) = (dims.first_mut(), b.dims.first()) {
        *rows = rows.saturating_add(*more);
    }
    let fits = a.dims.get(1..) == b.dims.get(1..);
    let mut parts = a.parts;
    let a_read = !parts.is_empty();
    let readable = fits && a_read && !b.parts.is_empty();
    parts.extend(b.parts);
    Value {
        name: format!("{} and {}", a.name, b.name),
        dims,
        kind: if a_read { b.kind } else { a.kind },
        parts: if readable { parts } else { Vec::new() },
    }
}
