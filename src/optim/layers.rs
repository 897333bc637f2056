//! Learning rates by depth: lower layers of a good encoder are changed less than upper ones.

use std::collections::HashMap;

/// What the names of an encoder's parameters start with.
pub const ENCODER: &str = "encoder.";

/// Words that number their blocks by the next words of a name.
const STACKS: [&str; 5] = ["blocks", "layers", "stages", "features", "trunk_output"];

/// The factor of each parameter's learning rate: `encoder_rate · decayᵗ` with t layers above, 1 outside the encoder.
///
/// Layers are counted from the names of the encoder's parameters in their order, as BEiT and MAE do: what stands before the
/// first block (patch embedding, class token, positions, stem) is layer 0, every block the next, what comes after the last
/// block goes with the heads; t is the number of layers from there down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerRates {
    of: HashMap<String, f64>,
}

impl LayerRates {
    /// Of the parameters called `names`, those of an encoder below `encoder.` in the order of its graph.
    ///
    /// Source: Bao et al. 2022 (BEiT), He et al. 2022 (MAE): decays of 0.65 to 0.75.
    #[must_use]
    pub fn new(names: &[String], decay: f64, encoder_rate: f64) -> Self {
        let encoder = names.iter().filter_map(|name| name.strip_prefix(ENCODER));
        let encoder: Vec<&str> = encoder.collect();
        let (layers, last) = layers(&encoder);
        let factors = encoder.iter().zip(layers).map(|(name, layer)| {
            let factor = encoder_rate * decay.powi((last - layer) as i32);
            (format!("{ENCODER}{name}"), factor)
        });
        Self {
            of: factors.collect(),
        }
    }

    /// The factor of the parameter `name`.
    #[must_use]
    pub fn of(&self, name: &str) -> f64 {
        self.of.get(name).copied().unwrap_or(1.0)
    }
}

/// The layer of each of an encoder's parameters, and that of what stands on it.
fn layers(names: &[&str]) -> (Vec<usize>, usize) {
    let mut blocks: Vec<Option<String>> = names.iter().map(|name| block(name)).collect();
    let all: Vec<String> = blocks.iter().flatten().cloned().collect();
    if all.is_empty() {
        blocks = names.iter().map(|name| numbered(name)).collect();
    }
    for block in &mut blocks {
        // A stage's own parameters, between its blocks and those before, go with the block after them.
        *block = block.take().filter(|own| {
            let inside = format!("{own}.");
            !all.iter().any(|other| other.starts_with(&inside))
        });
    }
    let mut order: Vec<&String> = Vec::new();
    for block in blocks.iter().flatten() {
        if !order.contains(&block) {
            order.push(block);
        }
    }
    let first = usize::from(blocks.first().is_some_and(Option::is_none));
    let last = first + order.len().max(usize::from(first == 0));
    let mut above = last;
    let mut layers = vec![0; names.len()];
    for (at, block) in blocks.iter().enumerate().rev() {
        if let Some(place) = block
            .as_ref()
            .and_then(|own| order.iter().position(|other| *other == own))
        {
            above = first + place;
        } else if order.is_empty() || blocks[..at].iter().all(Option::is_none) {
            above = 0;
        }
        layers[at] = above;
    }
    (layers, last)
}

/// The block that the parameter `name` belongs to, for example `blocks.3`, `layer1.0`, `stages.2.blocks.1`, `features.4`.
fn block(name: &str) -> Option<String> {
    let words: Vec<&str> = name.split('.').collect();
    let leaf = words.len() - 1;
    let first = words[0];
    let mut counted = after(first, "layer") || after(first, "s");
    if !counted && !STACKS.contains(&first) {
        return None;
    }
    let mut end = 1;
    while end < leaf {
        let word = words[end];
        let taken = if after(word, "") {
            !counted || end + 1 < leaf // the layers of a sequence are no blocks
        } else {
            let numbered =
                word.starts_with("block") && word.ends_with(|c: char| c.is_ascii_digit());
            word == "blocks" || after(word, "b") || numbered
        };
        if !taken {
            break;
        }
        counted |= word != "blocks";
        end += 1;
    }
    counted.then(|| words[..end].join("."))
}

/// The number at the end of a name's first word, where nothing is called a block: `conv2`, `bn2`.
fn numbered(name: &str) -> Option<String> {
    let word = name.split('.').next().unwrap_or_default();
    let number = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    (!number.is_empty()).then(|| number.into())
}

/// Whether `word` is `stem` with a number behind it.
fn after(word: &str, stem: &str) -> bool {
    let number = word.strip_prefix(stem).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit())
}
