//! The picture of a DICOM file: measured values within a window, or colours.

use dicom_object::DefaultDicomObject;

use super::colors::{of_video, palette};
use super::file::{open, unread};
use super::frame::samples;
use super::header::Header;
use super::start::Announced;
use super::window::{Modality, Window};
use crate::data::stored::{Stored, Values};

/// The first frame.
///
/// # Errors
/// A sentence without the path.
pub(in crate::data) fn read(bytes: &[u8]) -> Result<Stored, String> {
    let file = open(bytes, true)?;
    let header = Header::of(&file)?;
    let numbers = samples(&file, &header)?;
    if numbers.len() != header.count() {
        return Err("the DICOM file is truncated within its pixels; copy it again".into());
    }
    let values = match header.colors.as_str() {
        "MONOCHROME1" | "MONOCHROME2" => measured(&file, &header, numbers)?,
        "PALETTE COLOR" => palette(&file, &header, &numbers)?,
        _ => colors(&file, &header, numbers)?,
    };
    Ok(Stored {
        width: header.width,
        height: header.height,
        channels: header.channels(),
        opacity: false,
        values,
    })
}

/// What the header says.
pub(in crate::data) fn announced(bytes: &[u8]) -> Option<Announced> {
    let header = Header::of(&open(bytes, false).ok()?).ok()?;
    Some(Announced {
        channels: header.channels(),
        bits: header.bits,
        frames: header.frames,
    })
}

impl Header {
    fn channels(&self) -> usize {
        if self.colors == "PALETTE COLOR" {
            3
        } else {
            self.samples
        }
    }
}

/// Grey values: what is shown of what was measured.
fn measured(
    file: &DefaultDicomObject,
    header: &Header,
    numbers: Vec<f32>,
) -> Result<Values, String> {
    let modality = Modality::of(file, header)?;
    let inverted = header.colors == "MONOCHROME1";
    if let Some(window) = Window::of(file, header.signed)? {
        let shown = |number: f32| {
            let shown = window.shown(modality.value(number.into()));
            (if inverted { 1.0 - shown } else { shown }) as f32
        };
        return Ok(Values::Shown(numbers.into_iter().map(shown).collect()));
    }
    if header.bits == 8 && !header.signed && modality.is_plain() {
        let turn = if inverted { 255 } else { 0 };
        let bytes = numbers.into_iter().map(|number| number as u8 ^ turn);
        return Ok(Values::Bits8(bytes.collect()));
    }
    let [low, high] = modality.ends(header).map(|end| end as f32);
    let [black, white] = if inverted { [high, low] } else { [low, high] };
    let value = |number: f32| modality.value(number.into()) as f32;
    Ok(Values::Measured {
        values: numbers.into_iter().map(value).collect(),
        black,
        white,
    })
}

/// Red, green and blue.
fn colors(
    file: &DefaultDicomObject,
    header: &Header,
    mut numbers: Vec<f32>,
) -> Result<Values, String> {
    let jpeg = file.meta().transfer_syntax() != dicom_dictionary_std::uids::RLE_LOSSLESS
        && file
            .get(dicom_dictionary_std::tags::PIXEL_DATA)
            .is_some_and(|element| element.fragments().is_some());
    if header.colors != "RGB" && !jpeg {
        if header.colors != "YBR_FULL" || header.bits != 8 {
            return Err(unread(&format!(
                "{} of {} bits without JPEG",
                header.colors, header.bits
            )));
        }
        for pixel in numbers.chunks_exact_mut(3) {
            pixel.copy_from_slice(&of_video([pixel[0], pixel[1], pixel[2]]));
        }
    }
    if header.bits == 8 && !header.signed {
        let bytes = numbers.into_iter().map(|number| number as u8);
        return Ok(Values::Bits8(bytes.collect()));
    }
    let [black, white] = header.ends().map(|end| end as f32);
    Ok(Values::Measured {
        values: numbers,
        black,
        white,
    })
}
