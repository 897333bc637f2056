//! Where a packed set goes: into a folder that appears whole, or into one file.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::manifest::{MANIFEST, PackedSet};
use super::row::Names;
use super::wanted::{PackFormat, Packing};
use crate::atomic::{dir_beside, replace_dir, unwritable, write};
use crate::data::{Part, readers::Parts};
use crate::error::{Error, Result};

/// Where a packed set goes.
pub(super) struct Target {
    out: PathBuf,
    format: PackFormat,
    /// Where the folder is filled; `None` for one file.
    folder: Option<TempDir>,
}

impl Target {
    /// # Errors
    /// Something is there already that may not be replaced, or there is no folder to write to.
    pub(super) fn new(wanted: &Packing) -> Result<Self> {
        let out = &wanted.out;
        let ends = |end: &str| out.extension().is_some_and(|e| e.eq_ignore_ascii_case(end));
        let usage = |problem: String| Err(Error::Usage(format!("{}: {problem}", out.display())));
        let single = wanted.format == PackFormat::Parquet && ends("parquet");
        if !single && (ends("tar") || ends("parquet")) {
            return usage(
                "tar files of samples lie in a folder, which also holds the names of their classes; give a folder, and \
                 --format webdataset"
                    .into(),
            );
        }
        let replaced = if single {
            out.is_file()
        } else {
            out.join(MANIFEST).is_file()
        };
        let empty = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
        if out.exists() && !replaced && (single || !empty()) {
            return usage("holds something else than a packed set; give another name".into());
        }
        if replaced && !wanted.force {
            return usage(
                "is there already; add --force to replace it, or give another name with --out"
                    .into(),
            );
        }
        if let Some(other) = foreign(out).filter(|_| replaced && !single) {
            return usage(format!(
                "holds `{other}` too, which --force would delete; move it, or give another name with --out"
            ));
        }
        Ok(Self {
            out: out.clone(),
            format: wanted.format,
            folder: (!single).then(|| dir_beside(out)).transpose()?,
        })
    }

    pub(super) fn is_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// Refuse several parts for one file.
    pub(super) fn takes(&self, parts: &Parts) -> Result<()> {
        if self.is_folder() || parts.len() < 2 {
            return Ok(());
        }
        let names: Vec<&str> = parts.iter().map(|(part, _)| part.name()).collect();
        Err(Error::Usage(format!(
            "{}: the images come in {} parts ({}), and one file would mix them; give a folder, as in --out {}, or one part \
             with --part",
            self.out.display(),
            names.len(),
            names.join(", "),
            self.out.with_extension("").display()
        )))
    }

    /// Where file `number` of `part` is written to.
    pub(super) fn file(&self, part: Part, number: usize) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.path().join(self.unnumbered(part, number)),
            None => self.out.clone(),
        }
    }

    fn unnumbered(&self, part: Part, number: usize) -> String {
        let (part, extension) = (part.name(), self.format.extension());
        match self.format {
            PackFormat::Parquet => format!("{part}-{number:05}.{extension}"),
            PackFormat::WebDataset => format!("{part}-{number:06}.{extension}"),
        }
    }

    /// Give file `number` of the `count` files of `part` its name.
    pub(super) fn name(&self, part: Part, number: usize, count: usize) -> Result<String> {
        let Some(folder) = &self.folder else {
            let name = self.out.file_name().unwrap_or_default();
            return Ok(name.to_string_lossy().into_owned());
        };
        let old = self.unnumbered(part, number);
        if self.format == PackFormat::WebDataset {
            return Ok(old);
        }
        let new = format!("{}-{number:05}-of-{count:05}.parquet", part.name());
        let renamed = fs::rename(folder.path().join(old), folder.path().join(&new));
        renamed.map_err(|e| unwritable(&self.out, &e))?;
        Ok(new)
    }

    /// Write what tells of the files, and put all of them in their place.
    pub(super) fn finish(self, set: &PackedSet, names: &Names) -> Result<()> {
        let mut told = serde_json::to_value(set);
        if let Ok(Value::Object(told)) = &mut told {
            told.remove("out"); // the same set is the same file anywhere
        }
        let text = told.and_then(|told| serde_json::to_string_pretty(&told));
        let text = text.map_err(|e| Error::Failed(format!("{MANIFEST} cannot be written: {e}")))?;
        let Some(folder) = &self.folder else {
            return write(&self.out.with_extension(MANIFEST), &format!("{text}\n"));
        };
        if self.format == PackFormat::WebDataset && !names.classes.is_empty() {
            write_classes(folder.path(), &names.classes)?;
        }
        write(&folder.path().join(MANIFEST), &format!("{text}\n"))?;
        replace_dir(folder.path(), &self.out)
    }
}

/// What lies in a packed folder and is none of its files.
fn foreign(folder: &Path) -> Option<String> {
    let told = fs::read_to_string(folder.join(MANIFEST)).ok()?;
    let told: Value = serde_json::from_str(&told).ok()?;
    let files = told["files"].as_array().into_iter().flatten();
    let mut own: Vec<&str> = files.filter_map(|file| file["name"].as_str()).collect();
    own.extend([MANIFEST, CLASSES]);
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.find(|name| !own.contains(&name.as_str()))
}

/// The names of the classes, a line each.
const CLASSES: &str = "classnames.txt";

/// [`CLASSES`].
fn write_classes(folder: &Path, classes: &[String]) -> Result<()> {
    let odd = |name: &&String| name.trim() != *name || name.is_empty() || name.contains('\n');
    if let Some(name) = classes.iter().find(odd) {
        return Err(Error::Usage(format!(
            "the class `{}` has blanks around it or line breaks, which a list of class names does not keep; rename it, \
             or pack as Parquet",
            name.escape_debug()
        )));
    }
    write(&folder.join(CLASSES), &format!("{}\n", classes.join("\n")))
}
