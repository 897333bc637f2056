//! Keys that had another name before: configurations and run folders that use it go on working.

use toml::{Table, Value};

/// (table, old key, new key).
const RENAMED: [(&str, &str, &str); 4] = [
    ("data", "standardise", "standardize"), // scikit-learn's spelling
    ("energy", "normalise", "normalize"),
    ("target", "centre", "center"), // DINO's (Caron et al. 2021)
    ("train", "slices", "chunks"),  // gradient caching's word (Gao et al. 2021)
];

/// `table.key` under its present name.
pub(super) fn renamed(path: &str) -> String {
    let found = RENAMED
        .iter()
        .find(|(table, old, _)| path == format!("{table}.{old}"));
    found.map_or_else(
        || path.to_string(),
        |(table, _, new)| format!("{table}.{new}"),
    )
}

/// Whether `key` is an old name of some key.
pub(super) fn is_old(key: &str) -> bool {
    RENAMED.iter().any(|(_, old, _)| key == *old)
}

/// `encoder.lora = 8` is short for a table `[lora]` with `rank = 8`.
fn spell_out(config: &mut Table) {
    let short = match config.get_mut("encoder") {
        Some(Value::Table(encoder)) => encoder.remove("lora"),
        _ => None,
    };
    if let Some(rank) = short {
        let lora = config.entry("lora").or_insert_with(|| Table::new().into());
        if let Value::Table(lora) = lora {
            lora.insert("rank".into(), rank);
        }
    }
}

/// Put every key of `config` under its present name; where both stand there, the old one is left to be refused.
pub(super) fn rename(config: &mut Table) {
    spell_out(config);
    for (table, old, new) in RENAMED {
        let Some(Value::Table(table)) = config.get_mut(table) else {
            continue;
        };
        if !table.contains_key(new)
            && let Some(value) = table.remove(old)
        {
            table.insert(new.into(), value);
        }
    }
}
