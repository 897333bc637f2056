//! JSON lines: `{"id": …, "part": …, "label": …, "class": …, "embedding": […]}`, null where there is no label.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::format::{Classes, EmbeddingWriter, Format, part_of};
use crate::atomic::{AtomicFile, unwritable};
use crate::error::Result;
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "jsonl",
    about: "one object a row: id, part, label, class, embedding; for scripts",
    create: |path, _, classes| Ok(Box::new(Jsonl::create(path, classes)?)),
};

struct Jsonl {
    file: AtomicFile,
    classes: Classes,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    part: Option<&'static str>,
    label: Option<u32>,
    class: Option<&'a str>,
    embedding: &'a [f32],
}

impl Jsonl {
    fn create(path: &Path, classes: Classes) -> Result<Self> {
        let file = AtomicFile::create(path)?;
        Ok(Self { file, classes })
    }
}

impl EmbeddingWriter for Jsonl {
    fn append(&mut self, rows: &Features) -> Result<()> {
        for i in 0..rows.rows() {
            let (label, class) = self.classes.of(rows, i);
            let line = Line {
                id: &rows.ids[i],
                part: part_of(rows, i),
                label,
                class,
                embedding: rows.row(i),
            };
            serde_json::to_writer(&mut self.file, &line)
                .map_err(io::Error::from)
                .and_then(|()| self.file.write_all(b"\n"))
                .map_err(|e| unwritable(self.file.path(), &e))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.commit()
    }
}
