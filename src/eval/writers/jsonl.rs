//! JSON lines: `{"id": …, "part": …, "label": …, "class": …, "embedding": […]}`, null where there is no label, and
//! `"metadata": {…}` where there are further columns.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::format::{EmbeddingWriter, Format, Names, part_of};
use crate::atomic::{AtomicFile, unwritable};
use crate::error::Result;
use crate::eval::Features;

pub(super) const FORMAT: Format = Format {
    extension: "jsonl",
    about: "one object a row: id, part, label, class, embedding, metadata; for scripts",
    text: true,
    says: false,
    create: |path, _, names| Ok(Box::new(Jsonl::create(path, names)?)),
};

struct Jsonl {
    file: AtomicFile,
    names: Names,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    part: Option<&'static str>,
    label: Option<u32>,
    class: Option<&'a str>,
    embedding: &'a [f32],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, Option<&'a str>>,
}

impl Jsonl {
    fn create(path: &Path, names: Names) -> Result<Self> {
        let file = AtomicFile::create(path)?;
        Ok(Self { file, names })
    }
}

impl EmbeddingWriter for Jsonl {
    fn append(&mut self, rows: &Features) -> Result<()> {
        for i in 0..rows.rows() {
            let (label, class) = self.names.of(rows, i);
            let further = self.names.columns.iter().enumerate();
            let further = further.map(|(c, name)| (name.as_str(), Names::cell(rows, i, c)));
            let line = Line {
                id: &rows.ids[i],
                part: part_of(rows, i),
                label,
                class,
                embedding: rows.row(i),
                metadata: further.collect(),
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
