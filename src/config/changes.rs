//! What differs between two configurations, key by key.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::Config;
use crate::error::{Error, Result};

/// Keys that say how a machine computes and what is kept and looked at on the way, not what is learned. A name that
/// ends in a full stop is a whole table.
const OF_THE_MACHINE: [&str; 10] = [
    "device",
    "executor",
    "threads",
    "data.workers",
    "data.prefetch",
    "data.cache",
    "data.keep_decoded",
    "train.save_every",
    "train.keep",
    "probe.",
];

/// A key with another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `table.key`.
    pub key: String,
    /// The value before, as TOML; `none` where the key did not stand there.
    pub was: String,
    /// The value now.
    pub is: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.key, self.was, self.is)
    }
}

impl Change {
    /// Whether a run learns the same with either value.
    #[must_use]
    pub fn is_of_the_machine(&self) -> bool {
        OF_THE_MACHINE
            .iter()
            .any(|key| self.key == *key || (key.ends_with('.') && self.key.starts_with(key)))
    }
}

impl Config {
    /// The keys in which this configuration differs from what it `was`, in the order of the alphabet.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn changes(&self, was: &Self) -> Result<Vec<Change>> {
        let (was, is) = (flat(was)?, flat(self)?);
        let none = || "none".to_string();
        let keys = was
            .keys()
            .chain(is.keys().filter(|k| !was.contains_key(*k)));
        let mut changes: Vec<Change> = keys
            .filter(|key| was.get(*key) != is.get(*key))
            .map(|key| Change {
                key: key.clone(),
                was: was.get(key).cloned().unwrap_or_else(none),
                is: is.get(key).cloned().unwrap_or_else(none),
            })
            .collect();
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(changes)
    }
}

impl Config {
    /// Every key by its whole path, with its value as TOML, in the order of the alphabet.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn keys(&self) -> Result<Vec<(String, String)>> {
        Ok(flat(self)?.into_iter().collect())
    }
}

/// Every key of `config` by its whole path, with its value as TOML.
fn flat(config: &Config) -> Result<BTreeMap<String, String>> {
    let table = Table::try_from(config)
        .map_err(|e| Error::Failed(format!("the configuration cannot be written: {e}")))?;
    let mut keys = BTreeMap::new();
    descend(&table, "", &mut keys);
    Ok(keys)
}

fn descend(table: &Table, path: &str, keys: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => descend(inner, &format!("{path}{key}."), keys),
            value => {
                keys.insert(format!("{path}{key}"), value.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_key_is_named_with_both_values() -> Result<()> {
        let was = Config::load(Some("digits"), &[])?;
        assert_eq!(was.changes(&was)?, []);
        let sets = ["train.batch=32", "threads=3", "loss.kind=dcl", "probe.k=5"];
        let is = was.with(&sets.map(String::from))?;
        let said: Vec<String> = is.changes(&was)?.iter().map(Change::to_string).collect();
        assert!(
            said.contains(&"train.batch: 64 -> 32".to_string()),
            "{said:?}"
        );
        assert!(
            said.contains(&"loss.kind: \"info_nce\" -> \"dcl\"".to_string()),
            "{said:?}"
        );
        let machine = is
            .changes(&was)?
            .into_iter()
            .filter(Change::is_of_the_machine);
        let machine: Vec<String> = machine.map(|change| change.key).collect();
        assert_eq!(machine, ["probe.k", "threads"]);
        Ok(())
    }
}
