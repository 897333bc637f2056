//! Sources on the net: `https://…`, `s3://…`, `gs://…`, copied into a folder of this machine before they are read.

#[cfg(feature = "remote")]
mod cache;
mod copied;
#[cfg(feature = "remote")]
mod store;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use copied::Outcome;
pub(super) use copied::{Copied, Limits};

use crate::error::{Error, Result};

static KNOWN: Mutex<Option<HashMap<(String, Limits), Outcome>>> = Mutex::new(None);

/// Whether `source` is an address.
pub(super) fn is_remote(source: &str) -> bool {
    let scheme = source.split_once("://").map(|(scheme, _)| scheme);
    let known = ["http", "https", "s3", "gs"];
    scheme.is_some_and(|scheme| known.iter().any(|own| own.eq_ignore_ascii_case(scheme)))
}

/// The copy of the address `source`, which is looked for on the net once in the life of this process.
///
/// # Errors
/// A sentence with the address and the way out: not there, not allowed, no network, a copy that would not fit.
pub(super) fn copied(source: &str, limits: &Limits) -> Result<Copied> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let key = (source.to_string(), limits.clone());
    let outcome = known.entry(key).or_insert_with(|| fetch(source, limits));
    outcome.clone().map_err(|problem| Error::Data {
        path: source.into(),
        problem,
    })
}

#[cfg(feature = "remote")]
fn fetch(source: &str, limits: &Limits) -> Outcome {
    cache::fetch(source, limits)
}

#[cfg(not(feature = "remote"))]
fn fetch(_: &str, _: &Limits) -> Outcome {
    Err(
        "is an address on the net, which a build with the feature `remote` reads (cargo build --release --features remote); \
         or download it, and give the path of the file or folder"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for address in [
            "http://h/a.tar",
            "HTTPS://h/a",
            "s3://b/p",
            "gs://b/{0..1}.tar",
        ] {
            assert!(is_remote(address), "{address}");
        }
        for path in ["a.tar", "c://x", "/data/s3", "http:/x", "file:///x", "s3"] {
            assert!(!is_remote(path), "{path}");
        }
    }
}
