//! One picture in an npy file: tiles of satellites and slices of scans are kept so.

use super::layout::Layout;
use super::limits::{MAX_ALLOC, MAX_SIDE};
use super::npy::{Header, MAGIC};
use super::stored::{Stored, Values};

/// Whether `bytes` start as npy files do.
pub(super) fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The picture in an array of two or three axes.
///
/// # Errors
/// A sentence without the path.
pub(super) fn read(bytes: &[u8]) -> Result<Stored, String> {
    let header = Header::read(&mut &*bytes).map_err(super::npy::Broken::sentence)?;
    let shape = &header.shape;
    let layout = Layout::of(shape).ok_or_else(|| {
        format!(
            "an array of shape {shape:?} is not one picture: that is (height, width), (height, width, channels) or \
             (channels, height, width)"
        )
    })?;
    if header.fortran {
        return Err("the array is in Fortran order; save numpy.ascontiguousarray of it".into());
    }
    let side = layout.height.max(layout.width) as u64;
    let announced = header
        .bytes()
        .filter(|&b| b <= MAX_ALLOC && side <= u64::from(MAX_SIDE));
    let announced = announced.ok_or_else(|| {
        format!("the picture is too large: more than {MAX_SIDE} pixels wide or high, or {} MiB; scale it down", MAX_ALLOC >> 20)
    })?;
    let values = &bytes[header.start as usize..];
    if values.len() as u64 != announced {
        return Err(format!(
            "holds {} bytes of numbers where its header announces {announced}; write it again with numpy.save",
            values.len()
        ));
    }
    Ok(Stored::of_array(layout, header.kind.pixels(values)))
}

/// `picture` as an npy file of version 1.0: (height, width), (height, width, channels), or (channels, height, width) where
/// rows would be taken for channels.
///
/// # Errors
/// A sentence without the path: neither order tells channels from rows.
pub(super) fn write(picture: &Stored) -> Result<Vec<u8>, String> {
    let Stored {
        width,
        height,
        channels,
        ..
    } = *picture;
    let flat = (vec![height, width], false);
    let last = (vec![height, width, channels], false);
    let first = (vec![channels, height, width], true);
    let reads_back = |(shape, planes): &(Vec<usize>, bool)| {
        let wanted = Layout {
            height,
            width,
            channels,
            planes: *planes,
        };
        Layout::of(shape) == Some(wanted)
    };
    let (shape, planes) = [flat, last, first]
        .into_iter()
        .find(reads_back)
        .ok_or_else(|| {
            format!(
                "{channels} channels of {width}x{height} pixels are not told from rows in an array"
            )
        })?;
    let place = |i: usize| {
        let (channel, pixel) = (i / (width * height), i % (width * height));
        if planes {
            pixel * channels + channel
        } else {
            i
        }
    };
    let count = picture.values.len();
    let (kind, numbers): (_, Vec<u8>) = match &picture.values {
        Values::Bits8(v) => ("|u1", (0..count).map(|i| v[place(i)]).collect()),
        Values::Bits16(v) => {
            let bytes = (0..count).flat_map(|i| v[place(i)].to_le_bytes());
            ("<u2", bytes.collect())
        }
        numbers => {
            let v = numbers.clone().into_floats();
            let bytes = (0..count).flat_map(|i| v[place(i)].to_le_bytes());
            ("<f4", bytes.collect())
        }
    };
    let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let text = format!(
        "{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}",
        shape.join(", ")
    );
    // Filled up with blanks, so that the numbers start at a multiple of 64 bytes.
    let length = (MAGIC.len() + 4 + text.len() + 1).next_multiple_of(64) - MAGIC.len() - 4;
    let mut file = MAGIC.to_vec();
    file.extend([1, 0]);
    file.extend((length as u16).to_le_bytes());
    file.extend(format!("{text:<0$}\n", length - 1).bytes());
    file.extend(numbers);
    Ok(file)
}
