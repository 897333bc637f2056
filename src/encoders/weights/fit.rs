//! Whether a set of weights is one of this encoder, and in which words it is not.

use std::collections::{BTreeMap, BTreeSet};

use super::choose::Set;
use super::contents::{Contents, Value};
use super::positions::{Places, Plan, plan};
use super::words::{self, Difference, some};
use crate::params::ParamSpec;

/// The parameter that is brought to another grid.
pub(super) const POSITIONS: &str = "pos_embed";

/// What a set of weights has for an encoder.
pub(super) struct Fit<'a> {
    set: &'a Set,
    /// The encoder's names with what the file has for them.
    pub(super) found: Vec<(&'a str, &'a Value)>,
    /// How positions are brought to the encoder's grid, where they have another shape.
    pub(super) positions: Option<Plan>,
    /// Names of the encoder that are 0 in a network without them.
    pub(super) zero: Vec<String>,
    missing: Vec<&'a str>,
    /// Parameters of the backbone that the encoder has no place for, by what follows the prefix.
    foreign: Vec<&'a str>,
    /// Full names that belong to no backbone.
    passed: Vec<&'a str>,
    wanted: &'a BTreeMap<&'a str, &'a ParamSpec>,
    values: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Fit<'a> {
    /// Compare the first of `sets` with what is `wanted`.
    pub(super) fn new(
        contents: &'a Contents,
        sets: &'a [Set],
        wanted: &'a BTreeMap<&'a str, &'a ParamSpec>,
        places: Option<Places>,
    ) -> Self {
        let set = &sets[0];
        let mut fit = Self {
            set,
            found: Vec::new(),
            positions: None,
            zero: Vec::new(),
            missing: Vec::new(),
            foreign: Vec::new(),
            passed: Vec::new(),
            wanted,
            values: BTreeMap::new(),
        };
        let elsewhere = elsewhere(contents, sets, wanted);
        let nested = |name: &str| elsewhere.iter().any(|other| name.starts_with(other));
        let equal: Vec<&Set> = sets[1..]
            .iter()
            .filter(|other| other.hits == set.hits)
            .collect();
        let reported = |name: &str| equal.iter().any(|other| name.starts_with(&other.prefix));
        for (name, value) in &contents.values {
            let inner = name.strip_prefix(&set.prefix);
            match inner.filter(|_| !nested(name)) {
                Some(inner) => {
                    fit.values.insert(inner, value);
                    if !wanted.contains_key(inner) && !words::is_counter(inner) {
                        if words::is_head(inner) || words::is_index(&value.kind) {
                            fit.passed.push(name);
                        } else {
                            fit.foreign.push(inner);
                        }
                    }
                }
                None if !words::is_counter(name) && !reported(name) => fit.passed.push(name),
                None => {}
            }
        }
        for &name in wanted.keys() {
            match fit.values.get(name) {
                Some(&value) => fit.found.push((name, value)),
                None => fit.missing.push(name),
            }
        }
        fit.zeros();
        if let Some(&value) = fit.values.get(POSITIONS)
            && let Some(spec) = wanted.get(POSITIONS)
            && let Some(places) = places
            && !same(&value.dims, &spec.shape)
        {
            fit.positions = plan(&value.dims, &spec.shape, places);
        }
        fit
    }

    /// Attention without biases of queries, keys and values is attention with biases of 0.
    fn zeros(&mut self) {
        let bias = |name: &&str| name.ends_with(".attn.qkv.bias");
        if self.values.keys().any(bias) || self.foreign.iter().any(|name| name.contains("_bias")) {
            return;
        }
        // Of blocks that the file lacks altogether everything is missing.
        let has_weight = |name: &str| {
            let weight = name.replace(".bias", ".weight");
            self.values.contains_key(weight.as_str())
        };
        let (zero, missing) = self
            .missing
            .iter()
            .partition(|name| bias(name) && has_weight(name));
        let zero: Vec<&str> = zero;
        self.zero = zero.into_iter().map(ToString::to_string).collect();
        self.missing = missing;
    }

    /// What does not fit, as the end of a sentence that starts with the file; `None` when all does.
    pub(super) fn problem(&self, contents: &Contents) -> Option<String> {
        let unreadable: Vec<String> = self
            .found
            .iter()
            .filter(|(_, value)| value.parts.is_empty())
            .map(|(_, value)| format!("{} is {}", value.name, value.kind))
            .collect();
        if !unreadable.is_empty() {
            return Some(format!(
                "holds numbers of a kind that is not read as weights: {}; save 32-bit floats: \
                 `torch.save({{k: v.float() for k, v in model.state_dict().items()}}, \"weights.pth\")`",
                some(&unreadable)
            ));
        }
        let wrong = self.wrong_shapes();
        if wrong.is_empty() && self.missing.is_empty() && self.foreign.is_empty() {
            return None;
        }
        let mut reasons = Vec::new();
        if self.found.len() * 2 < self.wanted.len() {
            reasons.push(format!(
                "it has {} of the encoder's {} parameters, so it is another architecture",
                self.found.len(),
                self.wanted.len()
            ));
        }
        let (file, own) = (self.values.keys().copied(), self.wanted.keys().copied());
        let depth = words::depth(file, own);
        reasons.extend(depth.iter().map(|depth| depth.sentence.clone()));
        reasons.extend(self.strangers(depth.as_ref()));
        if !wrong.is_empty() {
            reasons.push(some(&wrong));
            let shape = |name: &str| {
                let (value, spec) = (self.values.get(name)?, self.wanted.get(name)?);
                Some((value.dims.as_slice(), spec.shape.as_slice()))
            };
            reasons.extend(words::advice(shape));
        }
        let prefix = match self.set.name() {
            "" => String::new(),
            name => format!(" (below `{name}`)"),
        };
        Some(format!(
            "does not fit this encoder{prefix}: {}{}",
            reasons.join("; "),
            pickled(contents)
        ))
    }

    /// The name that the parameter `name` has in the file, behind the set's prefix.
    fn original<'b>(&'b self, name: &'b str) -> &'b str {
        let full = self
            .values
            .get(name)
            .map_or(name, |value| value.name.as_str());
        full.strip_prefix(self.set.prefix.as_str()).unwrap_or(full)
    }

    /// Reasons of parameters that only the file or only the encoder has.
    fn strangers(&self, depth: Option<&Difference>) -> Vec<String> {
        let mut known: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut unknown = Vec::new();
        for &name in &self.foreign {
            match words::explain(name) {
                Some(words) => known.entry(words).or_default().push(self.original(name)),
                None if depth.is_some_and(|depth| depth.covers(name)) => {}
                None => unknown.push(self.original(name).to_string()),
            }
        }
        let mut reasons: Vec<String> = known
            .into_iter()
            .map(|(words, names)| format!("`{}`: {words}", names[0]))
            .collect();
        if !unknown.is_empty() {
            reasons.push(format!(
                "the encoder has no place for {} (parameters of a head can be deleted from the file)",
                some(&unknown)
            ));
        }
        let missing: Vec<String> = self
            .missing
            .iter()
            .filter(|name| !depth.is_some_and(|depth| depth.covers(name)))
            .map(ToString::to_string)
            .collect();
        if missing.iter().any(|name| name == "cls_token") {
            reasons.push(
                "`cls_token` is not in it: it has no class token; set encoder.class_token = false"
                    .into(),
            );
        }
        if !missing.is_empty() {
            reasons.push(format!("the file lacks {}", some(&missing)));
        }
        reasons
    }

    /// Tensors of other shapes; positions that cannot be interpolated among them.
    fn wrong_shapes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in &self.found {
            let (have, want) = (&value.dims, &self.wanted[name].shape);
            if same(have, want) || (*name == POSITIONS && self.positions.is_some()) {
                continue;
            }
            let mut text = format!("{name} is {have:?} there and {want:?} here");
            if *name == POSITIONS && have.get(2) == want.get(2) {
                text += " (positions are interpolated between square grids only: one of the two is none)";
            }
            wrong.push(text);
        }
        wrong
    }

    /// Names that were passed over: those of the same table without it, whole other tables by their name.
    pub(super) fn unused(&self, contents: &Contents, table: &str) -> Vec<String> {
        let table = match table {
            "" => String::new(),
            table => format!("{table}."),
        };
        let mut names: BTreeSet<String> = contents.passed.iter().cloned().collect();
        for full in &self.passed {
            let original = contents.values[*full].name.as_str();
            let own = original.strip_prefix(&table);
            let other = contents
                .tables
                .iter()
                .filter(|other| original.starts_with(other.as_str()) && !table.starts_with(*other))
                .min_by_key(|other| other.len());
            names.insert(match (own, other) {
                (_, Some(other)) => format!("{other}*"),
                (own, None) => own.unwrap_or(original).to_string(),
            });
        }
        names.into_iter().collect()
    }
}

/// Whether shapes are the same but for sizes of 1: a linear layer is a convolution of single pixels.
fn same(have: &[usize], want: &[usize]) -> bool {
    let sizes =
        |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|n| *n != 1).collect() };
    have == want || sizes(have) == sizes(want)
}

/// Prefixes below that of the first of `sets` whose names are not its own: other sets, and tables without its parameters.
fn elsewhere(
    contents: &Contents,
    sets: &[Set],
    wanted: &BTreeMap<&str, &ParamSpec>,
) -> Vec<String> {
    let own = &sets[0].prefix;
    let holds = |table: &str| {
        let mut names = wanted.keys().map(|name| format!("{own}{name}"));
        names.any(|name| name.starts_with(table))
    };
    let tables = contents.tables.iter().filter(|table| !holds(table));
    let others = sets[1..].iter().map(|other| &other.prefix);
    let all = tables.chain(others).filter(|other| other.len() > own.len());
    all.cloned().collect()
}

/// Whole networks in the file, and how to save their weights; empty without any.
pub(super) fn pickled(contents: &Contents) -> String {
    let Some(first) = contents.pickled.first() else {
        return String::new();
    };
    let at = match first.at.as_str() {
        "" => "the file".to_string(),
        at => format!("`{at}` in it"),
    };
    format!(
        "; {at} is a whole Python object of class {}, of which no weights are read: save them alone, \
         `torch.save(model.state_dict(), \"weights.pth\")`",
        first.class
    )
}
