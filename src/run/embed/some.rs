//! The embeddings of some pictures of a run, for a look at them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::readout::Readout;
use crate::assembly::{EVAL_BATCH, InferenceSetup, OpenedRun};
use crate::data::{Dataset, Part, Subset, open_with_parts};
use crate::error::{Error, Result};
use crate::eval::{embed as through, writers};
use crate::train::Observer;

/// Write the features of up to `most` pictures of `run`'s data, evenly spread over it, to the table `out`; those that
/// cannot be read are left out.
///
/// # Errors
/// As [`embed`](super::embed), but for the share of unreadable pictures, which is not limited.
pub fn embed_some(
    run: &OpenedRun,
    most: usize,
    out: &Path,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<()> {
    let config = run.config.clone().without_head();
    let setup = InferenceSetup::new(&config)?;
    setup.notes.iter().for_each(|note| observer.message(note));
    run.load(setup.network.params())?;
    let readout = Readout::new(&setup.network, ("features", None), (None, None))?;
    let (dataset, parts) = open_with_parts(&config.data, Part::All)?;
    let step = dataset.len().div_ceil(most.max(1)).max(1);
    let indices: Vec<u32> = (0..dataset.len() as u32).step_by(step).collect();
    let parts: Vec<Part> = indices.iter().map(|&i| parts[i as usize]).collect();
    let some: Arc<dyn Dataset> = Arc::new(Subset::new(dataset, indices));
    let dim = readout.shape.iter().product();
    let mut writer = writers::open(out, dim, some.classes(), &[])?;
    through::embed(
        &some,
        &setup.views,
        (EVAL_BATCH, config.data.worker_count()),
        &setup.device,
        |x| readout.read(x),
        |mut features| {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted("stopped; nothing was written".into()));
            }
            features.parts = features.samples.iter().map(|&i| parts[i]).collect();
            writer.append(&features)
        },
    )?;
    writer.finish()
}
