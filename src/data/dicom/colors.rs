//! Colours of a palette and of video signals, as red, green and blue.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::header::Header;
use super::table::Table;
use crate::data::stored::Values;

/// Numbers as places in the palette of the file.
pub(super) fn palette(
    file: &InMemDicomObject,
    header: &Header,
    numbers: &[f32],
) -> Result<Values, String> {
    if file
        .get(tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA)
        .is_some()
    {
        return Err(super::file::unread("PALETTE COLOR in segments"));
    }
    let table = |descriptor, data| Table::of(file, (descriptor, data), header.signed);
    let tables = [
        table(
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?,
        table(
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?,
        table(
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?,
    ];
    let deep = tables.iter().any(|table| table.bits > 8);
    let colors = numbers
        .iter()
        .flat_map(|&number| tables.each_ref().map(|table| table.at(number.into())));
    Ok(if deep {
        Values::Bits16(colors.collect())
    } else {
        Values::Bits8(colors.map(|color| color as u8).collect())
    })
}

/// Light and two differences of colour of 8 bits, as red, green and blue (PS3.3 C.7.6.3.1.2).
pub(super) fn of_video(pixel: [f32; 3]) -> [f32; 3] {
    let [light, blue, red] = [pixel[0], pixel[1] - 128.0, pixel[2] - 128.0];
    [
        light + 1.402 * red,
        light - 0.344_136 * blue - 0.714_136 * red,
        light + 1.772 * blue,
    ]
    .map(|color| color.round().clamp(0.0, 255.0))
}
