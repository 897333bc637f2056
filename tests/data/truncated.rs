//! Pictures that stop early: refused wherever they are cut, but for cuts that take no pixel.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use ravine::data::Image;
use ravine::data::decode::decode;

use crate::tiny::*;

// 24 × 24 grey pixels each, written by Pillow 13 (quality 15; 6 scans; a restart marker every 2 blocks; lossy).
const PROGRESSIVE: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDADUlKC8oITUvKy88OTU/UIVXUElJUKN1e2GFwarLyL6qurfV8P//1eL/5re6////////////zv//////////////wgALCAAYABgBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAgAB/9oACAEBAAAAAS8rC1//xAAaEAEBAAIDAAAAAAAAAAAAAAABEQAQEiAh/9oACAEBAAEFAgNVej6yZymf/8QAGRAAAgMBAAAAAAAAAAAAAAAAAAEQITER/9oACAEBAAY/AjGalGF0UuT/AP/EAB8QAAICAgEFAAAAAAAAAAAAAAABESExQYFRYXGh8f/aAAgBAQABPyHqvQsUWpyCZqU13YlHwN3Z8IF1YTZOCG0+D//aAAgBAQAAABB2/wD/xAAeEAEAAgMAAgMAAAAAAAAAAAABABEhMVFBoZGxwf/aAAgBAQABPxATTrxMxyDxoiBCHgX5lClTp9Zmdkh5NvUAKA6F/oiA0BWquFCQ1a1C1mjwL96n/9k=";
const RESTARTS: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDADUlKC8oITUvKy88OTU/UIVXUElJUKN1e2GFwarLyL6qurfV8P//1eL/5re6////////////zv//////////////wAALCAAYABgBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAwAB/8QAJhAAAgECBAUFAAAAAAAAAAAAAQIDABESITFRBBMiQaEjUpGxwf/dAAQAAv/aAAgBAQAAPwA44IwbF9NlJp0yXphkJ2NhX//Q0zSSAhJI4wdmBPzViDgoGRlPuY/Wdf/RkTDf0yQO4w5+KxmAcGRmjB0BQr+iv//SKZTNIDDDy1Atpa9KkbxgF2CjS5Nq/9NRxCR36yxHZRfzpX//2Q==";
const LOSSY: &str = "UklGRuQAAABXRUJQVlA4INgAAABwBQCdASoYABgAPzmOuVcvKaUjqA1R4CcJaQAI4AekXn/leFYavRWsiBmF+iRCT3HxoBAAAP7QwpP4EC1yPdhdfVYHt88VXcQikS0HHSMlizol39gxQd6Z0/4UlJXAPmblze2GYfzg+tAMX1lL3fM3NHK3UWJ3nWdv3ImlOG+NE0OXXCxQGUxx9lfnMN0/mtH3rpUgysz2MqFYsr/v2TVzCxxtvP3WmwM5lsb1nxhfq02goZRT5w55ZES8xVmmX0tIm0XzDLZPe2zbEaXXs1ycgLHGUNQAAAA=";

fn stored(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).unwrap()
}

/// A camera's picture: an EXIF segment that holds a whole thumbnail, end marker and all, before the picture itself.
fn camera(picture: &[u8]) -> Vec<u8> {
    let thumbnail = encode(&crate::tiny::picture(9, 8, 8, 3), ImageFormat::Jpeg);
    let mut segment = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    segment.extend(&thumbnail);
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1];
    bytes.extend((segment.len() as u16 + 2).to_be_bytes());
    bytes.extend(&segment);
    bytes.extend(&picture[2..]);
    bytes
}

/// Every whole picture reads, with and without bytes behind its end; cut at any place it is refused, or nothing of it
/// was lost.
fn check(name: &str, bytes: &[u8], must_refuse: usize) -> Image {
    let whole = decode(bytes, 3).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    let trailing = [bytes, b"trailing \xff\xd8 bytes"].concat();
    assert_eq!(decode(&trailing, 3).as_ref(), Ok(&whole), "{name}");
    for end in 0..bytes.len() {
        match decode(&bytes[..end], 3) {
            Ok(read) => {
                assert!(end >= must_refuse, "{name}: cut to {end} bytes");
                assert_eq!(read, whole, "{name}: cut to {end} bytes");
            }
            Err(problem) => assert!(!problem.is_empty()),
        }
    }
    whole
}

#[test]
fn a_cut_jpeg_is_refused_whatever_is_embedded_in_it() {
    let baseline = encode(&picture(1, 40, 24, 3), ImageFormat::Jpeg);
    for (name, bytes) in [
        ("baseline", baseline),
        ("progressive", stored(PROGRESSIVE)),
        ("restart markers", stored(RESTARTS)),
    ] {
        let plain = check(name, &bytes, bytes.len());
        let bytes = camera(&bytes);
        assert_eq!(check(name, &bytes, bytes.len()), plain, "{name}");
        for lost in [2, 20, 60] {
            let problem = decode(&bytes[..bytes.len() - lost], 3).unwrap_err();
            assert!(problem.contains("JPEG file is truncated"), "{problem}");
        }
        // The tail is zeros, or another picture: as little an end of this one.
        let half = bytes.len() - 60;
        let zeros = [&bytes[..half], &[0; 60]].concat();
        let problem = decode(&zeros, 3).unwrap_err();
        assert!(problem.contains("truncated"), "{name}: {problem}");
        let preview = [&bytes[..half], &stored(RESTARTS)].concat();
        assert!(decode(&preview, 3).is_err(), "{name}");
    }
}

#[test]
fn a_cut_gif_or_webp_or_any_other_picture_is_refused_or_whole() {
    for (name, format) in [
        ("gif", ImageFormat::Gif),
        ("webp", ImageFormat::WebP),
        ("png", ImageFormat::Png),
        ("bmp", ImageFormat::Bmp),
        ("pnm", ImageFormat::Pnm),
        ("tiff", ImageFormat::Tiff),
    ] {
        let picture = picture(2, 20, 14, 3);
        let rgba = crate::tiny::bytes(&picture)
            .chunks(3)
            .flat_map(|p| [p[0], p[1], p[2], 255]);
        let mut bytes = std::io::Cursor::new(Vec::new());
        if format == ImageFormat::Gif {
            let rgba = image::RgbaImage::from_raw(20, 14, rgba.collect()).unwrap();
            rgba.write_to(&mut bytes, format).unwrap();
        } else {
            bytes.get_mut().extend(encode(&picture, format));
        }
        let bytes = bytes.into_inner();
        check(name, &bytes, bytes.len() / 2);
        let problem = decode(&bytes[..bytes.len() / 2], 3).unwrap_err();
        let cut = ["gif", "webp"].contains(&name);
        assert!(!cut || problem.contains("file is truncated"), "{problem}");
    }
    let lossy = stored(LOSSY);
    check("lossy webp", &lossy, lossy.len() - 1);
    let problem = decode(&lossy[..lossy.len() / 2], 3).unwrap_err();
    assert!(problem.contains("WebP file is truncated"), "{problem}");
}

#[test]
fn a_picture_that_is_too_wide_is_told_the_limit() {
    let wide = encode(&picture(1, 17_000, 1, 1), ImageFormat::Png);
    let problem = decode(&wide, 1).unwrap_err();
    assert!(problem.contains("16384 pixels"), "{problem}");
}
