//! NumPy's npy: a matrix whose columns are named by their number.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::columns::{Columns, bounded, finite, unusable};
use crate::data::npy::{Broken, Header};
use crate::error::{Error, Result};

/// A matrix in memory, row by row.
pub(in crate::data) struct Npy {
    path: PathBuf,
    names: Vec<String>,
    values: Vec<f64>, // rows × columns
}

impl Npy {
    pub(in crate::data) fn open(path: &Path) -> Result<Self> {
        let broken = |e: std::io::Error| Broken::from(e).at(path);
        let mut file = File::open(path).map_err(broken)?;
        let header = Header::read(&mut file).map_err(|e| e.at(path))?;
        let (rows, columns) = match header.shape.as_slice() {
            &[rows] => (rows, 1),
            &[rows, columns] => (rows, columns),
            other => {
                let problem = format!(
                    "holds an array of {} dimensions; a table has one or two, reshape it",
                    other.len()
                );
                return Err(unusable(path, problem));
            }
        };
        bounded(path, rows, columns)?;
        let expected = rows * columns * header.kind.size;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() != expected {
            let problem = format!(
                "holds {} bytes of numbers where its header announces {expected}; write it again with numpy.save",
                bytes.len()
            );
            return Err(Error::data(path, problem));
        }
        Ok(Self {
            path: path.to_path_buf(),
            names: (0..columns).map(|column| column.to_string()).collect(),
            values: values(&header, rows, columns, &bytes),
        })
    }
}

/// The numbers row by row.
fn values(header: &Header, rows: usize, columns: usize, bytes: &[u8]) -> Vec<f64> {
    let numbers = bytes.chunks_exact(header.kind.size);
    let stored: Vec<f64> = numbers.map(|bytes| header.kind.number(bytes)).collect();
    if !header.fortran {
        return stored;
    }
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| column * rows + row));
    places.map(|place| stored[place]).collect()
}

impl Columns for Npy {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn numbers(&self, columns: &[usize]) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        for (row, numbers) in self.values.chunks_exact(self.names.len()).enumerate() {
            for &column in columns {
                let place = || format!("row {row}, column `{column}`");
                values.push(finite(numbers[column], &self.path, place)?);
            }
        }
        Ok(values)
    }

    fn words(&self, column: usize) -> Result<Vec<String>> {
        let numbers = self.numbers(&[column])?;
        Ok(numbers.iter().map(f64::to_string).collect())
    }
}
