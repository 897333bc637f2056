//! Files of `torch.save`, read without running any of them: a zip of one pickle and the numbers of each storage, or, as
//! before PyTorch 1.6, five pickles in a row with the numbers behind them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek, SeekFrom};
use std::path::Path;

use candle_core::{Device, Tensor};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::contents::{Contents, Strided};
use super::pickle::{Heap, Object, Read, read};
use super::storage::{Storages, sound, words};
use super::tables::{contents, width_of};

/// How a file without a zip starts: the pickle of the number that marks it.
pub(super) const MARK: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// Nothing precedes the zip. Left to find out, the crate takes an archive with a 64-bit end for one with other bytes before
/// it where the first entry happens to be as long as that end.
const FROM_START: Config = Config {
    archive_offset: ArchiveOffset::Known(0),
};

/// An opened file of `torch.save`.
pub(super) struct Archive {
    storages: Storages,
}

/// Open the zip at `path` and list what its pickle holds.
pub(super) fn open_zip(path: &Path) -> Read<(Archive, Contents)> {
    let file = File::open(path).map_err(words)?;
    let mut zip = ZipArchive::with_config(FROM_START, BufReader::new(file))
        .map_err(|e| format!("{}, so its end is missing or damaged", words(e)))?;
    let names = zip
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<std::result::Result<Vec<String>, _>>()
        .map_err(words)?;
    let Some(pickle) = names
        .iter()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
    else {
        return Err("it is a zip without `data.pkl`".into());
    };
    let root = pickle.trim_end_matches("data.pkl").to_string();
    let order = format!("{root}byteorder");
    if names.contains(&order) {
        let mut text = String::new();
        let entry = zip.by_name(&order).map_err(words)?;
        entry.take(16).read_to_string(&mut text).map_err(words)?;
        little(text.trim() == "little")?;
    }
    let entry = zip.by_name(pickle).map_err(words)?;
    sound(&entry)?;
    let (heap, value) = read(&mut BufReader::new(entry))?;
    let contents = contents(&heap, value)?;
    let storages = Storages::Zip(zip, format!("{root}data/"));
    Ok((Archive { storages }, contents))
}

/// Open the file without a zip at `path`: its mark, a version, how it was written, the value, the names of its storages.
pub(super) fn open_plain(path: &Path) -> Read<(Archive, Contents)> {
    let file = File::open(path).map_err(words)?;
    let end = file.metadata().map_err(words)?.len();
    let mut file = BufReader::new(file);
    read(&mut file)?;
    read(&mut file)?;
    let (heap, written) = read(&mut file)?;
    if let Object::Dict(pairs) = heap.get(written) {
        let order = pairs
            .iter()
            .find(|(key, _)| heap.text(*key) == Some("little_endian"));
        let big = order.is_some_and(|(_, value)| matches!(heap.get(*value), Object::Bool(false)));
        little(!big)?;
    }
    let (heap, value) = read(&mut file)?;
    let contents = contents(&heap, value)?;
    let (names, list) = read(&mut file)?;
    let places = places(&mut file, end, &widths(&heap), (&names, list))?;
    let storages = Storages::Plain(file, places);
    Ok((Archive { storages }, contents))
}

fn little(holds: bool) -> Read<()> {
    if holds {
        return Ok(());
    }
    Err("its numbers have their highest byte first".into())
}

/// Bytes of a number in each of the storages that the value names.
fn widths(heap: &Heap) -> HashMap<&str, u64> {
    let storage = |object: &Object| {
        let Object::Stored(id) = object else {
            return None;
        };
        let &[_, kind, name, ..] = heap.tuple(*id)? else {
            return None;
        };
        Some((heap.text(name)?, width_of(heap.class(kind))?))
    };
    heap.all().filter_map(storage).collect()
}

/// Where the storages lie, each behind the number of its elements.
fn places(
    file: &mut BufReader<File>,
    end: u64,
    widths: &HashMap<&str, u64>,
    (heap, list): (&Heap, u32),
) -> Read<HashMap<String, (u64, u64)>> {
    let Object::List(names) = heap.get(list) else {
        return Err("it does not list its storages".into());
    };
    let mut places = HashMap::new();
    for &name in names {
        let Some(name) = heap.text(name) else {
            return Err("it has a storage without a name".into());
        };
        let Some(width) = widths.get(name) else {
            return Err(format!(
                "its storage `{name}` has numbers of an unknown kind"
            ));
        };
        let mut count = [0; 8];
        file.read_exact(&mut count)
            .map_err(|_| "it ends before its numbers: it was cut short")?;
        let start = file.stream_position().map_err(words)?;
        let bytes = u64::from_le_bytes(count).checked_mul(*width);
        let bytes = bytes.filter(|bytes| *bytes <= end.saturating_sub(start));
        let bytes = bytes.ok_or("it ends within its numbers: it was cut short")?;
        file.seek(SeekFrom::Start(start + bytes)).map_err(words)?;
        places.insert(name.to_string(), (start, bytes));
    }
    Ok(places)
}

impl Archive {
    /// The tensor at `place`, contiguous.
    pub(super) fn tensor(&mut self, place: &Strided) -> Read<Tensor> {
        let size = place.kind.size_in_bytes();
        let held = self.storages.held(&place.storage)? / size as u64;
        let count = place.count().filter(|count| *count as u64 <= held);
        let reach = place.reach().filter(|reach| *reach as u64 <= held);
        let (Some(count), Some(reach)) = (count, reach) else {
            return Err(format!("it reaches beyond its {held} stored numbers"));
        };
        let first = if count == 0 { reach } else { place.offset };
        let (from, bytes) = (first * size, (reach - first) * size);
        let bytes = self
            .storages
            .bytes(&place.storage, from as u64, bytes as u64)?;
        let gathered = if bytes.len() == count * size && place.is_contiguous() {
            bytes
        } else {
            gather(place, count, &bytes)
        };
        Tensor::from_raw_buffer(&gathered, place.kind, &place.dims, &Device::Cpu).map_err(words)
    }
}

/// The elements of `place` in their order; `bytes` start at its first.
fn gather(place: &Strided, count: usize, bytes: &[u8]) -> Vec<u8> {
    let size = place.kind.size_in_bytes();
    let mut gathered = Vec::with_capacity(count * size);
    let mut index = vec![0; place.dims.len()];
    for _ in 0..count {
        let steps = index.iter().zip(&place.strides);
        let at = steps.map(|(i, stride)| i * stride).sum::<usize>() * size;
        gathered.extend_from_slice(&bytes[at..at + size]);
        for (i, &dim) in index.iter_mut().zip(&place.dims).rev() {
            *i += 1;
            if *i < dim {
                break;
            }
            *i = 0;
        }
    }
    gathered
}
