//! A table of millions of rows as a folder of parts.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::prepared::{Prepared, cells};
use super::target::Target;
use super::wanted::{Embedding, EmbeddingsFile, WrittenParts};
use crate::assembly::OpenedRun;
use crate::error::{Error, Result};
use crate::eval::writers::{MOST_PARTS, part_rows};
use crate::train::Observer;

/// Images that are digested together.
const PIECE: usize = 4096;

/// A table that is written part by part: part n has the images from n times `each` on, those that can be read.
pub(super) struct Shards<'a> {
    prepared: &'a Prepared,
    target: Target,
    out: String,
    each: usize,
    count: usize,
    /// Images that may be unreadable, as a share.
    most_bad: f64,
}

/// What is written so far.
#[derive(Default)]
struct Done {
    parts: WrittenParts,
    rows: usize,
    skipped: usize,
}

impl<'a> Shards<'a> {
    /// The folder `wanted.out`, which holds nothing or parts of the same table.
    pub(super) fn new(
        prepared: &'a Prepared,
        (run, wanted): (&OpenedRun, &Embedding),
        each: usize,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let count = prepared.dataset.len().div_ceil(each);
        if count == 0 {
            return Err(Error::Failed(
                "there is no image to embed; the part of the data set asked for is empty".into(),
            ));
        }
        if count > MOST_PARTS {
            return Err(Error::Usage(format!(
                "--shard-rows {each}: makes {count} parts, more than {MOST_PARTS}; give a larger number"
            )));
        }
        let said = said(prepared, (run, wanted), each)?;
        let target = Target::open(&wanted.out, &said, wanted.force)?;
        let shards = Self {
            prepared,
            target,
            out: wanted.out.display().to_string(),
            each,
            count,
            most_bad: run.config.data.max_bad_share,
        };
        let there = (0..count).filter(|&number| shards.rows(number).is_some());
        let there = there.count();
        if there > 0 {
            observer.message(&format!(
                "{}: {there} of {count} parts are there and kept",
                shards.out
            ));
        }
        Ok(shards)
    }

    /// Write the parts that are missing, and say that all are there.
    pub(super) fn write(
        &self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<EmbeddingsFile> {
        let mut done = Done::default();
        for number in 0..self.count {
            let rows = if let Some(rows) = self.rows(number) {
                done.parts.kept += 1;
                rows
            } else {
                self.part(number, &done, observer, stop)?
            };
            done.parts.count += 1;
            done.rows += rows;
            done.skipped += self.range(number).len() - rows;
            self.few_enough(&done)?;
        }
        if done.rows == 0 {
            return Err(Error::Failed(format!(
                "no image could be read; `ravine data check` says why, and {} can be removed",
                self.out
            )));
        }
        self.target.finish()?;
        let shape = self.prepared.form.shape.clone();
        Ok(EmbeddingsFile {
            out: self.out.clone(),
            rows: done.rows,
            dim: shape.iter().product(),
            shape,
            skipped: done.skipped,
            parts: Some(done.parts),
        })
    }

    /// The images of part `number`.
    fn range(&self, number: usize) -> Range<usize> {
        let first = number * self.each;
        first
            ..self
                .prepared
                .dataset
                .len()
                .min(first.saturating_add(self.each))
    }

    /// Rows of part `number`, where it is there.
    fn rows(&self, number: usize) -> Option<usize> {
        part_rows(&self.target.part(number)).filter(|rows| *rows <= self.range(number).len())
    }

    /// Write part `number`; its rows.
    fn part(
        &self,
        number: usize,
        done: &Done,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<usize> {
        self.target.reopen()?;
        let path = self.target.part(number);
        let mut writer = self.prepared.writer(&path)?;
        let mut rows = 0;
        let bad = self.prepared.pass(self.range(number), |features| {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted(format!(
                    "stopped; {} of {} parts are in {}: the same command goes on after them",
                    done.parts.count, self.count, self.out
                )));
            }
            rows += features.rows();
            writer.append(&features)
        })?;
        for bad in &bad {
            observer.message(&format!("skipped {}: {}", bad.id, bad.reason));
        }
        writer.finish()?;
        observer.message(&format!(
            "part {} of {}: {rows} rows in {}",
            number + 1,
            self.count,
            path.display()
        ));
        Ok(rows)
    }

    /// Refuse to go on where too many images are missing.
    fn few_enough(&self, done: &Done) -> Result<()> {
        let (most, all) = (self.most_bad, self.prepared.dataset.len());
        if done.skipped as f64 <= most * all as f64 {
            return Ok(());
        }
        Err(Error::Failed(format!(
            "{} of {all} images cannot be read so far, more than the share {most} that may be. Raise --max-bad-share and go \
             on with the same folder, or mend or remove them and start again with --force",
            done.skipped
        )))
    }
}

/// What the parts are of: run, weights, arguments, data.
fn said(
    prepared: &Prepared,
    (run, wanted): (&OpenedRun, &Embedding),
    each: usize,
) -> Result<Value> {
    let root = run.folder.root();
    let weights = run.checkpoint.join(run.weights.file());
    let mut said = prepared.form.about.clone().unwrap_or_else(|| json!({}));
    said["run"] = json!(fs::canonicalize(root).unwrap_or_else(|_| root.into()));
    said["weights_sha256"] = json!(digest_of(&weights).map_err(|e| Error::data(&weights, e))?);
    said["seed"] = json!(run.config.seed);
    said["part"] = json!(wanted.part.name());
    said["shard_rows"] = json!(each);
    said["images"] = json!(prepared.dataset.len());
    said["parts"] = json!(prepared.dataset.len().div_ceil(each));
    said["data_sha256"] = json!(digest_of_data(prepared));
    said["source"] = json!(run.config.data.sources_in_words());
    Ok(said)
}

fn digest_of(path: &std::path::Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(in_words(&hash.finalize()))
}

/// A number that changes with the order of the images, their ids, labels and further columns, and the lengths of their files;
/// an image replaced by one of as many bytes is not noticed: no file is read.
fn digest_of_data(prepared: &Prepared) -> String {
    let set = prepared.dataset.as_ref();
    let of_piece = |piece: usize| {
        let mut hash = Sha256::new();
        for i in piece * PIECE..set.len().min((piece + 1) * PIECE) {
            let class = set.label(i).map(|l| (l, set.classes().get(l as usize)));
            let marks = (prepared.parts[i].name(), class, cells(set, &[i]));
            hash.update(format!("{:?}\n", (set.id(i), set.file_length(i), marks)));
        }
        hash.finalize()
    };
    let pieces = (0..set.len().div_ceil(PIECE)).into_par_iter().map(of_piece);
    let mut all = Sha256::new();
    all.update(format!("{:?}\n", prepared.columns));
    for piece in pieces.collect::<Vec<_>>() {
        all.update(piece);
    }
    in_words(&all.finalize())
}

fn in_words(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
