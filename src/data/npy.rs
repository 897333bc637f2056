//! NumPy's npy format: what the header of an array says, and numbers of every kind.
//!
//! candle's reader takes the header's word for the size before it has looked at the file, and refuses Fortran order,
//! which a transposed or sliced matrix is saved in.

use std::io::{self, Read};
use std::path::Path;

use super::stored::Values;
use crate::error::Error;

/// How an npy file starts.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Longer than any header that NumPy writes for an array of numbers.
const MAX_HEADER: usize = 1 << 16;

/// How one number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    letter: u8, // as NumPy's type strings have it: f, i, u, b
    /// Bytes of a number.
    pub(crate) size: usize,
    big: bool,
}

/// What the header of an array says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Whether the first axis is the one that runs fastest.
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// Bytes before the numbers.
    pub(crate) start: u64,
}

/// Why an array cannot be read.
#[derive(Debug)]
pub(crate) enum Broken {
    Incomplete(io::Error),
    NotNpy,
    Unusable(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Incomplete(error)
    }
}

impl Broken {
    /// A sentence with the path; a file that reads well but cannot be used is the user's to mend (exit code 2).
    pub(crate) fn at(self, path: &Path) -> Error {
        match self {
            Self::Unusable(problem) => Error::Usage(format!("{}: {problem}", path.display())),
            other => Error::data(path, other.sentence()),
        }
    }

    /// A sentence without the path.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::Incomplete(e) => {
                format!("not a complete npy file ({e}); write it again with numpy.save")
            }
            Self::NotNpy => "is no npy file; write it with numpy.save".into(),
            Self::Unusable(problem) => problem,
        }
    }
}

impl Header {
    /// Read the header at the start of `file`, of which nothing else is read.
    pub(crate) fn read(file: &mut impl Read) -> Result<Self, Broken> {
        let mut start = [0_u8; 10];
        file.read_exact(&mut start)?;
        if !start.starts_with(MAGIC) {
            return Err(Broken::NotNpy);
        }
        let mut length = usize::from(u16::from_le_bytes([start[8], start[9]]));
        let mut before = start.len();
        if start[6] >= 2 {
            let mut high = [0_u8; 2];
            file.read_exact(&mut high)?;
            length |= usize::from(u16::from_le_bytes(high)) << 16;
            before += high.len();
        }
        let mut header = vec![0_u8; length.min(MAX_HEADER)];
        file.read_exact(&mut header)?;
        let parsed = Self::parse(&String::from_utf8_lossy(&header), before + header.len());
        parsed.map_err(Broken::Unusable)
    }

    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (10, 2), }`
    fn parse(text: &str, start: usize) -> Result<Self, String> {
        let after = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}':"))?;
            Some(rest.trim_start())
        };
        let odd =
            || "its header is none that numpy.save writes for an array of numbers".to_string();
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
        Ok(Self {
            kind: Kind::parse(descr)?,
            fortran: after("fortran_order").is_some_and(|s| s.starts_with("True")),
            shape: sizes.map_err(|_| odd())?,
            start: start as u64,
        })
    }

    /// Bytes of all numbers; `None` where no machine has as many.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let mut sizes = self.shape.iter().map(|&size| size as u64);
        sizes.try_fold(self.kind.size as u64, u64::checked_mul)
    }
}

impl Kind {
    /// Numbers of `letter` (`f`, `i`, `u`, `b`) and `size` bytes, the high one first where `big`; `None` for others.
    pub(crate) fn new(letter: u8, size: usize, big: bool) -> Option<Self> {
        let known = match letter {
            b'f' => matches!(size, 2 | 4 | 8),
            b'i' | b'u' => matches!(size, 1 | 2 | 4 | 8),
            b'b' => size == 1,
            _ => false,
        };
        known.then_some(Self { letter, size, big })
    }

    fn parse(descr: &str) -> Result<Self, String> {
        let unread =
            || format!("holds numbers of type `{descr}`; convert it with .astype(\"float32\")");
        let kind = match *descr.as_bytes() {
            [order, letter, size] => {
                Self::new(letter, usize::from(size.wrapping_sub(b'0')), order == b'>')
            }
            _ => None,
        };
        kind.ok_or_else(unread)
    }

    /// The number in `bytes`, as many as it has.
    pub(crate) fn number(self, bytes: &[u8]) -> f64 {
        let mut little = [0; 8];
        for (place, byte) in bytes.iter().take(self.size).enumerate() {
            let place = if self.big {
                self.size - 1 - place
            } else {
                place
            };
            little[place] = *byte;
        }
        let unsigned = u64::from_le_bytes(little);
        let unused = 64 - 8 * self.size as u32;
        match (self.letter, self.size) {
            (b'f', 2) => half_to_f32(unsigned as u16).into(),
            (b'f', 4) => f32::from_bits(unsigned as u32).into(),
            (b'f', _) => f64::from_bits(unsigned),
            (b'i', _) => ((unsigned << unused) as i64 >> unused) as f64,
            _ => unsigned as f64,
        }
    }

    /// Many numbers as the pixels of a picture: truth is white.
    pub(super) fn pixels(self, bytes: &[u8]) -> Values {
        let numbers = || bytes.chunks_exact(self.size).map(|b| self.number(b));
        match (self.letter, self.size) {
            (b'u', 1) => Values::Bits8(bytes.to_vec()),
            (b'b', 1) => {
                let white = |&byte: &u8| if byte == 0 { 0 } else { u8::MAX };
                Values::Bits8(bytes.iter().map(white).collect())
            }
            (b'u', 2) => Values::Bits16(numbers().map(|v| v as u16).collect()),
            _ => Values::Floats(numbers().map(|v| v as f32).collect()),
        }
    }
}

/// A number of 16 bits, IEEE 754's binary16.
fn half_to_f32(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_kind_are_read() {
        let number = |descr: &str, bytes: &[u8]| Kind::parse(descr).unwrap().number(bytes);
        assert_eq!(number("<f2", &[0x00, 0x3c]), 1.0);
        assert_eq!(number(">f2", &[0xc0, 0x00]), -2.0);
        assert_eq!(number("<f2", &[0x01, 0x00]), 2.0_f64.powi(-24));
        assert_eq!(number("<i2", &[0xfe, 0xff]), -2.0);
        assert_eq!(number(">i2", &[0xff, 0xfe]), -2.0);
        assert_eq!(number("|i1", &[0x80]), -128.0);
        assert_eq!(number("<u8", &[0xff; 8]), u64::MAX as f64);
        assert_eq!(number(">f8", &1.5_f64.to_be_bytes()), 1.5);
        for unread in ["<c8", "|O", "<U5", "<f16", "|u3", ""] {
            assert!(Kind::parse(unread).is_err(), "{unread}");
        }
    }
}
