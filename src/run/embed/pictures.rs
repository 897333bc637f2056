//! Pictures of files, embedded as those of a table were.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::prepared::Prepared;
use super::wanted::Embedding;
use crate::assembly::OpenedRun;
use crate::data::{DataConfig, Dataset, Image, Joined, Part, open_with_parts};
use crate::error::{Error, Result};
use crate::train::Observer;

/// Pictures of one file: more are a data set.
const MOST_PAGES: usize = 100;

/// Pictures with their embeddings.
pub struct EmbeddedPictures {
    /// (N,), the file of each; of several pictures of a file, with the picture's own id.
    pub names: Vec<String>,
    /// (N,), as they are decoded.
    pub images: Vec<Image>,
    /// D.
    pub dim: usize,
    /// (N, D).
    pub values: Vec<f32>,
}

/// Embed the pictures of `files` by `run`, as the embeddings of a table were made that says `about` of itself: the same
/// output, layer, tokens, pool, mirror images, lengths. Where crops were averaged in, other ones are drawn.
///
/// # Errors
/// A file that is not there or no picture; [`Error::Interrupted`] after a stop from outside.
pub fn embed_pictures(
    run: &OpenedRun,
    about: &Value,
    files: &[PathBuf],
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<EmbeddedPictures> {
    let mut found = EmbeddedPictures {
        names: Vec::new(),
        images: Vec::new(),
        dim: 0,
        values: Vec::new(),
    };
    let mut sets: Vec<Arc<dyn Dataset>> = Vec::new();
    for file in files {
        let set = opened(&run.config.data, file)?;
        for index in 0..set.len() {
            found.images.push(set.get(index)?);
            found.names.push(match set.len() {
                1 => file.display().to_string(),
                _ => format!("{} ({})", file.display(), set.id(index)),
            });
        }
        sets.push(set);
    }
    let all: Arc<dyn Dataset> = Arc::new(Joined::new(sets));
    let count = all.len();
    let open = || Ok((all, vec![Part::All; count]));
    let prepared = Prepared::new(run, &Embedding::as_in(about), open, observer)?;
    let bad = prepared.pass(0..count, |rows| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted("stopped; nothing was written".into()));
        }
        found.dim = rows.dim;
        found.values.extend_from_slice(&rows.values);
        Ok(())
    })?;
    match bad.first() {
        Some(bad) => Err(Error::data(&found.names[bad.sample as usize], &bad.reason)),
        None => Ok(found),
    }
}

/// The pictures of one file, read as the run reads its data.
fn opened(data: &DataConfig, file: &Path) -> Result<Arc<dyn Dataset>> {
    let usage = |problem: &str| Err(Error::Usage(format!("{}: {problem}", file.display())));
    if !file.exists() {
        return usage("there is no such picture; give the path of one");
    }
    if !file.is_file() {
        return usage("is a folder; name the pictures in it one by one, as in folder/*.jpg");
    }
    if data.is_table() {
        return usage("the run learned from a table of numbers and sees no pictures");
    }
    let mut config = DataConfig {
        labels: None,
        class_level: None,
        frames_per_second: None,
        label: None,
        ..data.clone()
    };
    let full = std::path::absolute(file).map_err(|e| Error::data(file, e))?;
    config.use_images(&full.to_string_lossy());
    let (set, _) = open_with_parts(&config, Part::All)?;
    if set.len() > MOST_PAGES {
        return usage(&format!(
            "holds {} pictures, which are a data set: embed it, and compare the two tables",
            set.len()
        ));
    }
    Ok(set)
}
