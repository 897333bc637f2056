//! NumPy's npy: a matrix whose columns are named by their number.
//!
//! candle's reader takes the header's word for the size before it has looked at the file, and refuses
//! Fortran order, which a transposed or sliced matrix is saved in.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::columns::{Columns, bounded, finite, unusable};
use crate::error::{Error, Result};

/// Longer than any header that NumPy writes for a matrix.
const MAX_HEADER: usize = 1 << 16;

/// A matrix in memory, row by row.
pub(super) struct Npy {
    path: PathBuf,
    names: Vec<String>,
    values: Vec<f64>, // rows × columns
}

impl Npy {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let broken = |e: std::io::Error| {
            let problem = format!("not a complete npy file ({e}); write it again with numpy.save");
            Error::data(path, problem)
        };
        let mut file = File::open(path).map_err(broken)?;
        let mut start = [0_u8; 10];
        file.read_exact(&mut start).map_err(broken)?;
        let long = start[6] >= 2;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(Error::data(
                path,
                "is no npy file; write it with numpy.save",
            ));
        }
        let mut length = usize::from(u16::from_le_bytes([start[8], start[9]]));
        if long {
            let mut high = [0_u8; 2];
            file.read_exact(&mut high).map_err(broken)?;
            length |= usize::from(u16::from_le_bytes(high)) << 16;
        }
        let mut header = vec![0_u8; length.min(MAX_HEADER)];
        file.read_exact(&mut header).map_err(broken)?;
        let header = Header::parse(&String::from_utf8_lossy(&header))
            .map_err(|problem| unusable(path, problem))?;
        bounded(path, header.rows, header.columns)?;
        let expected = header.rows * header.columns * header.kind.size;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() != expected {
            let problem = format!(
                "holds {} bytes of numbers where its header announces {expected}; write it again with numpy.save",
                bytes.len()
            );
            return Err(Error::data(path, problem));
        }
        let (names, values) = (header.names(), header.values(&bytes));
        let path = path.to_path_buf();
        Ok(Self {
            path,
            names,
            values,
        })
    }
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

/// How one number is stored.
#[derive(Clone, Copy)]
struct Kind {
    size: usize,
    read: fn(&[u8]) -> f64,
}

struct Header {
    kind: Kind,
    fortran: bool,
    rows: usize,
    columns: usize,
}

impl Header {
    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (10, 2), }`
    fn parse(text: &str) -> Result<Self, String> {
        let after = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}':"))?;
            Some(rest.trim_start())
        };
        let odd =
            || "its header is none that numpy.save writes for a matrix of numbers".to_string();
        let descr = after("descr").ok_or_else(odd)?;
        let descr = descr.split('\'').nth(1).filter(|_| descr.starts_with('\''));
        let descr = descr.ok_or_else(|| {
            "holds records, not a matrix; save the columns with numpy.column_stack".to_string()
        })?;
        let shape = after("shape").and_then(|s| s.strip_prefix('(')?.split(')').next());
        let sizes: Result<Vec<usize>, _> = shape
            .ok_or_else(odd)?
            .split(',')
            .map(str::trim)
            .filter(|size| !size.is_empty())
            .map(str::parse)
            .collect();
        let (rows, columns) = match sizes.map_err(|_| odd())?.as_slice() {
            &[rows] => (rows, 1),
            &[rows, columns] => (rows, columns),
            other => {
                return Err(format!(
                    "holds an array of {} dimensions; a table has one or two, reshape it",
                    other.len()
                ));
            }
        };
        Ok(Self {
            kind: kind(descr)?,
            fortran: after("fortran_order").is_some_and(|s| s.starts_with("True")),
            rows,
            columns,
        })
    }

    fn names(&self) -> Vec<String> {
        (0..self.columns).map(|column| column.to_string()).collect()
    }

    fn values(&self, bytes: &[u8]) -> Vec<f64> {
        let stored: Vec<f64> = bytes
            .chunks_exact(self.kind.size)
            .map(self.kind.read)
            .collect();
        if !self.fortran {
            return stored;
        }
        let places = (0..self.rows)
            .flat_map(|row| (0..self.columns).map(move |column| column * self.rows + row));
        places.map(|place| stored[place]).collect()
    }
}

/// `bytes` as an array; the chunks cut by `size` have that length.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

fn kind(descr: &str) -> Result<Kind, String> {
    let kind = |size, read| Ok(Kind { size, read });
    match descr {
        "<f4" => kind(4, |b| f32::from_le_bytes(array(b)).into()),
        "<f8" => kind(8, |b| f64::from_le_bytes(array(b))),
        "<i8" => kind(8, |b| i64::from_le_bytes(array(b)) as f64),
        "<i4" => kind(4, |b| i32::from_le_bytes(array(b)).into()),
        "<i2" => kind(2, |b| i16::from_le_bytes(array(b)).into()),
        "<u8" => kind(8, |b| u64::from_le_bytes(array(b)) as f64),
        "<u4" => kind(4, |b| u32::from_le_bytes(array(b)).into()),
        "<u2" => kind(2, |b| u16::from_le_bytes(array(b)).into()),
        "|u1" | "|b1" => kind(1, |b| b[0].into()),
        "|i1" => kind(1, |b| i8::from_le_bytes(array(b)).into()),
        other => Err(format!(
            "holds numbers of type `{other}`; convert it with .astype(\"float32\")"
        )),
    }
}
