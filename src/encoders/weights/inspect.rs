//! What a file of weights holds, without an encoder to compare it with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::choose::{Set, is_online, rank};
use super::contents::{Contents, Pickled, Value, number, product};
use super::file::WeightFile;
use super::names;
use super::preprocessing::{Preprocessing, of_file};
use super::words::is_counter;
use crate::error::Result;

/// Names of the first parameter of the usual backbones: what stands before one is the place of a set.
const FIRST: [&str; 11] = [
    "conv1.weight",
    "patch_embed.proj.weight",
    "conv_stem.weight",
    "stem.0.weight",
    "stem.conv.weight",
    "features.0.0.weight",
    "downsample_layers.0.0.weight",
    "embeddings.patch_embedding.weight",
    "embeddings.patch_embeddings.weight",
    "embeddings.patch_embeddings.projection.weight",
    "embedder.embedder.convolution.weight",
];

/// A tensor of a file of weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredTensor {
    /// Its name in the file.
    pub name: String,
    /// Its shape; empty for a single number and for kinds that are not read.
    pub shape: Vec<usize>,
    /// Its kind of number in PyTorch's words, for example `float32`.
    pub precision: String,
}

/// Tensors whose names start alike, as those of a block do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredBlock {
    /// What their names start with, up to the first number: `layer1.0`, `blocks.3`, `patch_embed`.
    pub name: String,
    /// How many there are.
    pub tensors: usize,
    /// Parameters in them: numbers that training changes by a gradient.
    pub parameters: u64,
}

/// A set of weights in a file: all that stands below one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredSet {
    /// The name by which `encoder.weights_key` chooses it; empty for the whole file.
    pub name: String,
    /// Parameters: numbers that training changes by a gradient.
    pub parameters: u64,
    /// Kinds of number of the parameters.
    pub precision: Vec<String>,
    /// Its tensors by their names in the file, in the order of the names.
    pub tensors: Vec<StoredTensor>,
    /// The same, added up.
    pub blocks: Vec<StoredBlock>,
}

/// What a file of weights holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The file or folder.
    pub path: String,
    /// What wrote it.
    pub format: String,
    /// How many files it is spread over.
    pub files: usize,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Sets of weights, the one that is taken without `encoder.weights_key` first.
    pub sets: Vec<StoredSet>,
    /// Tensors that belong to none of the sets: heads, queues.
    pub others: Vec<StoredTensor>,
    /// Tables passed over: the state of an optimizer.
    pub passed: Vec<String>,
    /// Python objects not looked into, each with its class; none of them was run.
    pub objects: Vec<String>,
    /// What the file says of itself.
    pub metadata: BTreeMap<String, String>,
    /// What its pictures were like, where the file or one beside it says so.
    pub preprocessing: Option<Preprocessing>,
}

/// Read what the file or folder `path` holds: names, shapes and kinds, no numbers.
///
/// # Errors
/// The file cannot be read, or is none of weights: exit code 2 says that it is damaged or of another kind.
pub fn inspect(path: &Path) -> Result<Inspection> {
    let mut file = WeightFile::open(path)?;
    let preprocessing = of_file(path, &file);
    let contents = &mut file.contents;
    contents.values = names::translated(std::mem::take(&mut contents.values));
    let sets = sets(contents);
    let mut free: BTreeSet<&str> = contents.values.keys().map(String::as_str).collect();
    let mut stored = Vec::new();
    for set in &sets {
        let own: Vec<&str> = own(contents, &sets, &set.prefix).collect();
        free.retain(|name| !own.contains(name));
        stored.push(describe(contents, set, &own));
    }
    let said = |object: &Pickled| match object.at.as_str() {
        "" => format!("the file itself ({})", object.class),
        at => format!("{at} ({})", object.class),
    };
    let bytes = file
        .files
        .iter()
        .filter_map(|path| std::fs::metadata(path).ok());
    Ok(Inspection {
        path: path.display().to_string(),
        format: file.format.into(),
        files: file.files.len(),
        bytes: bytes.map(|file| file.len()).sum(),
        sets: stored,
        others: free
            .iter()
            .map(|name| tensor(&contents.values[*name]))
            .collect(),
        passed: contents.passed.clone(),
        objects: contents
            .pickled
            .iter()
            .chain(&contents.objects)
            .map(said)
            .collect(),
        metadata: contents.metadata.clone(),
        preprocessing,
    })
}

/// Where whole backbones stand in `contents`, the one to take first.
fn sets(contents: &Contents) -> Vec<Set> {
    let mut places: BTreeSet<&str> = BTreeSet::new();
    for name in contents.values.keys() {
        let before = FIRST.iter().filter_map(|first| name.strip_suffix(first));
        places.extend(before.filter(|place| place.is_empty() || place.ends_with('.')));
    }
    // The first convolution of a block is called as that of a network is.
    let is_block = |place: &str| {
        let last = place
            .trim_end_matches('.')
            .rsplit('.')
            .next()
            .unwrap_or_default();
        let number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        number
            && places
                .iter()
                .any(|other| place.starts_with(other) && place != *other)
    };
    let whole = places.iter().filter(|place| !is_block(place));
    let mut sets: Vec<Set> = whole
        .map(|place| Set {
            prefix: (*place).to_string(),
            hits: 0,
        })
        .collect();
    let counts: Vec<usize> = sets
        .iter()
        .map(|set| own(contents, &sets, &set.prefix).count())
        .collect();
    for (set, hits) in sets.iter_mut().zip(counts) {
        set.hits = hits;
    }
    let alike = sets.clone();
    sets.retain(|set| !is_one_of_many(set, &alike));
    let most = sets.iter().map(|set| set.hits).max().unwrap_or(0);
    sets.retain(|set| 2 * set.hits > most);
    let online = sets.iter().any(|set| is_online(&set.prefix));
    sets.sort_by_cached_key(|set| {
        (
            -rank(&set.prefix, online),
            usize::MAX - set.hits,
            set.prefix.len(),
        )
    });
    if sets.is_empty() && !contents.values.is_empty() {
        // Of a network that is not known, everything.
        return vec![Set {
            prefix: String::new(),
            hits: contents.values.len(),
        }];
    }
    sets
}

/// Whether `set` is a block: small, with others that are called as it is but for numbers (`layer1.0`, `denselayer3`).
fn is_one_of_many(set: &Set, all: &[Set]) -> bool {
    const TENSORS: usize = 40;
    let plain = |set: &Set| set.prefix.replace(|c: char| c.is_ascii_digit(), "");
    let own = plain(set);
    let alike = all.iter().filter(|other| plain(other) == own).count();
    own != set.prefix && set.hits < TENSORS && alike > 2
}

/// Names below `prefix` and below no other of the `sets` within it.
fn own<'a>(
    contents: &'a Contents,
    sets: &'a [Set],
    prefix: &'a str,
) -> impl Iterator<Item = &'a str> {
    let within = sets.iter().map(|set| set.prefix.as_str());
    let within: Vec<&str> = within
        .filter(|other| other.len() > prefix.len() && other.starts_with(prefix))
        .collect();
    let names = contents.values.range(prefix.to_string()..);
    let names = names
        .map(|(name, _)| name.as_str())
        .take_while(move |name| name.starts_with(prefix));
    names.filter(move |name| !within.iter().any(|other| name.starts_with(other)))
}

fn tensor(value: &Value) -> StoredTensor {
    StoredTensor {
        name: value.name.clone(),
        shape: value.dims.clone(),
        precision: value.kind.clone(),
    }
}

/// Numbers of `value` that a gradient changes.
fn parameters(name: &str, value: &Value) -> u64 {
    let statistic =
        name.ends_with("running_mean") || name.ends_with("running_var") || is_counter(name);
    if statistic || number(&value.kind).is_none() {
        return 0;
    }
    product(&value.dims).map_or(u64::MAX, |count| count as u64)
}

fn describe(contents: &Contents, set: &Set, own: &[&str]) -> StoredSet {
    let mut stored = StoredSet {
        name: set.name().to_string(),
        parameters: 0,
        precision: Vec::new(),
        tensors: Vec::new(),
        blocks: Vec::new(),
    };
    let mut kinds = BTreeSet::new();
    for name in own {
        let value = &contents.values[*name];
        let count = parameters(name, value);
        if count > 0 {
            kinds.insert(value.kind.clone());
        }
        stored.parameters = stored.parameters.saturating_add(count);
        stored.tensors.push(tensor(value));
        let block = block(&name[set.prefix.len()..]);
        match stored.blocks.last_mut().filter(|last| last.name == block) {
            Some(last) => {
                last.tensors += 1;
                last.parameters = last.parameters.saturating_add(count);
            }
            None => stored.blocks.push(StoredBlock {
                name: block.to_string(),
                tensors: 1,
                parameters: count,
            }),
        }
    }
    stored.precision = kinds.into_iter().collect();
    stored
}

/// The start of a name up to its first number, else up to its first dot.
fn block(name: &str) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        end += part.len();
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            return &name[..end];
        }
        end += 1;
    }
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_the_first_number() {
        for (name, expected) in [
            ("layer1.0.conv1.weight", "layer1.0"),
            ("stages.0.blocks.1.norm.weight", "stages.0"),
            ("patch_embed.proj.weight", "patch_embed"),
            ("cls_token", "cls_token"),
        ] {
            assert_eq!(block(name), expected);
        }
    }
}
