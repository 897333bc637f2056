//! Pictures that a Parquet file names by their path instead of holding them.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Largest file read as one image, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// How to put the pictures into the table.
const EMBED: &str = "put the pictures there, or into the table (in Python: `from datasets.table import \
                     embed_table_storage`, then `set.with_format(\"arrow\").map(embed_table_storage, batched=True)`)";

/// The content of the picture that the shard in `folder`, of a data set at `root`, calls `name`: an absolute path, or
/// one relative to `folder` or else to `root`.
pub(super) fn read(name: &str, folder: &Path, root: &Path) -> Result<Vec<u8>, String> {
    let relative = Path::new(name);
    if leaves(relative, folder, root) {
        return Err(format!(
            "holds no picture but the path `{name}`, which leads out of the data set; {EMBED}"
        ));
    }
    let beside = folder.join(relative);
    let below_root = Some(root.join(relative)).filter(|_| !leaves(relative, root, root));
    // A pipe or a device could keep a reader waiting for ever.
    let mut places = [Some(&beside), below_root.as_ref()].into_iter().flatten();
    let Some(file) = places.find(|path| path.is_file()) else {
        return Err(format!(
            "holds no picture but the path `{name}`, and there is no file {}; {EMBED}",
            beside.display()
        ));
    };
    content(file).map_err(|problem| format!("{}: {problem}", file.display()))
}

fn content(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if length > MAX_FILE {
        return Err(format!(
            "{length} bytes are too many for one image; scale it down"
        ));
    }
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::with_capacity(length as usize + 1);
    let read = file.take(MAX_FILE).read_to_end(&mut bytes);
    read.map_err(|e| e.to_string())?;
    if bytes.is_empty() {
        return Err("the file is empty (0 bytes)".into());
    }
    Ok(bytes)
}

/// Whether a relative path climbs above `root` from `folder`, which lies in it.
fn leaves(path: &Path, folder: &Path, root: &Path) -> bool {
    if path.is_absolute() {
        return false;
    }
    let inside: PathBuf = folder.strip_prefix(root).unwrap_or(Path::new("")).into();
    let mut depth = inside.components().count();
    for component in path.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_climb_inside_of_the_data_set_only() {
        let leaves = |path: &str| leaves(Path::new(path), Path::new("set/data"), Path::new("set"));
        assert!(!leaves("0.png") && !leaves("../images/0.png") && !leaves("/elsewhere/0.png"));
        assert!(leaves("../../0.png") && leaves("images/../../../0.png"));
    }
}
