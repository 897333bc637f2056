//! Comma- or tab-separated values with a line of names.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use ::csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::columns::{Columns, bounded, finite, unusable};
use crate::error::{Error, Result};

/// A text table; it is read again for each question, so that only the columns asked for take memory.
pub(in crate::data) struct Csv {
    path: PathBuf,
    delimiter: u8,
    names: Vec<String>,
}

impl Csv {
    pub(in crate::data) fn open(path: &Path, delimiter: u8) -> Result<Self> {
        let mut csv = Self {
            path: path.to_path_buf(),
            delimiter,
            names: Vec::new(),
        };
        let mut reader = csv.reader()?;
        let header = reader.headers().map_err(|e| csv.broken(&e))?;
        let names = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'));
        csv.names = names.map(String::from).collect();
        if csv.names.is_empty() {
            return Err(unusable(
                path,
                "is empty; the first line must name the columns",
            ));
        }
        if csv.names.iter().all(|name| name.parse::<f64>().is_ok()) {
            return Err(unusable(
                path,
                "the first line holds numbers, not names of columns; put a line of names above it",
            ));
        }
        if csv.names.len() == 1 && csv.names[0].contains([';', '\t']) {
            return Err(unusable(
                path,
                "the columns are not separated by commas; write it with commas, or with tabs as .tsv",
            ));
        }
        Ok(csv)
    }

    fn reader(&self) -> Result<::csv::Reader<File>> {
        let file = File::open(&self.path)
            .map_err(|e| Error::data(&self.path, format!("cannot be read: {e}")))?;
        Ok(ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(Trim::All)
            .from_reader(file))
    }

    /// Go through the lines below the header.
    fn each(&self, look: impl FnMut(&StringRecord) -> Result<()>) -> Result<()> {
        self.first(usize::MAX, look)
    }

    /// Go through the first `most` lines below the header.
    pub(in crate::data) fn first(
        &self,
        most: usize,
        mut look: impl FnMut(&StringRecord) -> Result<()>,
    ) -> Result<()> {
        let mut reader = self.reader()?;
        let mut record = StringRecord::new();
        for _ in 0..most {
            let more = reader.read_record(&mut record);
            if !more.map_err(|e| self.broken(&e))? {
                break;
            }
            look(&record)?;
        }
        Ok(())
    }

    /// The line that `position` is on; the reader itself counts neither the second half of `\r\n` nor blank lines in time.
    fn line(&self, position: Option<&Position>) -> u64 {
        let start = position.map_or(0, Position::byte);
        let file = File::open(&self.path).into_iter();
        let bytes = file.flat_map(|file| {
            BufReader::new(file)
                .bytes()
                .map_while(std::result::Result::ok)
        });
        let (mut line, mut last) = (1, 0);
        for (at, byte) in (0..).zip(bytes) {
            if at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            line += u64::from(byte == b'\r' || (byte == b'\n' && last != b'\r'));
            last = byte;
        }
        line
    }

    fn broken(&self, error: &::csv::Error) -> Error {
        match error.kind() {
            ErrorKind::UnequalLengths {
                pos,
                expected_len,
                len,
            } => unusable(
                &self.path,
                format!(
                    "line {} has {len} cells, the first line names {expected_len} columns; mend the line",
                    self.line(pos.as_ref())
                ),
            ),
            ErrorKind::Utf8 { pos, .. } => unusable(
                &self.path,
                format!(
                    "line {} is not UTF-8 text; save the file as UTF-8",
                    self.line(pos.as_ref())
                ),
            ),
            _ => Error::data(&self.path, format!("cannot be read: {error}")),
        }
    }

    fn number(&self, record: &StringRecord, column: usize) -> Result<f64> {
        let cell = &record[column];
        let place = || {
            let line = self.line(record.position());
            format!("line {line}, column `{}`", self.names[column])
        };
        let wrong = |what: String| {
            let way = "mend the cell, or name the columns to use in `data.x` and `data.y`";
            unusable(&self.path, format!("{}: {what}; {way}", place()))
        };
        if cell.is_empty() {
            return Err(wrong("the cell is empty".into()));
        }
        let value = cell
            .parse()
            .map_err(|_| wrong(format!("`{cell}` is not a number")))?;
        finite(value, &self.path, place)
    }
}

impl Columns for Csv {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn numbers(&self, columns: &[usize]) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        self.each(|record| {
            for &column in columns {
                values.push(self.number(record, column)?);
            }
            bounded(&self.path, values.len(), 1)
        })?;
        Ok(values)
    }

    fn words(&self, column: usize) -> Result<Vec<String>> {
        let mut words = Vec::new();
        self.each(|record| {
            if record[column].is_empty() {
                let (name, line) = (&self.names[column], self.line(record.position()));
                let problem =
                    format!("line {line}, column `{name}`: the class is missing; name it");
                return Err(unusable(&self.path, problem));
            }
            words.push(record[column].to_string());
            Ok(())
        })?;
        Ok(words)
    }
}
