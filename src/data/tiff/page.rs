//! One page of a TIFF file, as a file of its own.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::data::limits::MAX_ALLOC;

/// A smaller copy of another page, or a mask of one: bits of the tag NewSubfileType.
const COPY_OR_MASK: u64 = 0b101;

/// Tags: what a page is, where its strips and tiles lie and how long they are.
const SUBFILE: u64 = 254;
const STRIPS: [u64; 2] = [273, 279];
const TILES: [u64; 2] = [324, 325];
/// Tags of further directories, which are left behind: SubIFDs, Exif, GPS.
const FURTHER: [u64; 3] = [330, 34_665, 34_853];

/// Entries of a directory, at most: usual ones have some dozens.
const MOST_ENTRIES: u64 = 4096;

/// Where the pages of the file at `path` lie, without smaller copies and masks; nothing where it is no TIFF file.
///
/// Where the file ends before its last page does, the place of the first that is lost is the last one.
pub(in crate::data) fn pages(path: &Path) -> Vec<u64> {
    let found = File::open(path)
        .ok()
        .and_then(|file| Source::of(&file)?.pages());
    found.unwrap_or_default()
}

/// The page at `place` of the file at `path`, as the bytes of a TIFF file that holds nothing else.
///
/// # Errors
/// A sentence without the path: a page that does not lie in the file, or is too large.
pub(in crate::data) fn page(path: &Path, place: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let source = Source::of(&file).ok_or("is no TIFF file any more; it was changed")?;
    source.page(place)
}

/// A TIFF file, of 32-bit or 64-bit offsets.
struct Source<'a> {
    file: &'a File,
    length: u64,
    little: bool,
    big: bool,
}

/// A tag of a directory with its values, one after the other as they are stored.
struct Entry {
    tag: u64,
    kind: u64,
    count: u64,
    values: Vec<u8>,
}

impl<'a> Source<'a> {
    fn of(file: &'a File) -> Option<Self> {
        let mut start = [0; 4];
        read_at(file, &mut start, 0)?;
        let [little, big] = match &start {
            b"II*\0" => [true, false],
            b"MM\0*" => [false, false],
            b"II+\0" => [true, true],
            b"MM\0+" => [false, true],
            _ => return None,
        };
        Some(Self {
            file,
            length: file.metadata().ok()?.len(),
            little,
            big,
        })
    }

    /// Bytes of an offset, and of the number of entries in a directory.
    fn widths(&self) -> (usize, usize) {
        if self.big { (8, 8) } else { (4, 2) }
    }

    fn read(&self, place: u64, length: u64) -> Option<Vec<u8>> {
        let inside = place.checked_add(length)? <= self.length && length <= MAX_ALLOC;
        let mut bytes = vec![0; inside.then_some(length as usize)?];
        read_at(self.file, &mut bytes, place)?;
        Some(bytes)
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        }
    }

    fn bytes(&self, number: u64, width: usize) -> Vec<u8> {
        if self.little {
            number.to_le_bytes()[..width].to_vec()
        } else {
            number.to_be_bytes()[8 - width..].to_vec()
        }
    }

    /// The bytes of the entries of the directory at `place`, and the place of the next one, 0 after the last.
    fn directory(&self, place: u64) -> Option<(Vec<u8>, u64)> {
        let (offset, count) = self.widths();
        let entries = self.number(&self.read(place, count as u64)?);
        let size = entries
            .checked_mul(2 * offset as u64 + 4)
            .filter(|_| entries <= MOST_ENTRIES)?;
        let mut bytes = self.read(place.checked_add(count as u64)?, size + offset as u64)?;
        let next = self.number(&bytes[size as usize..]);
        bytes.truncate(size as usize);
        Some((bytes, next))
    }

    /// What every entry of a directory says: its tag, the kind and number of its values, and its last field.
    fn entries<'b>(&self, directory: &'b [u8]) -> impl Iterator<Item = (u64, u64, u64, &'b [u8])> {
        let (offset, _) = self.widths();
        let number = |bytes: &[u8]| self.number(bytes);
        directory.chunks_exact(2 * offset + 4).map(move |entry| {
            let count = number(&entry[4..4 + offset]);
            (
                number(&entry[..2]),
                number(&entry[2..4]),
                count,
                &entry[4 + offset..],
            )
        })
    }

    fn pages(&self) -> Option<Vec<u64>> {
        let (offset, _) = self.widths();
        let mut place = self.number(&self.read(offset as u64, offset as u64)?);
        let (mut seen, mut pages) = (HashSet::new(), Vec::new());
        while place != 0 && seen.insert(place) {
            let Some((directory, next)) = self.directory(place) else {
                pages.push(place); // what is lost here is said when it is read
                break;
            };
            let mut entries = self.entries(&directory);
            let kind = entries.find(|(tag, ..)| *tag == SUBFILE);
            let kind = kind.map_or(0, |(_, kind, _, value)| {
                self.number(&value[..size_of_kind(kind).clamp(1, 4) as usize])
            });
            if kind & COPY_OR_MASK == 0 {
                pages.push(place);
            }
            place = next;
        }
        Some(pages)
    }

    fn page(&self, place: u64) -> Result<Vec<u8>, String> {
        let cut = "the file is truncated: this page, and those behind it, are not whole; copy or download it again";
        let (directory, _) = self.directory(place).ok_or(cut)?;
        let mut entries = Vec::new();
        let mut size = directory.len() as u64;
        for (tag, kind, count, field) in self.entries(&directory) {
            let length = size_of_kind(kind).saturating_mul(count);
            if FURTHER.contains(&tag) || length == 0 {
                continue;
            }
            let values = if length <= field.len() as u64 {
                field[..length as usize].to_vec()
            } else {
                self.read(self.number(field), length).ok_or(cut)?
            };
            size = size.saturating_add(length);
            entries.push(Entry {
                tag,
                kind,
                count,
                values,
            });
        }
        let data = [STRIPS, TILES].map(|tags| self.data(&entries, tags));
        let [strips, tiles] = data;
        let pieces = match (strips, tiles) {
            (Some(pieces), None) => (STRIPS[0], pieces),
            (None, Some(pieces)) => (TILES[0], pieces),
            _ => return Err(cut.into()),
        };
        let all = pieces
            .1
            .iter()
            .fold(size, |sum, piece| sum.saturating_add(piece.1));
        if all > MAX_ALLOC {
            let most = MAX_ALLOC >> 20;
            return Err(format!(
                "a page of it takes more than {most} MiB; scale it down"
            ));
        }
        self.written(entries, pieces).ok_or_else(|| cut.into())
    }

    /// Places and lengths of the pieces of the picture.
    fn data(&self, entries: &[Entry], [places, lengths]: [u64; 2]) -> Option<Vec<(u64, u64)>> {
        let numbers = |tag: u64| {
            let entry = entries.iter().find(|entry| entry.tag == tag)?;
            let width = size_of_kind(entry.kind) as usize;
            let numbers = entry.values.chunks_exact(width.max(1));
            Some(
                numbers
                    .map(|bytes| self.number(bytes))
                    .collect::<Vec<u64>>(),
            )
        };
        let (places, lengths) = (numbers(places)?, numbers(lengths)?);
        (places.len() == lengths.len()).then(|| places.into_iter().zip(lengths).collect())
    }

    /// A file of these entries and pieces, whose places are the values of the tag beside them.
    fn written(
        &self,
        mut entries: Vec<Entry>,
        (tag, pieces): (u64, Vec<(u64, u64)>),
    ) -> Option<Vec<u8>> {
        let (offset, count) = self.widths();
        let mut file = match (self.little, self.big) {
            (true, false) => b"II*\0".to_vec(),
            (false, false) => b"MM\0*".to_vec(),
            (true, true) => b"II+\0\x08\0\0\0".to_vec(),
            (false, true) => b"MM\0+\0\x08\0\0".to_vec(),
        };
        let header = file.len();
        file.resize(header + offset, 0); // where the directory will be
        let mut places = Vec::new();
        for (place, length) in pieces {
            places.extend(self.bytes(file.len() as u64, offset));
            file.extend(self.read(place, length)?);
        }
        let entry = entries.iter_mut().find(|entry| entry.tag == tag)?;
        entry.kind = if self.big { 16 } else { 4 }; // LONG8, LONG
        entry.values = places;
        let mut directory = self.bytes(entries.len() as u64, count);
        for Entry {
            tag,
            kind,
            count,
            mut values,
        } in entries
        {
            directory.extend(self.bytes(tag, 2));
            directory.extend(self.bytes(kind, 2));
            directory.extend(self.bytes(count, offset));
            if values.len() > offset {
                let place = self.bytes(file.len() as u64, offset);
                file.append(&mut values);
                values = place;
            }
            values.resize(offset, 0);
            directory.extend(values);
        }
        directory.extend(vec![0; offset]); // no further page
        let place = self.bytes(file.len() as u64, offset);
        file[header..header + offset].copy_from_slice(&place);
        file.extend(directory);
        Some(file)
    }
}

fn read_at(mut file: &File, buffer: &mut [u8], place: u64) -> Option<()> {
    file.seek(SeekFrom::Start(place)).ok()?;
    file.read_exact(buffer).ok()
}

/// Bytes of a value; 0 of an unknown kind.
fn size_of_kind(kind: u64) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}
