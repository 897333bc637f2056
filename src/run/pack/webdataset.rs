//! Tar files of samples: `000000000.jpg`, its class number in `.cls`, and in `.json` its path in the source and the further
//! columns; a column `path` of the source stands there instead.

use std::path::Path;

use serde_json::{Map, Value};
use tar::{Builder, Header};

use super::hashed::Hashed;
use super::row::{Names, Row, Sink};
use crate::atomic::unwritable;
use crate::error::{Error, Result};

/// A tar file under construction.
pub(super) struct Shard {
    out: Builder<Hashed>,
    columns: Vec<String>,
}

impl Shard {
    pub(super) fn create(path: &Path, names: &Names) -> Result<Self> {
        Ok(Self {
            out: Builder::new(Hashed::create(path)?),
            columns: names.columns.clone(),
        })
    }

    fn put(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut header = Header::new_ustar(); // of no owner and no time
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        let written = self.out.append_data(&mut header, name, content);
        written.map_err(|e| unwritable(self.out.get_ref().path(), &e))
    }
}

impl Sink for Shard {
    fn add(&mut self, row: &Row) -> Result<()> {
        let key = format!("{:09}", row.number);
        self.put(&format!("{key}.{}", row.extension), &row.bytes)?;
        if let Some(label) = row.label {
            self.put(&format!("{key}.cls"), label.to_string().as_bytes())?;
        }
        let mut about = Map::new();
        about.insert("path".into(), row.id.clone().into());
        let cells = self.columns.iter().zip(&row.cells);
        let cells = cells.filter_map(|(name, cell)| Some((name.clone(), Value::from((*cell)?))));
        about.extend(cells);
        let about = Value::Object(about).to_string();
        self.put(&format!("{key}.json"), about.as_bytes())
    }

    fn finish(self: Box<Self>) -> Result<(u64, String)> {
        let path = self.out.get_ref().path().to_path_buf();
        let file = self.out.into_inner();
        file.map_err(|e| Error::data(&path, format!("cannot be written: {e}")))?
            .commit()
    }
}
