//! The pictures of a run for its report: embedded, placed, cut small.

use std::path::Path;

use super::args::Args;
use crate::cli::output::notes;
use crate::cli::progress::Bars;
use crate::cli::stop::stop_flag;
use crate::embeddings::EmbeddingTable;
use crate::error::{Error, Result};
use crate::report::{Album, Atlas, RunPictures};
use crate::run::embed_some;

/// Pictures of the run at `root`, or why there are none.
pub(super) fn at(args: &Args, root: &Path) -> Result<std::result::Result<RunPictures, String>> {
    if args.images == 0 && args.table.is_none() {
        return Ok(Err(String::new()));
    }
    match pictures(args, root) {
        Ok(pictures) => Ok(Ok(pictures)),
        Err(stopped @ Error::Interrupted(_)) => Err(stopped),
        Err(wrong) if args.table.is_some() => Err(wrong),
        Err(wrong) => {
            let why = format!("There is no map of pictures: {wrong}");
            notes(&[format!("{}: {why}", root.display())]);
            Ok(Err(why))
        }
    }
}

fn pictures(args: &Args, root: &Path) -> Result<RunPictures> {
    let run = args.chosen.open(root)?;
    let stop = stop_flag()?;
    let folder = tempfile::tempdir()
        .map_err(|e| Error::Failed(format!("no temporary folder can be made: {e}")))?;
    let most = args.images / args.runs.len();
    let table = if let Some(table) = &args.table {
        EmbeddingTable::open(table, None)?
    } else {
        if run.config.data.is_table() {
            return Err(Error::Usage(
                "the run learns from a table, whose rows have none".into(),
            ));
        }
        let path = folder.path().join("embeddings.safetensors");
        embed_some(&run, most, &path, &mut Bars::new(), &stop)?;
        EmbeddingTable::open(&path, None)?
    };
    notes(table.notes());
    let album = Album::open(&run);
    if let Err(wrong) = &album {
        notes(&[format!("pictures are left out: {wrong}")]);
    }
    let album = album.ok();
    let each = || {
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::Interrupted("stopped; nothing was written".into()));
        }
        Ok(())
    };
    let atlas = Atlas::new(
        &table,
        (args.kind, run.config.seed),
        (album.as_ref(), most),
        each,
    )?;
    RunPictures::new(atlas, album.as_ref())
}
