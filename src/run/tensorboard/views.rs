//! The views of a batch as one picture.

use candle_core::{DType, Tensor};

use super::summaries::plain;
use crate::data::{Stored, Values, encode};
use crate::error::Result;
use crate::events::{EventPicture, Summarized, summarized::Value};

/// Samples that are shown.
const SHOWN: usize = 8;

/// Small views are enlarged, each pixel a square, to at least so many pixels on a side.
const SIDE: usize = 64;

/// Pixels between views.
const GAP: usize = 2;

/// A row of views for each of the first samples of `inputs`, each (B, C, H, W); `None` where they are no pictures.
///
/// `normalized` are the mean and deviation of each channel that were taken off.
pub(super) fn views(
    inputs: &[Tensor],
    normalized: Option<&(Vec<f32>, Vec<f32>)>,
) -> Result<Option<Summarized>> {
    let shapes: Option<Vec<_>> = inputs.iter().map(|x| x.dims4().ok()).collect();
    let Some(shapes) = shapes.filter(|shapes| !shapes.is_empty()) else {
        return Ok(None);
    };
    let (rows, channels) = (shapes[0].0.min(SHOWN), shapes[0].1);
    let shown = if channels == 3 { 3 } else { 1 }; // of other instruments, the first channel
    let side = shapes.iter().map(|s| s.2.max(s.3)).max().unwrap_or(1);
    let zoom = SIDE.div_ceil(side);
    let cell = side * zoom + GAP;
    let (width, height) = (cell * inputs.len() - GAP, cell * rows - GAP);
    let mut sheet = vec![255_u8; width * height * shown];
    for (column, (view, &(.., h, w))) in inputs.iter().zip(&shapes).enumerate() {
        let view = view.narrow(0, 0, rows)?.to_dtype(DType::F32)?;
        let values = view.flatten_all()?.to_vec1::<f32>()?; // (R, C, H, W)
        for (row, y, x, channel) in places(rows, h * zoom, w * zoom, shown) {
            let from = ((row * channels + channel) * h + y / zoom) * w + x / zoom;
            let to = ((row * cell + y) * width + column * cell + x) * shown + channel;
            sheet[to] = byte(values[from], channel, normalized);
        }
    }
    let pixels = Stored {
        width,
        height,
        channels: shown,
        values: Values::Bits8(sheet),
        opacity: false,
    };
    let picture = encode(&pixels).ok().map(|(encoded, _)| EventPicture {
        height: height as i32,
        width: width as i32,
        colorspace: shown as i32,
        encoded,
    });
    Ok(picture.map(|picture| plain("views".into(), Value::Picture(picture))))
}

/// Every (row, y, x, channel).
fn places(
    rows: usize,
    height: usize,
    width: usize,
    channels: usize,
) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..rows * height * width * channels).map(move |at| {
        let (pixel, channel) = (at / channels, at % channels);
        let (line, x) = (pixel / width, pixel % width);
        (line / height, line % height, x, channel)
    })
}

fn byte(value: f32, channel: usize, normalized: Option<&(Vec<f32>, Vec<f32>)>) -> u8 {
    let of = |list: &[f32], usual| list.get(channel).copied().unwrap_or(usual);
    let value = normalized.map_or(value, |(mean, std)| value * of(std, 1.0) + of(mean, 0.0));
    (255.0 * value.clamp(0.0, 1.0)).round() as u8
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn views_stand_side_by_side_as_pixels_again() -> Result<()> {
        let (white, black) = (vec![2.0_f32; 64], vec![-2.0_f32; 64]);
        let of = |values| Tensor::from_vec(values, (1, 1, 8, 8), &Device::Cpu);
        let normalized = (vec![0.5], vec![0.25]);
        let drawn = views(&[of(white)?, of(black)?], Some(&normalized))?;
        let Some(Value::Picture(picture)) = drawn.and_then(|drawn| drawn.value) else {
            return Err(crate::error::Error::Failed("no picture".into()));
        };
        assert_eq!((picture.width, picture.height), (2 * 64 + 2, 64));
        let decoded = image::load_from_memory(&picture.encoded)
            .map_err(|e| crate::error::Error::Failed(e.to_string()))?
            .to_luma8();
        assert_eq!(decoded.get_pixel(0, 0).0, [255]);
        assert_eq!(decoded.get_pixel(129, 63).0, [0]);
        Ok(())
    }

    #[test]
    fn rows_of_a_table_are_no_pictures() -> Result<()> {
        let rows = Tensor::zeros((4, 3), DType::F32, &Device::Cpu)?;
        assert!(views(&[rows], None)?.is_none());
        Ok(())
    }
}
