//! NumPy's npy: a matrix, with ids and classes in `<stem>.labels.csv` where that is there.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::beside;
use crate::data::npy::{Broken, Header};
use crate::embeddings::filling::{Filling, ROWS};
use crate::error::{Error, Result};

pub(super) fn read(path: &Path, _: Option<&str>, into: &mut Filling) -> Result<()> {
    let broken = |e: std::io::Error| Broken::from(e).at(path);
    let mut file = BufReader::new(File::open(path).map_err(|e| Error::data(path, e))?);
    let header = Header::read(&mut file).map_err(|e| e.at(path))?;
    let (&rows, sides) = header.shape.split_first().unwrap_or((&0, &[]));
    if sides.is_empty() {
        return Err(
            into.broken("holds no matrix: an array of embeddings has a row for each of them")
        );
    }
    if header.fortran {
        return Err(into.broken(
            "is in Fortran order; save it with numpy.save(path, numpy.ascontiguousarray(x))",
        ));
    }
    let bytes = std::fs::metadata(path).map_err(broken)?.len();
    if header.bytes().map(|numbers| numbers + header.start) != Some(bytes) {
        let problem = format!(
            "is of {bytes} bytes, which its header does not announce; write it again with numpy.save"
        );
        return Err(Error::data(path, problem));
    }
    if rows == 0 {
        return Ok(());
    }
    let dim: usize = sides.iter().product();
    let size = header.kind.size;
    for first in (0..rows).step_by(ROWS) {
        let mut part = vec![0; ROWS.min(rows - first) * dim * size];
        file.read_exact(&mut part).map_err(broken)?;
        let numbers = part
            .chunks_exact(size)
            .map(|b| header.kind.number(b) as f32);
        into.append(&numbers.collect::<Vec<f32>>(), dim)?;
    }
    if let Ok(words) = std::fs::read_to_string(path.with_extension("embedding.json")) {
        into.about(&words);
    }
    beside::read(&path.with_extension("labels.csv"), into)
}
