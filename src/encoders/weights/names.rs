//! Names of torchvision, Hugging Face, DINOv2 and lightly as those of the encoders: torchvision's resnet's and timm's.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::Value;

type Values = BTreeMap<String, Value>;

/// All tensors by the encoders' names, with what stood before them in the file.
pub(super) fn translated(values: Values) -> Values {
    let values = renamed(values, torchvision);
    let values = renamed(values, chunked);
    let values = renamed(values, |name| name.replace(".shortcut.", ".downsample."));
    numbered(hugging_face(values))
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

/// DINOv2 saves its blocks in chunks, `blocks.CHUNK.BLOCK.`, numbered throughout.
fn chunked(name: &str) -> String {
    let Some(at) = name.find("blocks.") else {
        return name.into();
    };
    let rest = &name[at + 7..];
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = rest.splitn(3, '.');
    let chunk = parts.next().filter(is_number);
    let block = parts.next().filter(is_number);
    match (chunk, block, parts.next()) {
        (Some(_), Some(block), Some(rest)) => format!("{}blocks.{block}.{rest}", &name[..at]),
        _ => name.into(),
    }
}

/// What stands before `end` in the names that have it at their end.
fn before(values: &Values, end: &str) -> BTreeSet<String> {
    let starts = values.keys().filter_map(|name| name.strip_suffix(end));
    let whole = |start: &&str| start.is_empty() || start.ends_with('.');
    starts.filter(whole).map(ToString::to_string).collect()
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

/// Hugging Face's names of a vision transformer; queries, keys and values become one tensor.
fn hugging_face(values: Values) -> Values {
    let starts = before(&values, "encoder.layer.0.attention.attention.query.weight");
    if starts.is_empty() {
        return values;
    }
    let mut out = Values::new();
    let mut pieces: BTreeMap<String, [Option<Value>; 3]> = BTreeMap::new();
    for (name, value) in values {
        let inner = starts
            .iter()
            .find_map(|start| Some((start, name.strip_prefix(start.as_str())?)));
        let Some((start, inner)) = inner else {
            out.insert(name, value);
            continue;
        };
        let own = format!("{start}{}", inside(inner));
        let piece = ["query", "key", "value"]
            .iter()
            .position(|kind| own.contains(&format!(".attention.attention.{kind}.")));
        match piece {
            Some(i) => {
                let (head, tail) = own.split_at(own.find(".attention.attention.").unwrap_or(0));
                let last = tail.rsplit('.').next().unwrap_or_default();
                let joined = format!("{head}.attn.qkv.{last}");
                pieces.entry(joined).or_default()[i] = Some(value);
            }
            None => {
                out.insert(own, value);
            }
        }
    }
    for (name, parts) in pieces {
        let whole = parts.iter().all(Option::is_some);
        let joined = parts.into_iter().flatten().reduce(joined);
        if let Some(value) = joined.filter(|_| whole) {
            out.insert(name, value);
        }
    }
    out
}

/// One name within Hugging Face's transformer.
fn inside(name: &str) -> String {
    const NAMES: [(&str, &str); 12] = [
        ("embeddings.cls_token", "cls_token"),
        ("embeddings.mask_token", "mask_token"),
        ("embeddings.register_tokens", "register_tokens"),
        ("embeddings.position_embeddings", "pos_embed"),
        (
            "embeddings.patch_embeddings.projection.",
            "patch_embed.proj.",
        ),
        ("encoder.layer.", "blocks."),
        (".attention.output.dense.", ".attn.proj."),
        (".intermediate.dense.", ".mlp.fc1."),
        (".output.dense.", ".mlp.fc2."),
        (".layernorm_before.", ".norm1."),
        (".layernorm_after.", ".norm2."),
        ("layernorm.", "norm."),
    ];
    NAMES
        .iter()
        .fold(name.to_string(), |name, (from, to)| name.replace(from, to))
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
