//! What the first sample of a shard holds, without reading the rest.

use std::io::Read;
use std::path::Path;

use super::indexer::MOST_JSON;
use super::{label, names, unpack};

/// Its extensions, and the keys of its `.json`; `None` where the shard cannot be read.
pub(super) fn of_first_sample(shard: &Path) -> Option<Vec<String>> {
    let mut archive = tar::Archive::new(unpack::content(shard).ok()?);
    let (mut first, mut found) = (None, Vec::new());
    for entry in archive.entries().ok()? {
        let Ok(mut entry) = entry else { break };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some((key, extension)) = names::split(&name) else {
            continue;
        };
        if names::is_meta(&name) || !entry.header().entry_type().is_file() {
            continue;
        }
        if *first.get_or_insert_with(|| key.to_string()) != *key {
            break;
        }
        if extension == "json" {
            let mut json = Vec::new();
            entry.by_ref().take(MOST_JSON).read_to_end(&mut json).ok()?;
            found.extend(label::keys(&json));
        }
        found.push(extension);
    }
    Some(found)
}
