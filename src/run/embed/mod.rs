//! The embeddings of a data set in a file, or in many.

mod dark;
mod light_views;
mod pictures;
mod prepared;
mod readout;
mod shards;
mod some;
mod target;
mod views;
mod wanted;

pub(super) use dark::dark;
pub use light_views::{LightViews, light_views};
pub use pictures::{EmbeddedPictures, embed_pictures};
pub use readout::{PositionPool, TokenReadout};
pub use some::embed_some;
pub use wanted::{Embedding, EmbeddingsFile, WrittenParts};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::assembly::OpenedRun;
use crate::config::Config;
use crate::data::{Bad, Dataset, open_with_parts};
use crate::error::{Error, Result};
use crate::train::Observer;
use prepared::Prepared;
use shards::Shards;
use target::check_name;

/// Embed the images of `run`'s data ([`OpenedRun::use_data`] for others) and write the whole file or none; with
/// [`Embedding::shard_rows`], a folder of parts, each of which appears whole: those that are there are kept by the next
/// call with the same arguments, which goes on after them.
///
/// # Errors
/// Data that cannot be read, more unreadable images than `data.max_bad_share`, an unknown output, layer or extension, tokens
/// or positions that are not there, a folder that holds something else, a full disk; [`Error::Interrupted`] after a stop
/// from outside.
pub fn embed(
    run: &OpenedRun,
    wanted: &Embedding,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<EmbeddingsFile> {
    check_name(wanted)?;
    let open = || open_with_parts(&run.config.data, wanted.part);
    let prepared = Prepared::new(run, wanted, open, observer)?;
    match wanted.shard_rows {
        Some(rows) => Shards::new(&prepared, (run, wanted), rows, observer)?.write(observer, stop),
        None => whole(&prepared, (run, wanted), observer, stop),
    }
}

/// Write one file.
fn whole(
    prepared: &Prepared,
    (run, wanted): (&OpenedRun, &Embedding),
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<EmbeddingsFile> {
    let mut writer = prepared.writer(&wanted.out)?;
    let all = prepared.dataset.len();
    let mut rows = 0;
    let bad = prepared.pass(0..all, |features| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted(format!(
                "stopped after {rows} of {all} images; nothing was written"
            )));
        }
        rows += features.rows();
        writer.append(&features)
    })?;
    for bad in &bad {
        observer.message(&format!("skipped {}: {}", bad.id, bad.reason));
    }
    if let Some(first) = bad.first().filter(|_| rows == 0) {
        let reason = &first.reason;
        return Err(Error::Failed(format!(
            "no image could be read; the first: {reason}"
        )));
    }
    few_enough(&bad, &prepared.dataset, &run.config)?;
    if let Some(note) = writer.note() {
        observer.message(&note);
    }
    writer.finish()?;
    let shape = prepared.form.shape.clone();
    Ok(EmbeddingsFile {
        out: wanted.out.display().to_string(),
        rows,
        dim: shape.iter().product(),
        shape,
        skipped: bad.len(),
        parts: None,
    })
}

/// Refuse to write a file that lacks too many images.
fn few_enough(bad: &[Bad], dataset: &Arc<dyn Dataset>, config: &Config) -> Result<()> {
    let most = config.data.max_bad_share;
    if bad.len() as f64 <= most * dataset.len() as f64 {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "{} of {} images cannot be read, more than the share {most} that may be; nothing was written. Mend or \
         remove them, or raise --max-bad-share",
        bad.len(),
        dataset.len()
    )))
}
