//! A sweep: one configuration with one set of values after another.

use std::path::{Path, PathBuf};

use rand::RngExt;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::random::{Purpose, name_hash, stream};

mod score;
mod values;

pub use score::{lower_is_better, sweep_score};
use values::{Values, flat};

/// More trials than this are a typing error.
const MOST: usize = 10_000;

/// Letters of a trial's name; a longer one ends in a hash.
const LONGEST: usize = 120;

/// How values are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// Every combination.
    #[default]
    Grid,
    /// So many draws.
    Random,
}

/// What is tried, and what decides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepPlan {
    /// The preset or file that every trial starts from.
    pub base: Option<String>,
    /// Images of every trial, as `ravine pretrain --data` takes them.
    pub data: Option<String>,
    /// Keys that every trial has, `key=value`.
    #[serde(default)]
    pub sets: Vec<String>,
    /// Folder of the trials; `sweep-NAME` below `runs`, by the name of the file, when left out.
    pub out: Option<PathBuf>,
    /// How values are chosen.
    #[serde(default)]
    pub search: Search,
    /// Draws of a random search.
    pub trials: Option<usize>,
    /// Decides them.
    #[serde(default)]
    pub seed: u64,
    /// The number of the last probe, on the validation part, that trials are ranked by: `knn` of encoders, `accuracy` or
    /// `argmin_error` of heads when left out.
    pub score: Option<String>,
    /// The values of each key: a list, or `{ from = 0.001, to = 0.1, scale = "log" }` of a random search.
    pub keys: Table,
}

/// One set of values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Its values in a word: the name of its folder.
    pub name: String,
    /// The same, `key=value`.
    pub sets: Vec<String>,
}

impl SweepPlan {
    /// Read the plan in the file `path`; a base beside it is found there.
    ///
    /// # Errors
    /// [`Error::Usage`] on a file that cannot be read, an unknown key, a key without values.
    pub fn load(path: &Path) -> Result<Self> {
        let wrong = |problem: String| Error::Usage(format!("{}: {problem}", path.display()));
        let text =
            std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
        let mut plan: Self = toml::from_str(&text).map_err(|e| wrong(e.message().to_string()))?;
        if let Some(base) = &plan.base {
            let beside = path.parent().unwrap_or(Path::new("")).join(base);
            if beside.is_file() {
                plan.base = Some(beside.display().to_string());
            }
        }
        plan.trials().map_err(|e| wrong(e.to_string()))?;
        Ok(plan)
    }

    /// Every trial, in the order that they are made in.
    ///
    /// # Errors
    /// A key without values, ends that are no numbers, a random search without a number of trials, too many trials.
    pub fn trials(&self) -> Result<Vec<Trial>> {
        let mut keys = Vec::new();
        flat(&self.keys, "", &mut keys)?;
        if keys.is_empty() {
            return Err(Error::key(
                "keys",
                "names no key; give each a list of values",
            ));
        }
        let mut trials: Vec<Trial> = match self.search {
            Search::Grid => grid(&keys)?,
            Search::Random => (0..self.count()?)
                .map(|draw| self.draw(&keys, draw as u64))
                .collect::<Result<_>>()?,
        };
        let mut seen = std::collections::HashSet::new();
        trials.retain(|trial| seen.insert(trial.name.clone()));
        Ok(trials)
    }

    fn count(&self) -> Result<usize> {
        match self.trials {
            Some(count @ 1..=MOST) => Ok(count),
            Some(count) => Err(Error::key(
                "trials",
                format!("is {count}; give 1 to {MOST}"),
            )),
            None => Err(Error::key(
                "trials",
                "is missing; a random search makes so many draws",
            )),
        }
    }

    fn draw(&self, keys: &[(String, Values)], draw: u64) -> Result<Trial> {
        let values = keys.iter().map(|(key, values)| {
            let mut rng = stream(self.seed, Purpose::Sweep, draw, name_hash(key), 0);
            let value = match values {
                Values::List(list) => list[rng.random_range(0..list.len())].clone(),
                Values::Between(between) => between.at(key, rng.random())?,
            };
            Ok((key.as_str(), value))
        });
        Ok(trial(&values.collect::<Result<Vec<_>>>()?))
    }
}

fn grid(keys: &[(String, Values)]) -> Result<Vec<Trial>> {
    let mut rows: Vec<Vec<(&str, Value)>> = vec![Vec::new()];
    for (key, values) in keys {
        let Values::List(list) = values else {
            let problem = "has ends and no list; give the values, or search = \"random\"";
            return Err(Error::key(&format!("keys.{key}"), problem));
        };
        if rows.len() * list.len() > MOST {
            return Err(Error::key(
                "keys",
                format!("make more than {MOST} combinations; give fewer, or search = \"random\""),
            ));
        }
        let longer = rows.iter().flat_map(|row| {
            list.iter().map(move |value| {
                let mut row = row.clone();
                row.push((key, value.clone()));
                row
            })
        });
        rows = longer.collect();
    }
    Ok(rows.iter().map(|row| trial(row)).collect())
}

fn trial(values: &[(&str, Value)]) -> Trial {
    let sets = values.iter().map(|(key, value)| format!("{key}={value}"));
    let sets: Vec<String> = sets.collect();
    let whole = sets.join(",");
    let plain = |c: char| c.is_alphanumeric() || ".-_+=,".contains(c);
    let mut name: String = whole
        .replace('"', "")
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect();
    if name.len() > LONGEST || name != whole.replace('"', "") {
        name = name.chars().take(LONGEST).collect();
        name = format!("{name}-{:08x}", name_hash(&whole) as u32);
    }
    Trial { name, sets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> SweepPlan {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_grid_is_every_combination_however_keys_are_written() {
        let text = "[keys]\n\"optimizer.lr\" = [0.1, 0.2]\nloss.kind = [\"info_nce\", \"dcl\"]\n";
        let trials = plan(text).trials().unwrap();
        let names: Vec<&str> = trials.iter().map(|trial| trial.name.as_str()).collect();
        assert_eq!(names.len(), 4);
        assert!(
            names.contains(&"loss.kind=dcl,optimizer.lr=0.2"),
            "{names:?}"
        );
        assert!(
            trials[0]
                .sets
                .iter()
                .any(|set| set == "loss.kind=\"info_nce\"")
        );
    }

    #[test]
    fn draws_stay_between_the_ends_and_are_the_same_again() {
        let text = "search = \"random\"\ntrials = 40\n[keys]\n\
                    \"optimizer.lr\" = { from = 1e-4, to = 1e-1, scale = \"log\" }\n\
                    \"train.batch\" = { from = 32, to = 64 }\n\"seed\" = [1, 2, 3]\n";
        let trials = plan(text).trials().unwrap();
        assert_eq!(trials, plan(text).trials().unwrap());
        assert!(trials.len() > 30);
        let mut below = 0;
        for trial in &trials {
            let of = |key: &str| -> f64 {
                let mut sets = trial.sets.iter().filter_map(|set| set.strip_prefix(key));
                sets.next()
                    .unwrap()
                    .trim_start_matches('=')
                    .parse()
                    .unwrap()
            };
            let (lr, batch) = (of("optimizer.lr"), of("train.batch"));
            assert!((1e-4..=1e-1).contains(&lr) && (32.0..=64.0).contains(&batch));
            assert_eq!(batch.fract(), 0.0);
            below += usize::from(lr < 3.16e-3);
        }
        assert!(
            (10..31).contains(&below),
            "half of the draws on a log scale: {below}"
        );
    }

    #[test]
    fn what_makes_no_trials_is_refused() {
        for (text, word) in [
            ("[keys]\n", "names no key"),
            ("[keys]\nseed = []\n", "no values"),
            ("[keys]\nseed = 3\n", "list"),
            ("search = \"random\"\n[keys]\nseed = [1]\n", "trials"),
            ("[keys]\nseed = { from = 1, to = 3 }\n", "random"),
            (
                "search = \"random\"\ntrials = 2\n[keys]\nx = { from = 0, to = 1, scale = \"log\" }\n",
                "above 0",
            ),
        ] {
            let problem = plan(text).trials().unwrap_err().to_string();
            assert!(problem.contains(word), "{problem}");
        }
    }
}
