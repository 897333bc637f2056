//! Shapes of the parameters below a prefix.

use std::collections::{BTreeMap, BTreeSet};

use crate::encoders::weights::Shape;
use crate::graph::Graph;

/// More blocks or stages no network has.
const MOST: usize = 10_000;

/// What a file holds below a prefix.
pub(super) struct Shapes<'a> {
    all: &'a BTreeMap<String, Shape>,
    prefix: String,
}

impl<'a> Shapes<'a> {
    pub(super) fn new(all: &'a BTreeMap<String, Shape>, prefix: String) -> Self {
        Self { all, prefix }
    }

    /// The shape of the parameter `name`.
    pub(super) fn of(&self, name: &str) -> Option<&'a [usize]> {
        let shape = self.all.get(&format!("{}{name}", self.prefix))?;
        Some(&shape.dims)
    }

    /// Size `axis` of the parameter `name`.
    pub(super) fn size(&self, name: &str, axis: usize) -> Option<usize> {
        self.of(name)?.get(axis).copied()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.of(name).is_some()
    }

    /// The name of the parameter `name` in the file.
    pub(super) fn original(&self, name: &str) -> &'a str {
        let shape = self.all.get(&format!("{}{name}", self.prefix));
        shape.map_or("", |shape| &shape.name)
    }

    /// Whether the whole file has a tensor of this name.
    pub(super) fn anywhere(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// Whether a name below the prefix has `part` in it.
    pub(super) fn any(&self, part: &str) -> bool {
        self.names().any(|name| name.contains(part))
    }

    /// Names below the prefix, without it.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        let names = self.all.keys();
        names.filter_map(|name| name.strip_prefix(self.prefix.as_str()))
    }

    /// The first block that is not there though a later one is: `blocks.5`.
    pub(super) fn gap(&self) -> Option<String> {
        let mut seen: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for name in self.names() {
            let mut end = 0;
            for (part, next) in name.split('.').zip(name.split('.').skip(1)) {
                end += part.len() + 1;
                let stage = part.strip_prefix("layer").unwrap_or_default();
                let numbered = part == "blocks" || stage.parse::<usize>().is_ok();
                if let Ok(number) = next.parse::<usize>()
                    && numbered
                {
                    seen.entry(&name[..end]).or_default().insert(number);
                }
            }
        }
        seen.iter().find_map(|(before, numbers)| {
            let gap = (0..*numbers.last()?).find(|number| !numbers.contains(number))?;
            Some(format!("{before}{gap}"))
        })
    }

    /// How many of `name(first)`, `name(first + 1)`, … there are one after the other.
    pub(super) fn count(&self, first: usize, name: impl Fn(usize) -> String) -> usize {
        let numbers = first..first + MOST;
        numbers.take_while(|i| self.has(&name(*i))).count()
    }

    /// Blocks of each stage, both numbered from `first`: `name(stage, block)`.
    pub(super) fn stages(&self, first: usize, name: impl Fn(usize, usize) -> String) -> Vec<usize> {
        (first..first + MOST)
            .map(|stage| self.count(first, |block| name(stage, block)))
            .take_while(|count| *count > 0)
            .collect()
    }

    /// Whether all parameters of `graph` are there, of their shapes.
    pub(super) fn fits(&self, graph: &Graph) -> bool {
        graph.parameters().iter().all(|spec| {
            let have = self.of(&spec.name);
            have.is_some_and(|have| {
                have.iter().product::<usize>() == spec.shape.iter().product::<usize>()
            })
        })
    }
}
