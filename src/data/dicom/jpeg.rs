//! Frames that are pictures in JPEG or JPEG 2000.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::header::Header;
use crate::data::limits::MAX_ALLOC;
use crate::data::whole;

/// The samples of a JPEG picture, pixel after pixel, colours as red, green and blue.
pub(super) fn jpeg(bytes: &[u8], header: &Header) -> Result<Vec<u32>, String> {
    whole::check(bytes)?;
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(MAX_ALLOC as usize);
    if header.colors == "RGB" && !has_adobe(bytes) {
        // `None` of this version would give the planes of each line one after the other.
        decoder.set_color_transform(ColorTransform::RGB); // the file says it, where the picture does not
    }
    let fail = |e: jpeg_decoder::Error| {
        format!(
            "cannot decode the JPEG picture in the DICOM file: {e}; save it without compression (`dcmdjpeg`)"
        )
    };
    decoder.read_info().map_err(fail)?;
    let info = decoder.info();
    let samples = info.map_or(0, |info| match info.pixel_format {
        PixelFormat::L8 | PixelFormat::L16 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::CMYK32 => 4,
    });
    let (width, height) = info.map_or((0, 0), |info| (info.width, info.height));
    check([width.into(), height.into(), samples], header)?;
    let values = decoder.decode().map_err(fail)?;
    Ok(
        if info.is_some_and(|info| info.pixel_format == PixelFormat::L16) {
            let words = values.chunks_exact(2);
            words
                .map(|w| u16::from_ne_bytes([w[0], w[1]]).into())
                .collect()
        } else {
            values.into_iter().map(u32::from).collect()
        },
    )
}

/// Whether Adobe's segment says how the colours are stored.
fn has_adobe(bytes: &[u8]) -> bool {
    let starts = |part: &[u8]| part.starts_with(&[0xff, 0xee]) && part.ends_with(b"Adobe");
    bytes.windows(9).any(starts)
}

/// The samples of a JPEG 2000 picture, as [`jpeg`] gives them.
pub(super) fn jpeg_2000(bytes: &[u8], header: &Header) -> Result<Vec<u32>, String> {
    let fail = |e: hayro_jpeg2000::error::DecodeError| {
        format!(
            "cannot decode the JPEG 2000 picture in the DICOM file: {e}; save it without compression (`gdcmconv --raw`)"
        )
    };
    let settings = DecodeSettings {
        strict: true, // a picture that stops early is refused, and not filled up
        ..DecodeSettings::default()
    };
    let picture = Image::new(bytes, &settings).map_err(fail)?;
    let samples = picture.color_space().num_channels() + u8::from(picture.has_alpha());
    let sizes = [picture.width(), picture.height(), samples.into()];
    check(sizes.map(|size| size as usize), header)?;
    let mut context = DecoderContext::default();
    let decoded = picture.decode(&mut context).map_err(fail)?;
    let planes = decoded.components();
    // The decoder takes all numbers for unsigned ones, which lie half their range higher; the picture itself says which
    // they are, also where its file says otherwise.
    let shift = if is_signed(bytes) {
        1 << (picture.original_bit_depth().clamp(1, 32) - 1)
    } else {
        0
    };
    let value = |i: usize, plane: &hayro_jpeg2000::ComponentData| {
        let value = plane.samples().get(i).copied().unwrap_or(0.0);
        (value.round() as i64 - shift) as u32
    };
    let pixels = 0..header.width * header.height;
    Ok(pixels
        .flat_map(|i| planes.iter().map(move |plane| value(i, plane)))
        .collect())
}

/// Whether the first plane of a JPEG 2000 picture holds signed numbers.
fn is_signed(bytes: &[u8]) -> bool {
    const START: &[u8] = b"\xff\x4f\xff\x51";
    const DEPTH: usize = 42; // of the first plane, behind the sizes
    let start = bytes.windows(START.len()).position(|part| part == START);
    let depth = start.and_then(|start| bytes.get(start + DEPTH));
    depth.is_some_and(|depth| depth & 0x80 != 0)
}

/// Refuse a picture of another size than its file announces, before memory is taken for it.
fn check(found: [usize; 3], header: &Header) -> Result<(), String> {
    let announced = [header.width, header.height, header.samples];
    if found == announced {
        return Ok(());
    }
    Err(format!(
        "the DICOM file announces {} x {} pixels of {} samples and holds {} x {} of {}; write it again",
        announced[0], announced[1], announced[2], found[0], found[1], found[2]
    ))
}
