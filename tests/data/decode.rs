//! Encoded images: broken, hostile, turned, deep.

use image::{ImageBuffer, Luma};
use ravine::data::DataConfig;

use crate::tiny::*;

#[test]
fn corrupt_truncated_and_hostile_images_are_errors_with_their_path() {
    let dir = tempfile::tempdir().unwrap();
    let jpeg = encode(&picture(1, 64, 64, 3), image::ImageFormat::Jpeg);
    let mut huge = png(1);
    huge[16..24].copy_from_slice(&[0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff]); // 16 million squared
    write(&dir.path().join("a-truncated.jpg"), &jpeg[..jpeg.len() / 8]);
    write(&dir.path().join("b-huge.png"), &huge);
    write(&dir.path().join("c-empty.png"), b"");
    write(
        &dir.path().join("d-noise.webp"),
        b"RIFF\xff\xff\xff\xffWEBPVP8 nonsense",
    );
    write(&dir.path().join("e-half.jpg"), &jpeg[..jpeg.len() - 40]);
    write(
        &dir.path().join("f-wide.jpg"),
        &announcing_16000_squared(&jpeg),
    );
    write(&dir.path().join("g-good.jpg"), &jpeg);
    let set = all(&at(dir.path())).unwrap();
    for (index, name) in [
        "a-truncated.jpg",
        "b-huge.png",
        "c-empty.png",
        "d-noise.webp",
        "e-half.jpg",
        "f-wide.jpg",
    ]
    .iter()
    .enumerate()
    {
        let problem = set.get(index).unwrap_err().to_string();
        assert!(problem.contains(name), "{problem}");
    }
    let good = set.get(6).unwrap();
    assert_eq!((good.width, good.height, good.channels), (64, 64, 3));
}

/// The same JPEG with other sizes in its frame header.
fn announcing_16000_squared(jpeg: &[u8]) -> Vec<u8> {
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    let mut jpeg = jpeg.to_vec();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
    jpeg
}

/// A JPEG with an EXIF orientation of 6: stored lying, shown after a quarter turn clockwise.
#[test]
fn exif_orientation_is_applied() {
    let plain = encode(&picture(1, 8, 4, 1), image::ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0, 0]);
    let mut turned = vec![0xff, 0xd8, 0xff, 0xe1];
    turned.extend((exif.len() as u16 + 2).to_be_bytes());
    turned.extend(&exif);
    turned.extend(&plain[2..]);
    let lying = ravine::data::decode::decode(&plain, 1).unwrap();
    let upright = ravine::data::decode::decode(&turned, 1).unwrap();
    assert_eq!((upright.width, upright.height), (4, 8));
    for y in 0..8 {
        for x in 0..4 {
            assert_eq!(bytes(&upright)[y * 4 + x], bytes(&lying)[(3 - x) * 8 + y]);
        }
    }
}

#[test]
fn sixteen_bit_alpha_and_grey_pngs_become_what_is_asked() {
    let rgba = image::RgbaImage::from_fn(3, 2, |x, y| {
        image::Rgba([x as u8 * 10, y as u8 * 20, 7, 90])
    });
    let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(3, 2, |x, _| {
        image::Luma([x as u16 * 257])
    });
    let encoded = |picture: image::DynamicImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    };
    let color = ravine::data::decode::decode(&encoded(rgba.into()), 3).unwrap();
    assert_eq!(bytes(&color)[..6], [0, 0, 7, 10, 0, 7]);
    let grey = ravine::data::decode::decode(&encoded(deep.into()), 3).unwrap();
    let wanted = [0, 0, 0, 257, 257, 257, 514, 514, 514].map(|value| value as f32 / 65535.0);
    assert_eq!(grey.pixels.as_floats().unwrap()[..9], wanted);
}

/// 12-bit values in files of 16 bits: the share of the range in use is told, and a key makes it whole.
#[test]
fn the_white_of_16_bit_pictures_is_told_and_set() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..6_u16 {
        let picture =
            ImageBuffer::from_fn(8, 8, |x, y| Luma([(i * 700 + 8 * x as u16 + y as u16)]));
        let picture: ImageBuffer<Luma<u16>, Vec<u16>> = picture;
        picture.save(dir.path().join(format!("{i}.png"))).unwrap();
    }
    let config = at(dir.path());
    let plain = all(&config).unwrap();
    let found = checked(&config);
    let range = found.range.unwrap();
    assert_eq!((range.pictures, range.of, range.highest), (6, 6, 3563));
    assert!((range.share - 3563.0 / 65535.0).abs() < 1e-12);
    let said = range.sentence();
    assert!(
        said.contains("5.4 % of the range") && said.contains("data.range=4096"),
        "{said}"
    );
    let dark = plain.get(5).unwrap();
    let mut dark = dark.pixels.as_floats().unwrap().iter();
    assert!(dark.all(|&value| value <= 3563.0 / 65535.0));

    let set = all(&DataConfig {
        range: Some(4096),
        ..config
    })
    .unwrap();
    let pixels = set.get(5).unwrap().pixels;
    let pixels = pixels.as_floats().unwrap();
    assert_eq!(
        [pixels[0], pixels[63 * 3]],
        [3500.0 / 4096.0, 3563.0 / 4096.0]
    );
    let eight = dir.path().join("eight");
    write(&eight.join("0.png"), &png(0));
    let eight = DataConfig {
        range: Some(4096),
        ..at(&eight)
    };
    assert_eq!(all(&eight).unwrap().get(0).unwrap(), picture(0, 6, 5, 3));
    assert_eq!(checked(&eight).range, None);
}

/// Transparency is dropped, as others drop it; the check says so of the pictures that have some.
#[test]
fn transparent_pixels_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let save = |name: &str, opacity: u8| {
        let picture = image::RgbaImage::from_pixel(4, 4, image::Rgba([200, 100, 50, opacity]));
        picture.save(dir.path().join(name)).unwrap();
    };
    save("full.png", 255);
    save("none.png", 0);
    save("half.webp", 128);
    write(&dir.path().join("plain.png"), &png(0));
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(bytes(&set.get(2).unwrap())[..3], [200, 100, 50]); // none.png
    let notes = checked(&at(dir.path())).notes;
    assert_eq!(
        notes,
        [
            "2 of 4 pictures have transparent pixels, which count in the colours that are stored for them"
        ]
    );
}

#[test]
fn pages_and_frames_behind_the_first_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let frame = || {
        image::Frame::new(image::RgbaImage::from_pixel(
            4,
            4,
            image::Rgba([9, 9, 9, 255]),
        ))
    };
    for (name, count) in [("one.gif", 1), ("three.gif", 3)] {
        let file = std::fs::File::create(dir.path().join(name)).unwrap();
        let mut encoder = image::codecs::gif::GifEncoder::new(file);
        encoder.encode_frames((0..count).map(|_| frame())).unwrap();
    }
    for (name, kinds) in [
        ("page.tif", vec![0]),
        ("pages.tif", vec![0, 0]),
        ("copy.tif", vec![0, 1]),
    ] {
        let file = std::fs::File::create(dir.path().join(name)).unwrap();
        let mut encoder = tiff::encoder::TiffEncoder::new(file).unwrap();
        for kind in kinds {
            let page = encoder.new_image::<tiff::encoder::colortype::Gray8>(4, 4);
            let mut page = page.unwrap();
            page.encoder()
                .write_tag(tiff::tags::Tag::NewSubfileType, kind as u32)
                .unwrap();
            page.write_data(&[7; 16]).unwrap();
        }
    }
    write(&dir.path().join("plain.png"), &png(0));
    let mut config = at(dir.path());
    config.pages = Some(false);
    let found = checked(&config);
    assert_eq!(found.bad, []);
    assert_eq!(
        found.notes,
        [
            "2 of 6 pictures have several pages or frames, of which the first is read; data.pages = true reads each page of TIFF files"
        ]
    );
    let set = all(&at(dir.path())).unwrap();
    let ids: Vec<String> = (0..set.len()).map(|i| set.id(i)).collect();
    assert_eq!(ids[2..5], ["page.tif", "pages.tif#0", "pages.tif#1"]);
    let alone = all(&at(&dir.path().join("pages.tif"))).unwrap();
    assert_eq!((alone.len(), alone.id(1)), (2, "pages.tif#1".into()));
    config.source = dir.path().join("pages.tif").display().to_string();
    config.pages = Some(false);
    assert_eq!(all(&config).unwrap().len(), 1);
}
