//! A float image seen as planes.

use crate::error::{Error, Result};

/// A view (channels, height, width) over borrowed floats, nominally in [0, 1]: what the operations work on.
#[derive(Debug)]
pub struct Planar<'a> {
    channels: usize,
    height: usize,
    width: usize,
    data: &'a mut [f32],
}

impl<'a> Planar<'a> {
    /// See `data` as (`channels`, `height`, `width`).
    ///
    /// # Errors
    /// [`Error::Failed`] when there is no channel, a side is zero, or `data` has another length.
    pub fn new(channels: usize, height: usize, width: usize, data: &'a mut [f32]) -> Result<Self> {
        let pixels = height.saturating_mul(width);
        if channels == 0 || pixels == 0 || pixels.saturating_mul(channels) != data.len() {
            return Err(Error::Failed(format!(
                "an image of {channels} channels, {height}x{width}, cannot be kept in {} values; \
                 images have at least one channel and one pixel",
                data.len()
            )));
        }
        Ok(Self {
            channels,
            height,
            width,
            data,
        })
    }

    /// 1 (grey), 3 (red, green, blue), or as many as the instrument has.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, plane after plane.
    #[must_use]
    pub fn data(&mut self) -> &mut [f32] {
        self.data
    }

    /// One plane (height · width).
    pub fn plane(&mut self, channel: usize) -> &mut [f32] {
        let pixels = self.height * self.width;
        &mut self.data[channel * pixels..][..pixels]
    }

    /// The three colour planes; `None` for images of other channels.
    pub fn colors(&mut self) -> Option<[&mut [f32]; 3]> {
        if self.channels != 3 {
            return None;
        }
        let pixels = self.height * self.width;
        let (red, rest) = self.data.split_at_mut(pixels);
        let (green, blue) = rest.split_at_mut(pixels);
        Some([red, green, blue])
    }

    /// Each plane as a grey image.
    pub fn planes(&mut self) -> impl Iterator<Item = Planar<'_>> {
        let (height, width) = (self.height, self.width);
        let planes = self.data.chunks_exact_mut(height * width);
        planes.map(move |data| Planar {
            channels: 1,
            height,
            width,
            data,
        })
    }

    /// The rows of all planes, in order.
    pub fn rows(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.data.chunks_exact_mut(self.width)
    }

    /// Row `y` of plane `channel`.
    pub fn row(&mut self, channel: usize, y: usize) -> &mut [f32] {
        let start = (channel * self.height + y) * self.width;
        &mut self.data[start..][..self.width]
    }

    /// Copy the first plane of a colour image into the other two.
    pub(super) fn spread_first(&mut self) {
        if let Some([first, second, third]) = self.colors() {
            second.copy_from_slice(first);
            third.copy_from_slice(first);
        }
    }
}
