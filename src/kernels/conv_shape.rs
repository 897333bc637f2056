//! Sizes of a convolution, and the algorithm they call for.

use super::batch_norm::Input;
use super::product::product;

/// Sizes of a convolution; activations are (batch, height, width, channels).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Images.
    pub batch: usize,
    /// Height of the input.
    pub height: usize,
    /// Width of the input.
    pub width: usize,
    /// Input channels.
    pub input: usize,
    /// Output channels.
    pub output: usize,
    /// Kernel height and width.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Zeros added on every side.
    pub padding: usize,
    /// Distance between kernel taps.
    pub dilation: usize,
    /// Channel groups.
    pub groups: usize,
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// 3×3 at stride 1 by Winograd's transforms.
    Winograd,
    /// One kernel per channel.
    Depthwise,
    /// Products straight from padded images.
    Direct,
    /// Products over gathered windows.
    Im2col,
}

impl ConvShape {
    /// Height of the output.
    #[must_use]
    pub fn out_height(&self) -> usize {
        self.extent(self.height)
    }

    /// Width of the output.
    #[must_use]
    pub fn out_width(&self) -> usize {
        self.extent(self.width)
    }

    fn extent(&self, size: usize) -> usize {
        (size + 2 * self.padding - self.dilation * (self.kernel - 1) - 1) / self.stride + 1
    }

    /// Floats of the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        product([self.batch, self.height, self.width, self.input])
    }

    /// Floats of the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        product([self.batch, self.out_height(), self.out_width(), self.output])
    }

    /// Floats of the weight.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        product([self.kernel, self.kernel, self.group_input(), self.output])
    }

    /// Output pixels.
    pub(super) fn rows(&self) -> usize {
        self.batch * self.out_height() * self.out_width()
    }

    /// Whether every output pixel is a matrix times the input pixel in its place.
    pub(super) fn is_pointwise(&self) -> bool {
        (self.kernel, self.stride, self.padding, self.groups) == (1, 1, 0, 1)
    }

    /// Input channels of a group.
    pub(super) fn group_input(&self) -> usize {
        self.input / self.groups
    }

    /// Output channels of a group.
    pub(super) fn group_output(&self) -> usize {
        self.output / self.groups
    }

    /// Input values behind one output value.
    pub(super) fn taps(&self) -> usize {
        self.kernel * self.kernel * self.group_input()
    }

    /// Whether the kernels can apply a batch norm and ReLU to what they read.
    #[must_use]
    pub fn normalizes(&self) -> bool {
        matches!(self.algorithm(), Algorithm::Winograd | Algorithm::Direct)
    }

    /// What kernels that read and write through pointers rely on: an input, an output and a weight of this shape.
    ///
    /// # Panics
    /// Their lengths are others, the norm has not as many channels, or no convolution has this shape.
    pub(super) fn check(&self, x: Input, (output, weight): (usize, usize)) {
        assert!(self.exists(), "{self:?}");
        assert_eq!(
            (x.values.len(), output, weight),
            (self.input_len(), self.output_len(), self.weight_len())
        );
        let fits = |channels: usize| channels == self.input && self.normalizes();
        assert!(x.norm.is_none_or(|norm| fits(norm.channels())));
    }

    /// Whether the kernel fits into the padded image, and the groups into the channels.
    fn exists(&self) -> bool {
        let reach = |size: usize| {
            let padded = self.padding.checked_mul(2)?.checked_add(size)?;
            let kernel = self.kernel.checked_sub(1)?.checked_mul(self.dilation)?;
            Some(kernel < padded)
        };
        let divides = |channels: usize| channels.checked_rem(self.groups) == Some(0);
        self.stride > 0
            && reach(self.height) == Some(true)
            && reach(self.width) == Some(true)
            && divides(self.input)
            && divides(self.output)
    }

    /// The algorithm for this shape.
    pub(super) fn algorithm(&self) -> Algorithm {
        let plain = self.kernel == 3 && self.stride == 1 && self.padding == 1 && self.dilation == 1;
        if plain
            && self.groups == 1
            && self.input.is_multiple_of(16)
            && self.output.is_multiple_of(16)
        {
            Algorithm::Winograd
        } else if self.groups > 1 && self.groups == self.input && self.groups == self.output {
            Algorithm::Depthwise
        } else if self.groups == 1
            && self.dilation == 1
            && self.output.is_multiple_of(16)
            && (self.kernel > 1 || self.stride > 1)
        {
            Algorithm::Direct
        } else {
            Algorithm::Im2col
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ConvShape = ConvShape {
        batch: 1,
        height: 4,
        width: 4,
        input: 16,
        output: 16,
        kernel: 3,
        stride: 1,
        padding: 1,
        dilation: 1,
        groups: 1,
    };

    #[test]
    fn sizes_that_no_slice_can_have_do_not_wrap_around() {
        let huge = ConvShape {
            batch: 1 << 60,
            ..SHAPE
        };
        assert_eq!(huge.input_len(), usize::MAX);
        assert_eq!(huge.output_len(), usize::MAX);
        let none = ConvShape { input: 0, ..huge };
        assert_eq!(none.input_len(), 0);
    }

    #[test]
    fn what_is_no_convolution_is_refused() {
        assert!(SHAPE.exists());
        let others: [fn(&mut ConvShape); 5] = [
            |s| s.kernel = 0,
            |s| s.kernel = 7,
            |s| s.stride = 0,
            |s| s.groups = 0,
            |s| s.groups = 3,
        ];
        for change in others {
            let mut shape = SHAPE;
            change(&mut shape);
            assert!(!shape.exists(), "{shape:?}");
        }
    }
}
