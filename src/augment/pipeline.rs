//! One view's list of operations.

use rand::RngExt;

use super::Operation;
use super::normalize::Normalize;
use super::planar::Planar;
use super::resize::Resize;
use super::scratch::Scratch;
use crate::data::Image;
use crate::error::{Error, Result};
use crate::random::Stream;

/// Frame, change, normalise: a decoded image of any size to a view (channels, size, size).
#[derive(Clone, Debug)]
pub struct Pipeline {
    operations: Vec<Operation>,
    channels: usize,
    size: usize,
    normalize: Option<Normalize>,
}

impl Pipeline {
    /// A pipeline of `operations`; without one that frames in the first place, images are resized.
    ///
    /// # Errors
    /// [`Error::Usage`] for settings that make no sense; `key` is where the list stands in the configuration.
    pub fn new(
        key: &str,
        operations: &[Operation],
        channels: usize,
        size: usize,
        normalize: Option<Normalize>,
    ) -> Result<Self> {
        for (i, operation) in operations.iter().enumerate() {
            let key = format!("{key}[{i}]");
            let part = operation.part();
            part.validate(&key, size)?;
            if part.frames() && i > 0 {
                return Err(Error::key(
                    &key,
                    format!(
                        "`{}` reads the decoded image and must be the first operation, the only one of its sort; \
                         move it to the front",
                        operation.name()
                    ),
                ));
            }
        }
        Ok(Self {
            operations: operations.to_vec(),
            channels,
            size,
            normalize,
        })
    }

    /// Shape of a view: channels, height, width.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.size, self.size]
    }

    /// Make one view of `source` into `out` (C, H, W), drawing from `rng`.
    ///
    /// # Errors
    /// [`Error::Failed`] when the image has no pixels or `out` another length than [`Pipeline::shape`] says.
    pub fn fill(
        &self,
        source: &Image,
        out: &mut [f32],
        rng: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<()> {
        sound(source, self.channels)?;
        let mut view = Planar::new(self.channels, self.size, self.size, out)?;
        let mut framed = false;
        for operation in &self.operations {
            let part = operation.part();
            let applied = rng.random::<f64>() < part.probability();
            let makes_view = applied && part.frames();
            if !framed && !makes_view {
                Resize::default().frame(source, &mut view, scratch);
            }
            framed = true;
            if applied {
                part.apply(source, &mut view, rng, scratch);
            }
        }
        if !framed {
            Resize::default().frame(source, &mut view, scratch);
        }
        if let Some(normalize) = &self.normalize {
            normalize.apply(&mut view);
        }
        Ok(())
    }
}

/// An image whose sides and values agree, and whose channels become `wanted`.
fn sound(image: &Image, wanted: usize) -> Result<()> {
    let Image {
        width,
        height,
        channels,
        ref pixels,
    } = *image;
    let colors = channels == wanted || matches!((channels, wanted), (1, 3) | (3, 1));
    let whole = width > 0 && height > 0 && channels > 0 && colors;
    if whole && pixels.len() == width * height * channels {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "an image of {width}x{height} with {channels} channels in {} values cannot be made into views of {wanted} \
         channels; images have at least one pixel, and as many channels or those of colours",
        pixels.len()
    )))
}
