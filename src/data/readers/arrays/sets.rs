//! The data sets in a file of HDF5, as arrays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hdf5_pure::{Dataset, Datatype, DatatypeByteOrder, File, Group};

use super::array::{Array, Arrays, MOST_GROWTH, Place, SLACK};
use super::chunks::Chunks;
use super::rows::Rows;
use crate::data::limits::MAX_ALLOC;
use crate::data::npy::{Broken, Header, Kind};
use crate::error::{Error, Result};

/// Groups within groups that are looked into.
const DEEPEST: usize = 8;

/// Data sets of a file that are looked at; pictures in data sets of their own are no arrays.
const MOST_SETS: usize = 1000;

type Found<T> = std::result::Result<T, hdf5_pure::Error>;

/// Add the arrays of the file at `path`; where there are `several` files, their names begin with that of the file.
pub(in crate::data::readers::arrays) fn add(
    path: &Path,
    several: bool,
    memory: u64,
    found: &mut Arrays,
) -> Result<()> {
    let read = || -> Found<Vec<(String, Dataset)>> {
        let file = File::open_streaming(path)?;
        let mut sets = Vec::new();
        collect(&file.root(), "", 0, &mut sets)?;
        Ok(sets)
    };
    let read = catch_unwind(AssertUnwindSafe(read));
    let sets = read.map_err(|_| {
        Error::data(
            path,
            "the HDF5 library panicked on this file; it is corrupt",
        )
    })?;
    let sets = sets.map_err(|e| broken(path, &e))?;
    if sets.len() > MOST_SETS {
        return Err(Error::data(
            path,
            format!(
                "more than {MOST_SETS} data sets; pictures that stand in one of their own each are not read: save them as \
                 one array with the axes (pictures, height, width, channels)"
            ),
        ));
    }
    let length = path.metadata().map_err(|e| Error::data(path, e))?.len();
    for (place, set) in sets {
        let own = place.trim_start_matches('/').replace('/', "_");
        let name = match path.file_stem().filter(|_| several) {
            Some(stem) => format!("{}_{own}", stem.to_string_lossy()),
            None => own,
        };
        let array = header(&set, length).map(|header| Array {
            name: name.clone(),
            header,
            file: path.to_path_buf(),
            place: Place::Hdf5(place),
            memory,
        });
        found.add(&name, array).map_err(|e| e.at(path))?;
    }
    Ok(())
}

/// The data sets of `group` and of the groups within it, with their paths.
fn collect(
    group: &Group,
    path: &str,
    depth: usize,
    sets: &mut Vec<(String, Dataset)>,
) -> Found<()> {
    let mut names = group.datasets()?;
    names.sort();
    for name in names {
        if sets.len() > MOST_SETS {
            return Ok(());
        }
        sets.push((format!("{path}/{name}"), group.dataset(&name)?));
    }
    if depth < DEEPEST {
        for name in group.groups()? {
            collect(
                &group.group(&name)?,
                &format!("{path}/{name}"),
                depth + 1,
                sets,
            )?;
        }
    }
    Ok(())
}

/// Shape and kind of a data set, in a file of `length` bytes.
fn header(set: &Dataset, length: u64) -> std::result::Result<Header, Broken> {
    let unusable = |problem: String| Broken::Unusable(problem);
    let shape = set
        .shape()
        .map_err(|e| unusable(format!("cannot be read ({e})")))?;
    let kind = set.datatype().ok().and_then(|kind| self::kind(&kind));
    let kind = kind.ok_or_else(|| {
        unusable("holds no numbers of 8 to 64 bits; convert it with .astype(\"float32\")".into())
    })?;
    let mut shape: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    // PatchCamelyon's labels have the axes of its pictures.
    if shape.iter().skip(1).all(|&size| size == 1) {
        shape.truncate(1);
    }
    let header = Header {
        kind,
        fortran: false,
        shape,
        start: 0,
    };
    let most = SLACK.saturating_add(length.saturating_mul(MOST_GROWTH));
    if header.bytes().is_none_or(|bytes| bytes > most) {
        return Err(unusable(format!(
            "would unpack to more than {MOST_GROWTH} times what is stored"
        )));
    }
    Ok(header)
}

fn kind(datatype: &Datatype) -> Option<Kind> {
    let (letter, size, order, whole) = match datatype {
        Datatype::FixedPoint {
            size,
            byte_order,
            layout,
        } => {
            let letter = if layout.signed { b'i' } else { b'u' };
            let whole = layout.bit_offset == 0 && u32::from(layout.bit_precision) == 8 * size;
            (letter, size, byte_order, whole)
        }
        Datatype::FloatingPoint {
            size,
            byte_order,
            layout,
        } => {
            let bits = (*size, layout.exponent_size, layout.mantissa_size);
            let whole = matches!(bits, (2, 5, 10) | (4, 8, 23) | (8, 11, 52));
            (b'f', size, byte_order, whole)
        }
        _ => return None,
    };
    let big = match order {
        DatatypeByteOrder::LittleEndian => false,
        DatatypeByteOrder::BigEndian => true,
        DatatypeByteOrder::Vax => return None,
    };
    Kind::new(letter, *size as usize, big).filter(|_| whole)
}

/// The rows of the data set `place`, an array whose header was read.
pub(in crate::data::readers::arrays) fn rows(array: &Array, place: &str) -> Result<Rows> {
    let read = || -> Found<(Dataset, Option<Vec<u64>>)> {
        let set = File::open_streaming(&array.file)?.dataset(place)?;
        let chunk = set.chunk_shape()?;
        Ok((set, chunk))
    };
    let (set, chunk) = read().map_err(|e| broken(&array.file, &e))?;
    let numbers: u64 = chunk
        .iter()
        .flatten()
        .fold(1, |all, &size| all.saturating_mul(size));
    if numbers.saturating_mul(array.header.kind.size as u64) > MAX_ALLOC {
        return Err(Error::data(
            array.place(),
            format!(
                "has chunks of more than {} MiB; write it again with smaller ones",
                MAX_ALLOC >> 20
            ),
        ));
    }
    let together = chunk.and_then(|chunk| chunk.first().copied()).unwrap_or(1);
    let row = array.picture().iter().product::<usize>() * array.header.kind.size;
    Ok(Rows::Chunks(Chunks::new(
        set,
        array.count(),
        together as usize,
        row,
        array.memory as usize,
    )))
}

fn broken(path: &Path, error: &hdf5_pure::Error) -> Error {
    let problem =
        format!("not an HDF5 file that is read ({error}); copy it again, or write it with h5py");
    Error::data(path, problem)
}
