//! Starting weights from files of torchvision, timm, Hugging Face and programs that use their names.

mod choose;
mod contents;
mod file;
mod fit;
mod formats;
mod inspect;
mod names;
mod notes;
mod own;
mod pickle;
mod place;
mod plain;
mod positions;
mod preprocessing;
mod pth;
mod storage;
mod tables;
mod told;
mod values;
mod words;

pub use inspect::{Inspection, StoredBlock, StoredSet, StoredTensor, inspect};
pub use preprocessing::{Preprocessing, preprocessing};

pub(crate) use own::SETTINGS;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::counterparts::torchvision;
use super::lora::is_adapter;
use crate::error::{Error, Result};
use crate::graph::{Graph, Op};
use crate::params::{ParamSpec, Params};
use choose::Set;
use contents::{Contents, Value};
use file::WeightFile;
use fit::Fit;
use positions::Places;
pub(in crate::encoders) use told::Told;
pub(in crate::encoders) use words::some;

/// What was found for the parameters of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// What stood before each name in its table of the file, for example `module.encoder_q.`.
    pub prefix: String,
    /// The table of the file that they stood in, for example `state_dict`; empty for the whole file.
    pub table: String,
    /// Other sets of weights that would have fitted as well, by the names that `encoder.weights_key` takes.
    pub others: Vec<String>,
    /// Parameters that got their value from the file.
    pub taken: Vec<String>,
    /// Biases of queries, keys and values where the file's network has none: they are 0, which is the same network.
    pub missing: Vec<String>,
    /// Names in the file that belong to no backbone: heads, queues, other sets, the state of an optimizer.
    pub unused: Vec<String>,
    /// Whether positions were interpolated from another grid.
    pub resampled: bool,
    /// What torchvision adds to the variances of this network, where the file has its names and the encoder adds something else.
    pub eps: Option<f64>,
    /// What neither the file nor one beside it tells and was taken on trust, in sentences.
    pub notes: Vec<String>,
}

impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.taken.len() + self.missing.len();
        write!(f, "{} of {all} parameters taken", self.taken.len())?;
        if !self.table.is_empty() {
            write!(f, " from `{}`", self.table)?;
        }
        if !self.prefix.is_empty() {
            write!(f, ", `{}` stripped from their names", self.prefix)?;
        }
        if self.resampled {
            f.write_str(", positions interpolated from another grid")?;
        }
        if !self.missing.is_empty() {
            write!(f, "; 0, since not in the file: {}", some(&self.missing))?;
        }
        if !self.unused.is_empty() {
            write!(f, "; in the file and not used: {}", some(&self.unused))?;
        }
        if let Some(eps) = self.eps {
            write!(
                f,
                "; torchvision's network adds {eps} to variances: set encoder.eps = {eps} unless its weights are from here"
            )?;
        }
        if let Some(first) = self.others.first() {
            write!(
                f,
                "; the file also has {}: `encoder.weights_key = \"{first}\"` takes it",
                some(&self.others)
            )?;
        }
        for note in &self.notes {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}

/// The refusal of the file at `path`.
fn bad(path: &Path, problem: impl fmt::Display) -> Error {
    Error::Usage(format!("{}: {problem}", path.display()))
}

/// Put the values that `path` (files of safetensors or `torch.save`, or a folder with one) holds into those of `params`
/// that `graph` has.
///
/// `under` is what stands before the names of the encoder's parameters (`encoder.`) and not in the file. Names are torchvision's,
/// timm's or Hugging Face's (vision transformers); what stands before them in the file (`module.`, `backbone.`, …) is
/// found and stripped. Of several sets the one below `key` is taken, without it the one that authors of such files
/// evaluate. Positions of another square grid are interpolated, see [`crate::graph::Resampled`].
///
/// # Errors
/// The file cannot be read, nothing in it has a name of the network, no set is below `key`; a shape or a kind of number
/// differs, a parameter is missing or is no finite number, or the backbone in the file has parameters that the network has
/// no place for: nothing is changed then.
pub fn load(
    path: &Path,
    key: Option<&str>,
    graph: &Graph,
    under: &str,
    params: &Params,
) -> Result<Matched> {
    let specs = graph.parameters();
    let wanted: BTreeMap<&str, &ParamSpec> = specs
        .iter()
        .filter(|spec| !is_adapter(&spec.name)) // no file has them: they start beside it
        .filter_map(|spec| Some((spec.name.strip_prefix(under)?, spec)))
        .collect();
    let mut file = WeightFile::open(path)?;
    file.contents.values = names::translated(std::mem::take(&mut file.contents.values));
    let contents = &file.contents;
    if contents.values.keys().any(|name| is_adapter(name)) {
        let advice = "holds low-rank adapters beside the layers that they change: export the run first, \
                      `ravine export RUN --to safetensors --out FILE`, and give FILE";
        return Err(bad(path, advice));
    }
    let sets = choose::sets(contents, |name| wanted.contains_key(name), key)?;
    let Some(set) = sets.first() else {
        return Err(nothing(path, contents, &wanted));
    };
    let fit = Fit::new(contents, &sets, &wanted, Places::of(graph));
    if let Some(problem) = fit.problem(contents) {
        return Err(bad(path, problem));
    }
    let mut matched = report(contents, &sets, set);
    matched.notes = notes(path, &file, graph, &fit)?;
    let (mut start, mut damaged) = (Vec::new(), Vec::new());
    for &(name, value) in &fit.found {
        let spec = wanted[name];
        let mut tensor = file.tensor(value)?;
        let odd = notes::not_finite(&tensor)?;
        if odd > 0 {
            damaged.push((value.name.as_str(), odd));
        }
        if let Some(plan) = fit.positions.filter(|_| name == fit::POSITIONS) {
            tensor = plan.apply(&tensor)?;
            matched.resampled = plan.resamples();
        }
        start.push((spec, tensor.reshape(spec.shape.as_slice())?));
        matched.taken.push(name.into());
    }
    if let Some(problem) = notes::refusal(&damaged) {
        return Err(bad(path, problem));
    }
    matched.eps = other_eps(&fit, graph, under);
    matched.missing.clone_from(&fit.zero);
    matched.unused = fit.unused(contents, &matched.table);
    for (spec, tensor) in start {
        let param = params.create(spec)?;
        param.var.set(&tensor.to_device(params.device())?)?;
    }
    Ok(matched)
}

/// What is taken on trust, see [`Matched::notes`].
fn notes(path: &Path, file: &WeightFile, graph: &Graph, fit: &Fit) -> Result<Vec<String>> {
    if let Some(own) = own::encoder(file) {
        return told::of_own(path, &own).notes(graph); // ravine says all of it
    }
    let told = told::of_file(path, file);
    let mut notes = told.notes(graph)?;
    if told.heads.is_none() {
        notes.extend(notes::guessed_heads(graph, fit));
    }
    notes.extend(notes::unplaced_class(graph, fit));
    Ok(notes)
}

/// What a file tells of its architecture.
pub(super) struct Held {
    /// Its tensors by the encoders' names, with what stands before them in the file.
    pub(super) shapes: BTreeMap<String, Shape>,
    /// The table `encoder` where ravine wrote it.
    pub(super) own: Option<serde_json::Value>,
    /// What `config.json` beside it tells.
    pub(super) told: Told,
}

/// A tensor of a file, by the encoders' name.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Its name in the file.
    pub(super) name: String,
    /// Its shape.
    pub(super) dims: Vec<usize>,
}

/// What the file at `path` tells of its architecture.
pub(super) fn held(path: &Path) -> Result<Held> {
    let mut file = WeightFile::open(path)?;
    let values = names::translated(std::mem::take(&mut file.contents.values));
    let shape = |(name, value): (String, Value)| {
        let (own, dims) = (value.name, value.dims);
        (name, Shape { name: own, dims })
    };
    Ok(Held {
        shapes: values.into_iter().map(shape).collect(),
        own: own::encoder(&file),
        told: told::of_file(path, &file),
    })
}

/// What stands before `anchor` in the names that end with it, the set that authors evaluate first; only those below `key`.
pub(super) fn prefixes(
    all: &BTreeMap<String, Shape>,
    anchor: &str,
    key: Option<&str>,
) -> Vec<String> {
    let ends = all.keys().filter_map(|name| name.strip_suffix(anchor));
    let whole = ends.filter(|start| start.is_empty() || start.ends_with('.'));
    let below = |start: &&str| key.is_none_or(|key| choose::below(start, key));
    let mut found: Vec<String> = whole.filter(below).map(ToString::to_string).collect();
    let online = found.iter().any(|prefix| choose::is_online(prefix));
    found
        .sort_by_cached_key(|prefix| (-choose::rank(prefix, online), prefix.len(), prefix.clone()));
    found
}

/// Where the set was found, and the others.
fn report(contents: &Contents, sets: &[Set], set: &Set) -> Matched {
    let tables = contents.tables.iter();
    let table = tables
        .filter(|table| set.prefix.starts_with(table.as_str()))
        .max_by_key(|table| table.len())
        .map_or("", String::as_str);
    let equal = sets[1..].iter().filter(|other| other.hits == set.hits);
    Matched {
        prefix: set.prefix[table.len()..].to_string(),
        table: table.trim_end_matches('.').to_string(),
        others: equal
            .map(|other| other.name().to_string())
            .filter(|name| !name.is_empty())
            .collect(),
        ..Matched::default()
    }
}

/// What torchvision adds to variances, where `fit` is of a mobile network with its names and `graph` adds something else.
fn other_eps(fit: &Fit, graph: &Graph, under: &str) -> Option<f64> {
    let of = |name: &str| fit.found.iter().find(|(found, _)| *found == name);
    of("conv_stem.weight").filter(|(_, stem)| torchvision::is_mobile(&stem.name))?;
    let theirs = torchvision::eps(|name| of(name).is_some());
    let first = format!("{under}bn1");
    let norm = graph.nodes().iter().find(|node| node.name == first)?;
    match &norm.op {
        Some(Op::BatchNorm(norm)) if norm.eps.to_bits() != theirs.to_bits() => Some(theirs),
        _ => None,
    }
}

/// The refusal of a file in which nothing has a name of the encoder.
fn nothing(path: &Path, contents: &Contents, wanted: &BTreeMap<&str, &ParamSpec>) -> Error {
    let describe = |value: &Value| {
        if value.parts.is_empty() {
            format!("{} ({})", value.name, value.kind)
        } else {
            value.name.clone()
        }
    };
    let mut found: Vec<String> = contents.values.values().map(describe).collect();
    found.sort();
    let needed: Vec<String> = wanted.keys().map(ToString::to_string).collect();
    let (needed, pickled) = (some(&needed), fit::pickled(contents));
    if found.is_empty() {
        return bad(
            path,
            format!(
                "holds no parameter of this encoder; it has no tensors; the encoder has {needed}{pickled}"
            ),
        );
    }
    let found = some(&found);
    let problem = format!(
        "holds no parameter of this encoder; it has {found}; the encoder has {needed}{pickled}"
    );
    bad(path, problem)
}
