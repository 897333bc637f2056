//! Which of the sets of weights in a file is meant.

use std::collections::BTreeMap;

use super::contents::Contents;
use super::words::some;
use crate::error::{Error, Result};

/// A set of weights: everything below one prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// What stands before the encoder's names in it, with its dot.
    pub(super) prefix: String,
    /// Parameters of the encoder that it has a name of.
    pub(super) hits: usize,
}

impl Set {
    /// The name by which a user chooses it.
    pub(super) fn name(&self) -> &str {
        self.prefix.trim_end_matches('.')
    }
}

/// The sets of `contents`, the one to take first; `names` are the encoder's and `key` is `encoder.weights_key`.
///
/// Of sets that have equally many of the names it is the one that the authors of such files evaluate: DINO's and iBOT's
/// teacher, MoCo's query encoder, I-JEPA's target encoder, BYOL's online network, an exponential moving average.
///
/// # Errors
/// No set is below `key`.
pub(super) fn sets<'a>(
    contents: &Contents,
    names: impl Fn(&str) -> bool + 'a,
    key: Option<&str>,
) -> Result<Vec<Set>> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for name in contents.values.keys() {
        let dots = name.match_indices('.').map(|(at, _)| at + 1);
        for at in std::iter::once(0).chain(dots) {
            if names(&name[at..]) {
                *found.entry(&name[..at]).or_default() += 1;
            }
        }
    }
    let set = |(prefix, hits): (&str, usize)| Set {
        prefix: prefix.to_string(),
        hits,
    };
    let mut all: Vec<Set> = found.into_iter().map(set).collect();
    // What has a few names only is a part of something else.
    let most = all.iter().map(|set| set.hits).max().unwrap_or(0);
    all.retain(|set| 2 * set.hits > most);
    if let Some(key) = key {
        // A whole name is meant before a part of others.
        let exact = all.iter().any(|set| set.name() == key);
        let meant = |set: &&Set| {
            if exact {
                set.name() == key
            } else {
                below(&set.prefix, key)
            }
        };
        let chosen: Vec<Set> = all.iter().filter(meant).cloned().collect();
        if chosen.is_empty() && !all.is_empty() {
            let there: Vec<String> = all.iter().map(|set| format!("`{}`", set.name())).collect();
            return Err(Error::key(
                "encoder.weights_key",
                format!(
                    "no weights of this encoder are below `{key}` in the file of `encoder.weights`; it has them below {}",
                    some(&there)
                ),
            ));
        }
        all = chosen;
    }
    let online = all.iter().any(|set| is_online(&set.prefix));
    all.sort_by_key(|set| {
        (
            usize::MAX - set.hits,
            -rank(&set.prefix, online),
            set.prefix.len(),
            set.prefix.clone(),
        )
    });
    Ok(all)
}

/// Whether the parts of `key` stand, in their order and side by side, in `prefix`.
pub(super) fn below(prefix: &str, key: &str) -> bool {
    let key = key.trim_matches('.');
    key.is_empty() || format!(".{prefix}").contains(&format!(".{key}."))
}

/// Whether a part of `prefix` names BYOL's network that learns.
pub(super) fn is_online(prefix: &str) -> bool {
    prefix.split(['.', '_']).any(|word| word == "online")
}

/// Above 0: what authors evaluate; below 0: what only helped to train it.
///
/// A target encoder is the result where nothing is `online` (I-JEPA), and only helped where something is (BYOL).
pub(super) fn rank(prefix: &str, online: bool) -> i32 {
    let of = |part: &str| {
        let words: Vec<&str> = part.split('_').collect();
        let has = |word: &str| words.contains(&word);
        let whole = |names: &[&str]| names.contains(&part);
        if whole(&["encoder_q", "base_encoder"])
            || (part == "target_encoder" && !online)
            || has("teacher")
            || has("ema")
            || has("online")
        {
            1
        } else if whole(&["encoder_k", "key_encoder"])
            || has("student")
            || has("momentum")
            || has("target")
        {
            -1
        } else {
            0
        }
    };
    prefix.split('.').map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_authors_evaluate_comes_first() {
        for (better, worse) in [
            ("module.encoder_q.", "module.encoder_k."),
            ("module.base_encoder.", "module.momentum_encoder."),
            ("teacher.backbone.", "student.module.backbone."),
            ("target_encoder.module.", "encoder.module."),
            ("state_dict_ema.", "state_dict.module."),
            ("model_ema.", "model."),
            ("backbone.", "student_backbone_momentum."),
            ("online_network.", "target_network."),
            ("online_encoder.net.", "target_encoder.net."),
            ("teacher_embedding_model.a.", "student_embedding_model.a."),
        ] {
            let online = is_online(better);
            let (a, b) = (rank(better, online), rank(worse, online));
            assert!(a > b, "{better} {worse}");
        }
    }
}
