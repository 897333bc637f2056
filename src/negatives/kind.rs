use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use toml::{Table, Value};

use super::candidates::{Candidates, CandidatesKind};
use super::pairs::{Pairs, PairsKind, WrongFrom};
use crate::error::{Error, Result};
use crate::registry::{Entry, either};

/// Sources of wrong answers by name, of both kinds: the name in `kind` says which.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum NegativesKind {
    /// Pairs of views that are compared.
    Pairs(PairsKind),
    /// Answers that a head is offered.
    Candidates(CandidatesKind),
}

const NAMES: [&str; PairsKind::NAMES.len() + CandidatesKind::NAMES.len()] = {
    let (pairs, candidates) = (PairsKind::NAMES, CandidatesKind::NAMES);
    let mut names = [""; PairsKind::NAMES.len() + CandidatesKind::NAMES.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = match i.checked_sub(pairs.len()) {
            None => pairs[i],
            Some(i) => candidates[i],
        };
        i += 1;
    }
    names
};

impl NegativesKind {
    /// The names that `kind` may take, in the order of the list.
    pub const NAMES: &'static [&'static str] = &NAMES;

    /// The name of this part.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pairs(kind) => kind.name(),
            Self::Candidates(kind) => kind.name(),
        }
    }

    /// Every part with its default settings.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let pairs = PairsKind::defaults().into_iter().map(Self::Pairs);
        let candidates = CandidatesKind::defaults().into_iter();
        pairs.chain(candidates.map(Self::Candidates)).collect()
    }

    /// Name, first sentence and default settings of every part.
    #[must_use]
    pub fn entries() -> Vec<Entry> {
        [PairsKind::entries(), CandidatesKind::entries()].concat()
    }

    /// The part, where it compares pairs of views.
    #[must_use]
    pub fn pairs(&self) -> Option<&dyn Pairs> {
        match self {
            Self::Pairs(kind) => Some(kind.part()),
            Self::Candidates(_) => None,
        }
    }

    /// The part, where it offers answers to a head.
    #[must_use]
    pub fn candidates(&self) -> Option<&dyn Candidates> {
        match self {
            Self::Candidates(kind) => Some(kind.part()),
            Self::Pairs(_) => None,
        }
    }

    /// Pairs of views to compare.
    ///
    /// # Errors
    /// It offers answers to a head.
    pub fn into_pairs(self) -> Result<PairsKind> {
        match self {
            Self::Pairs(kind) => Ok(kind),
            Self::Candidates(kind) => Err(Error::key(
                "negatives.kind",
                format!(
                    "`{}` offers answers to a head and cannot compare pairs of views; use {}",
                    kind.name(),
                    either(PairsKind::NAMES)
                ),
            )),
        }
    }

    /// Answers to offer to a head; `None` where there are no wrong answers.
    ///
    /// # Errors
    /// It compares pairs of views.
    pub fn into_candidates(self) -> Result<Option<CandidatesKind>> {
        match self {
            Self::Candidates(kind) => Ok(Some(kind)),
            Self::Pairs(kind) if kind.part().wrong_from() == WrongFrom::Nowhere => Ok(None),
            Self::Pairs(kind) => Err(Error::key(
                "negatives.kind",
                format!(
                    "`{}` compares pairs of views and offers no answers to a head; use {}",
                    kind.name(),
                    either(CandidatesKind::NAMES)
                ),
            )),
        }
    }
}

impl<'de> Deserialize<'de> for NegativesKind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let table = Table::deserialize(from)?;
        let kind = table.get("kind").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| D::Error::missing_field("kind"))?;
        let read = if PairsKind::NAMES.contains(&kind) {
            table.try_into().map(Self::Pairs)
        } else if CandidatesKind::NAMES.contains(&kind) {
            table.try_into().map(Self::Candidates)
        } else {
            return Err(D::Error::unknown_variant(kind, Self::NAMES));
        };
        read.map_err(|e: toml::de::Error| D::Error::custom(e.message()))
    }
}
