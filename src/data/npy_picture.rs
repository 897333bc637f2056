//! One picture in an npy file: tiles of satellites and slices of scans are kept so.

use super::layout::Layout;
use super::limits::{MAX_ALLOC, MAX_SIDE};
use super::npy::{Header, MAGIC};
use super::stored::Stored;

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
