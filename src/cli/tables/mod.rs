//! Commands that ask a table of embeddings.

pub(super) mod cluster;
pub(super) mod compare_embeddings;
pub(super) mod duplicates;
pub(super) mod map;
pub(super) mod neighbors;
pub(super) mod outliers;
mod pictures;
pub(super) mod select;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;

use super::output::{bar, notes};
use super::stop::stop_flag;
use crate::atomic::AtomicFile;
use crate::embeddings::EmbeddingTable;
use crate::error::{Error, Result};

/// A table, as every command takes it.
#[derive(Debug, clap::Args)]
struct Asked {
    /// Table of embeddings: .parquet, .npy, .safetensors or a folder of parts, of `ravine embed` or another program.
    table: PathBuf,
    /// Its column of embeddings, where there are several.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
}

impl Asked {
    fn open(&self) -> Result<EmbeddingTable> {
        let table = EmbeddingTable::open(&self.table, self.column.as_deref())?;
        notes(table.notes());
        Ok(table)
    }
}

/// A bar over the rows, and the wish to stop.
struct Watch {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Watch {
    fn rows(count: usize) -> Result<Self> {
        Ok(Self {
            bar: bar(count),
            stop: stop_flag()?,
        })
    }

    /// One more row is done.
    fn row(&self) -> Result<()> {
        self.bar.inc(1);
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted("stopped; nothing was written".into()));
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A file of comma-separated values under construction.
struct Csv {
    path: PathBuf,
    out: ::csv::Writer<AtomicFile>,
}

impl Csv {
    fn create(path: &Path, columns: &[&str]) -> Result<Self> {
        let out = ::csv::Writer::from_writer(AtomicFile::create(path)?);
        let mut csv = Self {
            path: path.into(),
            out,
        };
        csv.row(columns)?;
        Ok(csv)
    }

    fn row(&mut self, cells: &[impl AsRef<[u8]>]) -> Result<()> {
        let written = self.out.write_record(cells);
        written.map_err(|e| Error::data(&self.path, e))
    }

    fn finish(self) -> Result<()> {
        let file = self.out.into_inner();
        file.map_err(|e| Error::data(&self.path, e.error()))?
            .commit()
    }
}

/// An id with its class and part, where they are known.
fn named(table: &EmbeddingTable, row: usize) -> String {
    let known = [table.class(row), table.part(row)];
    let known: Vec<&str> = known.into_iter().flatten().collect();
    if known.is_empty() {
        return table.id(row).into();
    }
    format!("{} ({})", table.id(row), known.join(", "))
}
