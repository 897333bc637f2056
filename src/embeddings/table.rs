//! A table of embeddings.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::filling::Filling;
use super::formats;
use super::numbers::{Numbers, blocks};
use super::words::Words;
use crate::data::Part;
use crate::error::{Error, Result, nearest};

/// N embeddings of D numbers with an id each, and the part and class of those where they are known.
pub struct EmbeddingTable {
    path: PathBuf,
    numbers: Numbers,
    ids: Arc<[String]>,
    parts: Arc<Words>,
    classes: Arc<Words>,
    notes: Vec<String>,
    about: Value,
}

impl EmbeddingTable {
    /// Read a `.parquet`, `.npy` or `.safetensors` file, or a folder of Parquet files with `_SUCCESS` among them: what
    /// `ravine embed` wrote, or another program; `column` names the column of embeddings where there are several.
    ///
    /// # Errors
    /// [`Error::Usage`] on a file of another kind, one without embeddings, embeddings of different lengths, numbers that
    /// are not finite, another number of ids than of rows, a folder that is not finished; [`Error::Data`] where it cannot
    /// be read.
    pub fn open(path: &Path, column: Option<&str>) -> Result<Self> {
        let mut filling = Filling::new(path);
        formats::read(path, column, &mut filling)?;
        let rows = filling.rows();
        let Some(numbers) = filling.numbers.take().filter(|_| rows > 0) else {
            return Err(filling.broken("holds no embedding"));
        };
        if filling.ids.is_empty() {
            filling.ids = (0..rows).map(|row| row.to_string()).collect();
            let note = format!(
                "{}: has no ids, so rows are named by their number, from 0 on",
                path.display()
            );
            filling.notes.push(note);
        }
        if filling.ids.len() != rows {
            let ids = filling.ids.len();
            return Err(filling.broken(format!(
                "{ids} ids stand for {rows} embeddings; embed again"
            )));
        }
        Ok(Self {
            path: filling.path,
            numbers,
            ids: filling.ids.into(),
            parts: Arc::new(filling.parts),
            classes: Arc::new(filling.classes),
            notes: filling.notes,
            about: filling.about,
        })
    }

    /// The file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// N.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.numbers.rows()
    }

    /// D.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.numbers.dim()
    }

    /// The run whose encoder made the embeddings, where the file says so.
    #[must_use]
    pub fn run(&self) -> Option<PathBuf> {
        self.about["run"].as_str().map(PathBuf::from)
    }

    /// Whether every embedding is the mean of those of a picture and its mirror image, where the file says so.
    #[must_use]
    pub fn has_flips(&self) -> bool {
        self.about["flips"] == true
    }

    /// What the file says of the run and of how it was embedded, as `ravine embed` writes it; null where it says nothing.
    #[must_use]
    pub fn about(&self) -> &Value {
        &self.about
    }

    /// What a person should know of how it was read.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What row `row` is found by.
    ///
    /// # Panics
    /// `row` is not below N.
    #[must_use]
    pub fn id(&self, row: usize) -> &str {
        &self.ids[row]
    }

    /// The part of the data that a row is of, where known.
    #[must_use]
    pub fn part(&self, row: usize) -> Option<&str> {
        self.parts.get(row)
    }

    /// Whether a row is of the part that is trained on.
    #[must_use]
    pub fn is_trained_on(&self, row: usize) -> bool {
        self.part(row) == Some(Part::Train.name())
    }

    /// The class of a row, where known.
    #[must_use]
    pub fn class(&self, row: usize) -> Option<&str> {
        self.classes.get(row)
    }

    /// Whether any row's part is known.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        self.parts.is_any()
    }

    /// Whether any row's class is known.
    #[must_use]
    pub fn has_classes(&self) -> bool {
        self.classes.is_any()
    }

    /// The embeddings of some rows, one after another.
    ///
    /// # Errors
    /// [`Error::Failed`] where the copy that waits in a file cannot be read.
    ///
    /// # Panics
    /// A row is not below N.
    pub fn read(&self, rows: Range<usize>) -> Result<Cow<'_, [f32]>> {
        assert!(rows.start <= rows.end && rows.end <= self.rows());
        self.numbers.read(rows)
    }

    /// The same rows with the embeddings that `map` makes of a block of theirs, as many numbers each.
    ///
    /// # Errors
    /// What `map` returns; where the table cannot be read again or no copy written.
    ///
    /// # Panics
    /// `map` makes more or fewer numbers.
    pub fn map(&self, map: impl Fn(&[f32]) -> Result<Vec<f32>>) -> Result<Self> {
        let mut numbers = Numbers::new(self.dim());
        for rows in blocks(self.rows(), self.dim()) {
            numbers.append(&map(&self.read(rows)?)?, &self.path)?;
        }
        assert_eq!(numbers.rows(), self.rows());
        Ok(Self {
            path: self.path.clone(),
            numbers,
            ids: Arc::clone(&self.ids),
            parts: Arc::clone(&self.parts),
            classes: Arc::clone(&self.classes),
            notes: self.notes.clone(),
            about: self.about.clone(),
        })
    }

    /// The rows that `ids` name.
    ///
    /// # Errors
    /// [`Error::Usage`] on an id that no row has, or several.
    pub fn find(&self, ids: &[String]) -> Result<Vec<usize>> {
        let mut places: HashMap<&str, (usize, usize)> = HashMap::new();
        for (row, id) in self.ids.iter().enumerate() {
            places.entry(id).or_insert((row, 0)).1 += 1;
        }
        let one = |id: &String| match places.get(id.as_str()) {
            Some((row, 1)) => Ok(*row),
            Some((_, count)) => Err(self.error(format!("{count} rows have the id `{id}`"))),
            None => {
                let like = nearest(id, self.ids.iter().map(String::as_str));
                let like = like.map_or(String::new(), |like| format!("; did you mean `{like}`?"));
                Err(self.error(format!("no row has the id `{id}`{like}")))
            }
        };
        ids.iter().map(one).collect()
    }

    /// What is wrong with a question to this table.
    pub(super) fn error(&self, problem: impl std::fmt::Display) -> Error {
        Error::Usage(format!("{}: {problem}", self.path.display()))
    }
}
