//! The samples of the first frame of a DICOM file, as numbers.

use dicom_dictionary_std::{tags, uids};
use dicom_encoding::Codec;
use dicom_object::DefaultDicomObject;
use dicom_object::mem::InMemElement;
use dicom_transfer_syntax_registry::{TransferSyntax, TransferSyntaxIndex, TransferSyntaxRegistry};

use super::file::{broken, unread};
use super::header::Header;
use super::jpeg;
use crate::data::stored::interleaved;

/// The retired way to write numbers, the high byte first.
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Most planes of bytes in a frame of RLE.
const MOST_PLANES: u32 = 15;

/// Samples, pixel after pixel.
pub(super) fn samples(file: &DefaultDicomObject, header: &Header) -> Result<Vec<f32>, String> {
    let Some(element) = file.get(tags::PIXEL_DATA) else {
        return Err(
            "the DICOM file holds no pixels that are read (7FE0,0010); save it as PNG".into(),
        );
    };
    let mut planes = header.planes;
    let samples = match element.fragments() {
        None => native(file.meta().transfer_syntax(), element, header)?,
        Some([]) => return Err("the DICOM file holds no pixels; copy it again".into()),
        Some(fragments) => {
            planes = false; // also where the file says otherwise
            compressed(file, header, fragments)?
        }
    };
    let numbers = samples.into_iter().map(|sample| header.number(sample));
    let numbers: Vec<f32> = numbers.collect();
    if planes && header.samples > 1 {
        return Ok(interleaved(&numbers, header.samples));
    }
    Ok(numbers)
}

impl Header {
    /// The number in the bits in use of `sample`; the others may hold anything.
    fn number(&self, sample: u32) -> f32 {
        let unused = 32 - self.bits;
        if self.signed {
            ((sample << unused) as i32 >> unused) as f32
        } else {
            (sample << unused >> unused) as f32
        }
    }
}

/// Samples that are not compressed.
fn native(syntax: &str, element: &InMemElement, header: &Header) -> Result<Vec<u32>, String> {
    if header.colors == "YBR_FULL_422" {
        return Err(unread("YBR_FULL_422 without compression"));
    }
    let bytes = element.to_bytes().map_err(|e| broken(&e))?;
    let (count, bits) = (header.count(), header.allocated as usize);
    let wanted = (count * bits).div_ceil(8);
    let held = bytes.get(..wanted).ok_or_else(|| {
        format!(
            "the DICOM file is truncated: it holds {} bytes of pixels where {wanted} are announced; copy it again",
            bytes.len()
        )
    })?;
    // The library has put numbers of several bytes into the order of this machine.
    Ok(match bits {
        1 => (0..count)
            .map(|i| u32::from(held[i / 8] >> (i % 8) & 1))
            .collect(),
        8 => held.iter().map(|&byte| byte.into()).collect(),
        16 => {
            let words = held.chunks_exact(2);
            words
                .map(|w| u16::from_ne_bytes([w[0], w[1]]).into())
                .collect()
        }
        _ => {
            let half = |w: &[u8]| u32::from(u16::from_ne_bytes([w[0], w[1]]));
            // Numbers of 32 bits stand as two of 16.
            let first_is_high = syntax == BIG_ENDIAN;
            let number = |w: &[u8]| match (half(&w[..2]), half(&w[2..])) {
                (high, low) if first_is_high => high << 16 | low,
                (low, high) => high << 16 | low,
            };
            held.chunks_exact(4).map(number).collect()
        }
    })
}

/// Samples that are compressed.
fn compressed(
    file: &DefaultDicomObject,
    header: &Header,
    fragments: &[Vec<u8>],
) -> Result<Vec<u32>, String> {
    let uid = file.meta().transfer_syntax();
    match uid {
        uids::RLE_LOSSLESS if header.allocated > 16 => Err(unread("RLE of 32 bits")),
        uids::RLE_LOSSLESS => run_lengths(file, header, &fragments[0]),
        uids::JPEG_BASELINE8_BIT
        | uids::JPEG_EXTENDED12_BIT
        | uids::JPEG_LOSSLESS
        | uids::JPEG_LOSSLESS_SV1 => jpeg::jpeg(&first_frame(header, fragments), header),
        uids::JPEG2000 | uids::JPEG2000_LOSSLESS => {
            jpeg::jpeg_2000(&first_frame(header, fragments), header)
        }
        _ => {
            let syntax = TransferSyntaxRegistry.get(uid);
            Err(unread(syntax.map_or(uid, |syntax| syntax.name())))
        }
    }
}

/// The bytes of the first frame, which may have been cut into several fragments; decoders stop at its end.
fn first_frame(header: &Header, fragments: &[Vec<u8>]) -> Vec<u8> {
    if fragments.len() == header.frames {
        fragments[0].clone()
    } else {
        fragments.concat()
    }
}

/// Samples in planes of bytes, of which runs are shortened.
fn run_lengths(
    file: &DefaultDicomObject,
    header: &Header,
    fragment: &[u8],
) -> Result<Vec<u32>, String> {
    let planes = fragment
        .first_chunk()
        .map(|count| u32::from_le_bytes(*count));
    if fragment.len() < 64 || planes.is_none_or(|count| count > MOST_PLANES) {
        return Err("the DICOM file is broken: its first frame has no header of RLE".into());
    }
    let syntax = TransferSyntaxRegistry.get(uids::RLE_LOSSLESS);
    let Some(Codec::EncapsulatedPixelData(Some(decoder), _)) = syntax.map(TransferSyntax::codec)
    else {
        return Err(unread("RLE Lossless"));
    };
    let mut bytes = Vec::new();
    let decoded = decoder.decode_frame(file, 0, &mut bytes);
    decoded.map_err(|e| broken(&e))?;
    if header.allocated == 8 {
        return Ok(bytes.into_iter().map(u32::from).collect());
    }
    let words = bytes.chunks_exact(2);
    Ok(words
        .map(|w| u16::from_le_bytes([w[0], w[1]]).into())
        .collect())
}
