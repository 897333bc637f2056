//! Copies of objects on this machine: `objects/<hash of address and version>/<name>`, and for an address of several a folder
//! of hard links to them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::copied::{Copied, Limits, Outcome};
use super::store::{Lost, Object, Store};
use crate::atomic::{AtomicFile, dir_beside, replace_dir, write};
use crate::data::readers::expand_braces;

/// Objects that are copied at once.
const AT_ONCE: usize = 8;

/// What an address came to when it was last reached.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The copy, below the folder of copies.
    path: PathBuf,
}

/// The copy of `source`, after asking whether it is still the same; as it was last time where nothing answers.
pub(super) fn fetch(source: &str, limits: &Limits) -> Outcome {
    let root = folder(limits)?;
    let record = root
        .join("records")
        .join(format!("{}.json", hash(&[source])));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    match runtime.block_on(refresh(source, &root, limits)) {
        Ok(path) => {
            let record_path = path.strip_prefix(&root).unwrap_or(&path).to_path_buf();
            let text = serde_json::to_string(&Record { path: record_path });
            let text = text.map_err(|e| e.to_string())?;
            make(&root.join("records"))?;
            write(&record, &text).map_err(|e| e.to_string())?;
            Ok(Copied {
                path,
                notes: Vec::new(),
            })
        }
        Err(Lost::Unreachable(problem)) => {
            let text = fs::read_to_string(&record).ok();
            let last: Option<Record> = text.and_then(|text| serde_json::from_str(&text).ok());
            let path = last
                .map(|last| root.join(last.path))
                .filter(|path| path.exists());
            let path = path.ok_or_else(|| problem.clone())?;
            Ok(Copied {
                path,
                notes: vec![format!(
                    "{source}: {problem}. The copy of last time is used"
                )],
            })
        }
        Err(lost) => Err(lost.sentence()),
    }
}

/// The folder of copies.
fn folder(limits: &Limits) -> Result<PathBuf, String> {
    let of = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let home = || {
        of("HOME")
            .or_else(|| of("USERPROFILE"))
            .map(|home| home.join(".cache"))
    };
    let own = || {
        of("XDG_CACHE_HOME")
            .or_else(home)
            .map(|cache| cache.join("ravine/remote"))
    };
    let folder = limits
        .folder
        .clone()
        .or_else(|| of("RAVINE_REMOTE_CACHE"))
        .or_else(own);
    let folder = folder.ok_or("there is no home folder for its copy; set data.remote_cache")?;
    std::path::absolute(folder).map_err(|e| e.to_string())
}

fn make(folder: &Path) -> Result<(), String> {
    let made = fs::create_dir_all(folder);
    made.map_err(|e| {
        format!(
            "its copy needs the folder {}: {e}; set data.remote_cache to another",
            folder.display()
        )
    })
}

fn hash(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let number = digest[..16]
        .iter()
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("{number:032x}")
}

/// Ask for the objects of `source`, copy those that are not here, and say where all of them lie.
async fn refresh(source: &str, root: &Path, limits: &Limits) -> Result<PathBuf, Lost> {
    let urls = expand_braces(source).map_err(Lost::Refused)?;
    let (store, _) = Store::of(&urls[0])?;
    let mut places = Vec::new();
    for url in &urls {
        places.push((Store::of(url)?.1, url));
    }
    let (several, first) = (places.len() > 1, places[0].0.clone());
    let store = &store;
    let found = stream::iter(places).map(|(place, url)| async move {
        let found = store.find(&place).await;
        found.map_err(|lost| match lost {
            Lost::Refused(problem) if several => Lost::Refused(format!("{url}: {problem}")),
            lost => lost,
        })
    });
    let found: Vec<Vec<Object>> = found.buffered(AT_ONCE).try_collect().await?;
    let objects: Vec<Object> = found.into_iter().flatten().collect();
    let missing: Vec<&Object> = objects
        .iter()
        .filter(|o| !copy_of(root, o).is_file())
        .collect();
    check_room(root, limits, &missing).map_err(Lost::Refused)?;
    let copies = stream::iter(missing).map(|object| copy(store, object, root));
    copies
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    match objects.as_slice() {
        [only] if !several && only.place == first => Ok(copy_of(root, only)),
        all => folder_of_all(source, all, root).map_err(Lost::Refused),
    }
}

/// The last part of an address, without what stands behind `?`.
fn name_of(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.replace(['\\', ':', '\0'], "_");
    if [".", "..", ""].contains(&name.as_str()) {
        return "object".into();
    }
    name
}

fn copy_of(root: &Path, object: &Object) -> PathBuf {
    let hash = hash(&[&object.url, &object.version, &object.size.to_string()]);
    root.join("objects").join(hash).join(name_of(&object.url))
}

async fn copy(store: &Store, object: &Object, root: &Path) -> Result<(), Lost> {
    let path = copy_of(root, object);
    let refused = |e: crate::error::Error| Lost::Refused(e.to_string());
    make(path.parent().unwrap_or(root)).map_err(Lost::Refused)?;
    let mut file = AtomicFile::create(&path).map_err(refused)?;
    store.copy(object, &mut file).await?;
    file.commit().map_err(refused)
}

/// Refuse what would make the copies larger than they may be.
fn check_room(root: &Path, limits: &Limits, missing: &[&Object]) -> Result<(), String> {
    let needed: u64 = missing.iter().map(|object| object.size).sum();
    let objects = root.join("objects");
    let held = held(&objects);
    if needed == 0 || held + needed <= limits.bytes {
        return Ok(());
    }
    let gib = |bytes: u64| bytes as f64 / (1_u64 << 30) as f64;
    Err(format!(
        "{:.3} GiB are to be copied, and {} holds {:.3} of the {:.3} GiB that it may; delete what is not needed there, or \
         raise data.remote_gib",
        gib(needed),
        objects.display(),
        gib(held),
        gib(limits.bytes)
    ))
}

/// Bytes of all copies.
fn held(objects: &Path) -> u64 {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries(objects).flat_map(|folder| entries(&folder.path()).collect::<Vec<_>>());
    files
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum()
}

/// A folder of links to the copies of `objects`, named as they are below the deepest folder that all lie in.
fn folder_of_all(source: &str, objects: &[Object], root: &Path) -> Result<PathBuf, String> {
    let versions: Vec<&str> = objects
        .iter()
        .flat_map(|o| [&*o.url, &*o.version])
        .collect();
    let target = root
        .join("sets")
        .join(hash(&[&[source], versions.as_slice()].concat()));
    let name = name_of(source.trim_end_matches('/'));
    let is_name = !name.contains(['{', '*']);
    let inner = target.join(if is_name { &name } else { "set" });
    if inner.is_dir() {
        return Ok(inner);
    }
    make(&root.join("sets"))?;
    let said = |e: crate::error::Error| e.to_string();
    let new = dir_beside(&target).map_err(said)?;
    let common = common(objects);
    let mut taken = HashSet::new();
    for object in objects {
        let below: PathBuf = object.url[common..].split('/').map(name_of).collect();
        if !taken.insert(below.clone()) {
            continue;
        }
        let place = new
            .path()
            .join(inner.file_name().unwrap_or_default())
            .join(below);
        make(place.parent().unwrap_or(root))?;
        let copy = copy_of(root, object);
        let linked = fs::hard_link(&copy, &place);
        linked.or_else(|_| fs::copy(&copy, &place).map(|_| ())).map_err(|e| {
            format!("its copy cannot be written to {} ({e}); set data.remote_cache to another folder", place.display())
        })?;
    }
    replace_dir(new.path(), &target).map_err(said)?;
    Ok(inner)
}

/// Bytes of the address of the folder that all `objects` lie in, the last slash included.
fn common(objects: &[Object]) -> usize {
    let folders = objects
        .iter()
        .map(|o| o.url.rfind('/').map_or(0, |slash| slash + 1));
    let shortest = folders.min().unwrap_or(0);
    let Some(first) = objects.first().map(|object| &object.url) else {
        return 0;
    };
    let shared = |end: &usize| {
        let start = first.get(..*end);
        objects.iter().all(|object| object.url.get(..*end) == start)
    };
    let ends = first.match_indices('/').map(|(slash, _)| slash + 1);
    ends.filter(|end| *end <= shortest)
        .filter(shared)
        .max()
        .unwrap_or(0)
}
