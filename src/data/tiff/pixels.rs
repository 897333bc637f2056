//! The kinds of TIFF pictures that hold numbers rather than photographs: any number of channels, in planes or
//! interleaved, grey values of few bits or in floating point, and colours of a palette.

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{TiffError, TiffResult};

use super::relabel::as_grey;
use super::tags::number;
use crate::data::image::MOST_CHANNELS;
use crate::data::limits::{MAX_ALLOC, MAX_SIDE};
use crate::data::stored::{Stored, Values};

const WHITE_IS_ZERO: u64 = 0;
const BLACK_IS_ZERO: u64 = 1;
const RGB: u64 = 2;
const PALETTE: u64 = 3;

/// How the samples of the first picture are stored.
struct Samples {
    colors: u64, // PhotometricInterpretation
    count: usize,
    bits: u64,
    format: u64,
    opacity: bool,
}

impl Samples {
    fn of(file: &mut Decoder<Cursor<&[u8]>>) -> Option<Self> {
        Some(Self {
            colors: number(file, Tag::PhotometricInterpretation)?,
            count: number(file, Tag::SamplesPerPixel).unwrap_or(1) as usize,
            bits: number(file, Tag::BitsPerSample).unwrap_or(1),
            format: number(file, Tag::SampleFormat).unwrap_or(1),
            opacity: matches!(number(file, Tag::ExtraSamples), Some(1 | 2)),
        })
    }

    /// Whether they are read here: not those that the usual decoder reads, nor what neither can read.
    fn are_read(&self) -> bool {
        let numbers = match self.format {
            1 => self.bits <= 16 || self.bits == 32,
            2 => matches!(self.bits, 8 | 16 | 32),
            3 => matches!(self.bits, 16 | 32 | 64),
            _ => false,
        };
        let colors = match self.colors {
            WHITE_IS_ZERO => self.count == 1 && matches!(self.bits, 2 | 4),
            BLACK_IS_ZERO => self.count > 1 || self.format != 1 || matches!(self.bits, 2 | 4 | 32),
            RGB => {
                self.format == 2
                    || self.bits == 32
                    || self.count > 4
                    || (self.count == 4 && !self.opacity)
            }
            PALETTE => self.count == 1 && self.bits <= 8 && self.format == 1,
            _ => false,
        };
        numbers && colors && (1..=MOST_CHANNELS).contains(&self.count)
    }
}

/// The first picture of a TIFF file; `None` where its kind is not read here.
pub(in crate::data) fn read(bytes: &[u8]) -> TiffResult<Option<Stored>> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_ALLOC as usize;
    limits.intermediate_buffer_size = MAX_ALLOC as usize;
    let mut file = Decoder::new(Cursor::new(bytes))?.with_limits(limits.clone());
    let Some(samples) = Samples::of(&mut file).filter(Samples::are_read) else {
        return Ok(None);
    };
    let palette = if samples.colors == PALETTE {
        file.get_tag_u16_vec(Tag::ColorMap)?
    } else {
        Vec::new()
    };
    let relabelled = matches!(samples.colors, RGB | PALETTE)
        .then(|| as_grey(bytes))
        .flatten();
    if let Some(bytes) = &relabelled {
        file = Decoder::new(Cursor::new(bytes.as_slice()))?.with_limits(limits);
    }
    let (width, height) = file.dimensions()?;
    if width.max(height) > MAX_SIDE {
        return Err(TiffError::LimitsExceeded);
    }
    let (width, height) = (width as usize, height as usize);
    let mut values = DecodingResult::U8(Vec::new());
    let layout = file.read_image_to_buffer(&mut values)?;
    let values = match values {
        DecodingResult::U8(values) if samples.bits < 8 => Values::Bits8(unpacked(
            &values,
            width * samples.count,
            samples.bits as usize,
        )),
        DecodingResult::U8(values) => Values::Bits8(values),
        DecodingResult::U16(values) => Values::Bits16(values),
        DecodingResult::F16(values) => Values::Floats(values.into_iter().map(Into::into).collect()),
        DecodingResult::F32(values) => Values::Floats(values),
        // Numbers that are no brightness by themselves: `data.range` says which is white.
        DecodingResult::I8(values) => Values::Floats(values.into_iter().map(f32::from).collect()),
        DecodingResult::I16(values) => Values::Floats(values.into_iter().map(f32::from).collect()),
        DecodingResult::I32(values) => {
            Values::Floats(values.into_iter().map(|v| v as f32).collect())
        }
        DecodingResult::U32(values) => {
            Values::Floats(values.into_iter().map(|v| v as f32).collect())
        }
        DecodingResult::F64(values) => {
            Values::Floats(values.into_iter().map(|v| v as f32).collect())
        }
        _ => return Ok(None),
    };
    let planes = layout.planes;
    let mut stored = Stored {
        width,
        height,
        channels: samples.count,
        opacity: samples.opacity
            && matches!(
                (samples.colors, samples.count),
                (BLACK_IS_ZERO, 2) | (RGB, 4)
            ),
        values: if planes > 1 {
            values.interleaved(planes)
        } else {
            values
        },
    };
    let wanted = width * height * samples.count;
    if stored.values.len() != wanted {
        return Ok(None); // rows with an end that no one asked for, or planes that were left out
    }
    if samples.colors == PALETTE {
        stored.color(&palette)?;
    } else if samples.bits < 8 {
        stored.stretch(255 / ((1 << samples.bits) - 1));
    }
    Ok(Some(stored))
}

/// Values of fewer than 8 bits, of which a row starts with a new byte.
fn unpacked(bytes: &[u8], row: usize, bits: usize) -> Vec<u8> {
    let value = |line: &[u8], i: usize| {
        let byte = line[i * bits / 8];
        (byte >> (8 - bits - i * bits % 8)) & ((1 << bits) - 1) as u8
    };
    let lines = bytes.chunks_exact((row * bits).div_ceil(8).max(1));
    lines
        .flat_map(|line| (0..row).map(move |i| value(line, i)))
        .collect()
}

impl Stored {
    fn stretch(&mut self, factor: u8) {
        if let Values::Bits8(values) = &mut self.values {
            for value in values {
                *value *= factor;
            }
        }
    }

    /// Take numbers for places in `palette`: all reds, then all greens, then all blues, of 16 bits each.
    ///
    /// Of a colour the upper 8 bits are kept, as Pillow keeps them.
    fn color(&mut self, palette: &[u16]) -> TiffResult<()> {
        let Values::Bits8(places) = &self.values else {
            return Ok(());
        };
        let colors = palette.len() / 3;
        let lacking = || {
            let problem = tiff::TiffFormatError::InvalidTagValueType(Tag::ColorMap);
            TiffError::FormatError(problem)
        };
        let color = |place: usize| {
            let values = [place, place + colors, place + 2 * colors];
            values.map(|at| palette.get(at).map(|value| (value >> 8) as u8))
        };
        let pixels = places.iter().map(|&place| usize::from(place));
        let pixels = pixels.flat_map(|place| {
            if place < colors {
                color(place)
            } else {
                [None; 3]
            }
        });
        let pixels: Option<Vec<u8>> = pixels.collect();
        self.values = Values::Bits8(pixels.ok_or_else(lacking)?);
        self.channels = 3;
        Ok(())
    }
}
