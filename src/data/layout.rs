//! Which axes of an array are those of a picture.

use super::image::MOST_CHANNELS;

/// The axes of one picture in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    /// Whether channel stands after channel (PyTorch's order), not pixel after pixel.
    pub(super) planes: bool,
}

impl Layout {
    /// Of (height, width), (height, width, channels) or (channels, height, width): channels are the smaller one of the
    /// outer axes, and the last where both are equal. `None` for other shapes, without pixels or with too many channels.
    pub(super) fn of(shape: &[usize]) -> Option<Self> {
        let (height, width, channels, planes) = match *shape {
            [height, width] => (height, width, 1, false),
            [channels, height, width] if channels < width => (height, width, channels, true),
            [height, width, channels] => (height, width, channels, false),
            _ => return None,
        };
        let sound = height > 0 && width > 0 && (1..=MOST_CHANNELS).contains(&channels);
        sound.then_some(Self {
            height,
            width,
            channels,
            planes,
        })
    }

    /// Values of a picture; `None` where no machine holds as many.
    pub(super) fn values(&self) -> Option<usize> {
        let pixels = self.height.checked_mul(self.width)?;
        pixels.checked_mul(self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_the_smaller_outer_axis() {
        let of = |shape: &[usize]| {
            let layout = Layout::of(shape)?;
            Some((
                [layout.height, layout.width, layout.channels],
                layout.planes,
            ))
        };
        assert_eq!(of(&[5, 7]), Some(([5, 7, 1], false)));
        assert_eq!(of(&[64, 64, 13]), Some(([64, 64, 13], false)));
        assert_eq!(of(&[13, 64, 64]), Some(([64, 64, 13], true)));
        assert_eq!(of(&[3, 3, 3]), Some(([3, 3, 3], false)));
        for odd in [&[5][..], &[0, 5], &[100, 100, 100], &[2, 3, 4, 5]] {
            assert_eq!(of(odd), None, "{odd:?}");
        }
    }
}
