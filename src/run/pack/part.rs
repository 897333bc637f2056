//! One part of a set, file after file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::manifest::{PackedFile, PackedPart, PackedSet};
use super::picture::file;
use super::place::Target;
use super::row::{Names, Row, Sink};
use super::wanted::Packing;
use crate::data::{Bad, Dataset, Part};
use crate::error::{Error, Result};

/// What goes on from part to part.
pub(super) struct Going<'a> {
    pub(super) wanted: &'a Packing,
    pub(super) names: &'a Names,
    pub(super) target: &'a Target,
    /// Pictures of the parts before.
    pub(super) before: usize,
    /// Pictures of all parts.
    pub(super) all: usize,
    pub(super) watch: &'a mut dyn FnMut(usize, usize),
    pub(super) stop: &'a AtomicBool,
}

/// Write the pictures of `set`, those that can be read, in their order.
pub(super) fn pack_part(
    part: Part,
    set: &dyn Dataset,
    going: &mut Going,
    packed: &mut PackedSet,
) -> Result<PackedPart> {
    let places = going.names.places(set);
    let mut files = Files {
        part,
        target: going.target,
        wanted: going.wanted,
        names: going.names,
        open: None,
        done: Vec::new(),
    };
    let mut counts = PackedPart {
        part,
        images: 0,
        classes: BTreeMap::new(),
        unlabelled: 0,
    };
    let piece = 2 * rayon::current_num_threads();
    for start in (0..set.len()).step_by(piece) {
        if going.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted("stopped; nothing was written".into()));
        }
        let piece = start..set.len().min(start + piece);
        let read = piece.clone().into_par_iter();
        let read: Vec<_> = read.map(|i| file(set, i, going.wanted.size)).collect();
        for (index, read) in piece.zip(read) {
            let (bytes, extension) = match read {
                Ok(read) => read,
                Err(problem @ Error::Data { .. }) => {
                    packed.pass_over(Bad::of(index as u64, set, problem));
                    continue;
                }
                Err(other) => return Err(other),
            };
            let label = places.label(set, index);
            let row = Row {
                number: counts.images,
                bytes,
                extension,
                id: set.id(index),
                label,
                tags: places.tags(set, index),
                cells: places.cells(set, index),
            };
            files.add(&row)?;
            counts.images += 1;
            match label.and_then(|label| going.names.classes.get(label)) {
                Some(class) => *counts.classes.entry(class.clone()).or_default() += 1,
                None => counts.unlabelled += usize::from(row.tags.is_none()),
            }
        }
        (going.watch)(going.before + start, going.all);
    }
    packed.files.extend(files.finish()?);
    packed.images += counts.images;
    Ok(counts)
}

/// The files of a part.
struct Files<'a> {
    part: Part,
    target: &'a Target,
    wanted: &'a Packing,
    names: &'a Names,
    open: Option<Open>,
    done: Vec<PackedFile>,
}

/// The file that is written to.
struct Open {
    sink: Box<dyn Sink>,
    images: usize,
    size: u64,
}

impl Files<'_> {
    fn add(&mut self, row: &Row) -> Result<()> {
        let most = self.wanted.shard_bytes;
        let takes = row.size() as u64 + self.wanted.format.overhead();
        let full = |open: &Open| open.size + takes > most;
        if self.target.is_folder() && self.open.as_ref().is_some_and(full) {
            self.close()?;
        }
        if self.open.is_none() {
            let path = self.target.file(self.part, self.done.len());
            self.open = Some(Open {
                sink: self.wanted.format.create(&path, self.names)?,
                images: 0,
                size: 0,
            });
        }
        if let Some(open) = &mut self.open {
            open.sink.add(row)?;
            open.images += 1;
            open.size += takes;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            let (bytes, sha256) = open.sink.finish()?;
            self.done.push(PackedFile {
                name: String::new(),
                part: self.part,
                images: open.images,
                bytes,
                sha256,
            });
        }
        Ok(())
    }

    /// Every file under its final name.
    fn finish(mut self) -> Result<Vec<PackedFile>> {
        self.close()?;
        let count = self.done.len();
        for (number, file) in self.done.iter_mut().enumerate() {
            file.name = self.target.name(self.part, number, count)?;
        }
        Ok(self.done)
    }
}
