//! What of a picture is embedded: the whole of it, further crops, their mirror images.

use std::sync::Arc;

use candle_core::{D, Tensor};

use crate::augment::{AugmentConfig, Operation, RandomResizedCrop, Resize, ViewConfig};
use crate::data::Views;
use crate::error::{Error, Result};

/// Crops that may be averaged.
const MOST: usize = 65;

/// Area of a crop, as shares of the picture.
const AREA: [f64; 2] = [0.5, 1.0];

/// The whole picture as in evaluation, and `crops − 1` random crops of half of it and more.
pub(super) fn crops(
    augment: &AugmentConfig,
    channels: usize,
    crops: usize,
) -> Result<Arc<dyn Views>> {
    if !(1..=MOST).contains(&crops) {
        return Err(Error::Usage(format!(
            "--crops {crops}: the first is the whole picture, and {MOST} are the most; 1 for no others"
        )));
    }
    if crops == 1 {
        return Ok(Arc::new(augment.evaluation(channels)?));
    }
    let group = |count, op| ViewConfig {
        count,
        size: None,
        ops: vec![op],
    };
    let crop = RandomResizedCrop {
        scale: AREA,
        ..RandomResizedCrop::default()
    };
    let augment = AugmentConfig {
        views: vec![
            group(1, Operation::Resize(Resize::default())),
            group(crops - 1, Operation::RandomResizedCrop(crop)),
        ],
        ..augment.clone()
    };
    Ok(Arc::new(augment.build(channels)?))
}

/// The mean of `read` over `views` and, where `flips`, their mirror images.
pub(super) fn averaged(
    views: &[Tensor],
    flips: bool,
    read: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    let mut count = 0;
    for view in views {
        let mirrored = flips.then(|| mirror(view)).transpose()?;
        for seen in std::iter::once(view).chain(&mirrored) {
            let read = read(seen)?;
            count += 1;
            sum = Some(match sum {
                Some(sum) => (sum + read)?,
                None => read,
            });
        }
    }
    let sum = sum.ok_or_else(|| Error::Failed("there is no view to embed".into()))?;
    Ok(if count == 1 {
        sum
    } else {
        (sum / f64::from(count))?
    })
}

/// Left and right of pictures (B, C, H, W) changed over.
fn mirror(x: &Tensor) -> Result<Tensor> {
    let width = x.dim(D::Minus1)? as u32;
    let turned: Vec<u32> = (0..width).rev().collect();
    let turned = Tensor::from_vec(turned, width as usize, x.device())?;
    Ok(x.contiguous()?.index_select(&turned, 3)?)
}

/// Rows of `x` (B, D), cut into vectors of `width`, each over its length; one of length 0 stays.
pub(super) fn normalized(x: &Tensor, width: usize) -> Result<Tensor> {
    let (rows, numbers) = x.dims2()?;
    let vectors = x.reshape((rows, numbers / width, width))?;
    let length = vectors.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    let unit = vectors.broadcast_div(&length.maximum(1e-12)?)?;
    Ok(unit.flatten_from(1)?)
}
