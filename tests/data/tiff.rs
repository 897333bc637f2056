//! TIFF files, written by hand: each kind is read rightly, or named with its path and counted.

use ravine::data::decode::{decode, decode_within};

use crate::tiny::*;

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A TIFF file of one uncompressed strip of `width` x `height` pixels, with the tags `more` in the place of the usual
/// ones (grey, 8 bits); `big`: with offsets of 64 bits.
fn tiff(width: u32, height: u32, strip: &[u8], more: &[(u16, Vec<u16>)], big: bool) -> Vec<u8> {
    let first = if big { 16 } else { 8 };
    let long = |value: usize| (LONG, 1, (value as u32).to_le_bytes().to_vec());
    let short = |values: &[u16]| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        (SHORT, values.len(), bytes.collect::<Vec<_>>())
    };
    let mut tags = std::collections::BTreeMap::from([
        (256, long(width as usize)),
        (257, long(height as usize)),
        (258, short(&[8])), // bits
        (259, short(&[1])), // not compressed
        (262, short(&[1])), // black is 0
        (273, long(first)),
        (277, short(&[1])), // samples
        (278, long(height as usize)),
        (279, long(strip.len())),
    ]);
    for (tag, values) in more {
        tags.insert(*tag, short(values));
    }
    let offset = |value: usize| {
        let bytes = (value as u64).to_le_bytes();
        bytes[..if big { 8 } else { 4 }].to_vec()
    };
    let mut file = if big {
        b"II+\0\x08\0\0\0".to_vec()
    } else {
        b"II*\0".to_vec()
    };
    let directory = first + strip.len();
    file.extend(offset(directory));
    file.extend(strip);
    let count = (tags.len() as u64).to_le_bytes();
    file.extend(&count[..if big { 8 } else { 2 }]);
    let entry = if big { 20 } else { 12 };
    let place = offset(0).len();
    let mut after = directory + count[..if big { 8 } else { 2 }].len() + entry * tags.len() + place;
    let mut values = Vec::new();
    for (tag, (kind, count, bytes)) in tags {
        file.extend(u16::to_le_bytes(tag));
        file.extend(u16::to_le_bytes(kind));
        file.extend(offset(count));
        if bytes.len() > place {
            file.extend(offset(after));
            after += bytes.len();
            values.extend(bytes);
        } else {
            file.extend(
                bytes
                    .iter()
                    .copied()
                    .chain(std::iter::repeat(0))
                    .take(place),
            );
        }
    }
    file.extend(offset(0));
    file.extend(values);
    file
}

/// The tags of RGB in `bits`, whose numbers are of the kind `format`.
fn rgb(bits: u16, format: u16) -> Vec<(u16, Vec<u16>)> {
    let bits = (258, vec![bits; 3]);
    vec![bits, (262, vec![2]), (277, vec![3]), (339, vec![format; 3])]
}

#[test]
fn usual_ones_are_read_also_with_offsets_of_64_bits() {
    let pixels: Vec<u8> = (0..18).map(|i| 14 * i).collect();
    for big in [false, true] {
        let grey = decode(&tiff(3, 2, &pixels[..6], &[], big), 1).unwrap();
        assert_eq!((grey.width, grey.height), (3, 2));
        assert_eq!(bytes(&grey), &pixels[..6]);
        let colour = decode(&tiff(3, 2, &pixels, &rgb(8, 1), big), 3).unwrap();
        assert_eq!(bytes(&colour), pixels);
        let white_is_0 = tiff(3, 2, &pixels[..6], &[(262, vec![0])], big);
        let inverted: Vec<u8> = pixels[..6].iter().map(|value| 255 - value).collect();
        assert_eq!(bytes(&decode(&white_is_0, 1).unwrap()), inverted);
    }
}

#[test]
fn floating_point_is_read_between_0_and_1() {
    let strip = |values: [f32; 3]| values.map(f32::to_le_bytes).concat();
    let read = |values| decode(&tiff(1, 1, &strip(values), &rgb(32, 3), false), 3);
    assert_eq!(
        read([0.0, 0.2, 1.0]).unwrap().pixels,
        vec![0.0f32, 0.2, 1.0].into()
    );
    let file = tiff(1, 1, &strip([0.0, 51.0, 300.0]), &rgb(32, 3), false);
    let ranged = decode_within(&file, 3, Some(255)).unwrap();
    assert_eq!(ranged.pixels, vec![0.0f32, 0.2, 1.0].into());
    for outside in [[0.0, 0.2, 255.0], [-0.1, 0.0, 0.0], [f32::NAN, 0.0, 0.0]] {
        let problem = read(outside).unwrap_err();
        assert!(problem.contains("values outside 0 to 1"), "{problem}");
    }
}

#[test]
fn whole_numbers_of_32_bits_or_with_a_sign_are_read_within_a_range() {
    let kinds = [(8, 2), (16, 2), (32, 2), (32, 1)];
    for (bits, format) in kinds {
        let strip = |values: [i32; 3]| {
            let bytes = values.map(|value| value.to_le_bytes()[..usize::from(bits) / 8].to_vec());
            bytes.concat()
        };
        let tags = [(258, vec![bits]), (339, vec![format])];
        let read =
            |values, range| decode_within(&tiff(3, 1, &strip(values), &tags, false), 1, range);
        let image = read([0, 25, 100], Some(100)).unwrap();
        assert_eq!(image.pixels, vec![0.0f32, 0.25, 1.0].into());
        let problem = read([0, 25, 100], None).unwrap_err();
        assert!(problem.contains("set data.range"), "{problem}");
        if format == 2 {
            let problem = read([0, -5, 100], Some(100)).unwrap_err();
            assert!(problem.contains("(-5)"), "{problem}");
        }
        let color = tiff(1, 1, &strip([5, 25, 50]), &rgb(bits, format), false);
        let image = decode_within(&color, 3, Some(50)).unwrap();
        assert_eq!(image.pixels, vec![0.1f32, 0.5, 1.0].into());
    }
}

/// What the decoder lacks is named in words, by the path, and counted.
#[test]
fn odd_ones_are_named_and_counted_and_never_read_wrongly() {
    let odd = [
        (
            "lab",
            vec![(258, vec![8; 3]), (262, vec![8]), (277, vec![3])],
            "LAB colours",
        ),
        (
            "ycbcr",
            vec![(258, vec![8; 3]), (262, vec![6]), (277, vec![3])],
            "YCbCr colours",
        ),
        ("packed", vec![(259, vec![3])], "compression 3"),
        (
            "reversed",
            vec![(258, vec![1]), (266, vec![2])],
            "FillOrder 2",
        ),
    ];
    let dir = tempfile::tempdir().unwrap();
    write(
        &dir.path().join("good.tif"),
        &tiff(4, 4, &[9; 16], &[], true),
    );
    for (name, tags, _) in &odd {
        let file = tiff(4, 4, &[9; 64], tags, *name == "lab");
        write(&dir.path().join(format!("{name}.tif")), &file);
    }
    let found = checked(&at(dir.path()));
    assert_eq!((found.images, found.bad.len()), (odd.len() + 1, odd.len()));
    for (name, _, said) in odd {
        let bad = found.bad.iter().find(|bad| bad.id == format!("{name}.tif"));
        let reason = &bad.unwrap().reason;
        let whole =
            reason.contains(said) && reason.contains("TIFF") && reason.contains("save it as PNG");
        assert!(whole && reason.contains(&format!("{name}.tif")), "{reason}");
        assert!(!reason.contains("support"), "{reason}");
    }
}
