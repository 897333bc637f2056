//! Tables that give each number another one: of values, of what is shown, of colours.

use dicom_object::{InMemDicomObject, Tag};

/// Numbers from `first` on are replaced; those below and above, by the outermost ones.
#[derive(Debug)]
pub(super) struct Table {
    first: i64,
    values: Vec<u16>,
    /// Bits of a value.
    pub(super) bits: u32,
}

impl Table {
    /// The table of two elements: how many entries there are, from which number on, of how many bits; and the entries.
    pub(super) fn of(
        elements: &InMemDicomObject,
        (descriptor, data): (Tag, Tag),
        signed: bool,
    ) -> Result<Self, String> {
        let lacks = || format!("the DICOM file is broken: a table of values {data} is not whole");
        let numbers = elements.get(descriptor);
        let numbers = numbers.and_then(|element| element.to_multi_int::<i32>().ok());
        let &[count, first, bits] = numbers.as_deref().unwrap_or_default() else {
            return Err(lacks());
        };
        let entries = match count & 0xffff {
            0 => 65_536,
            count => count as usize,
        };
        let first = if signed && first > 32_767 {
            i64::from(first) - 65_536
        } else {
            first.into()
        };
        let data = elements.get(data).and_then(|data| data.to_bytes().ok());
        let data = data.ok_or_else(lacks)?;
        let values: Vec<u16> = if data.len() >= 2 * entries {
            let words = data.chunks_exact(2).take(entries);
            words.map(|w| u16::from_ne_bytes([w[0], w[1]])).collect()
        } else if data.len() >= entries {
            data.iter().take(entries).map(|&byte| byte.into()).collect()
        } else {
            return Err(lacks());
        };
        if !(1..=16).contains(&bits) {
            return Err(lacks());
        }
        Ok(Self {
            first,
            values,
            bits: bits as u32,
        })
    }

    /// What stands in the place of `number`.
    pub(super) fn at(&self, number: f64) -> u16 {
        let place = (number.round() as i64).saturating_sub(self.first);
        self.values[place.clamp(0, self.values.len() as i64 - 1) as usize]
    }

    /// The largest value that its bits can hold.
    pub(super) fn white(&self) -> f64 {
        f64::from((1u32 << self.bits) - 1)
    }
}
