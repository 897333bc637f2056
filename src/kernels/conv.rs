//! Convolution: which kernel runs which case.

use super::batch_norm::{Affine, Input, Sums, Then};
use super::simd::Simd;
use super::{depthwise, direct, im2col, winograd};

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

/// The kernels a convolution can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Winograd,
    Depthwise,
    Direct,
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
        self.batch * self.height * self.width * self.input
    }

    /// Floats of the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.rows() * self.output
    }

    /// Floats of the weight.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.taps() * self.output
    }

    /// Output pixels.
    pub(super) fn rows(&self) -> usize {
        self.batch * self.out_height() * self.out_width()
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
    pub fn normalises(&self) -> bool {
        matches!(self.way(), Way::Winograd | Way::Direct)
    }

    fn check(&self, x: Input, (output, weight): (usize, usize)) {
        assert_eq!(
            (x.values.len(), output, weight),
            (self.input_len(), self.output_len(), self.weight_len())
        );
        let channels = |norm: &Affine| norm.scale.len() == self.input && self.normalises();
        assert!(x.norm.is_none_or(channels));
    }

    /// Whether the kernels compute it by Winograd's algorithm.
    pub(super) fn is_winograd(&self) -> bool {
        self.way() == Way::Winograd
    }

    fn way(&self) -> Way {
        let plain = self.kernel == 3 && self.stride == 1 && self.padding == 1 && self.dilation == 1;
        if plain
            && self.groups == 1
            && self.input.is_multiple_of(16)
            && self.output.is_multiple_of(16)
        {
            Way::Winograd
        } else if self.groups > 1 && self.groups == self.input && self.groups == self.output {
            Way::Depthwise
        } else if self.groups == 1
            && self.dilation == 1
            && self.output.is_multiple_of(16)
            && (self.kernel > 1 || self.stride > 1)
        {
            Way::Direct
        } else {
            Way::Im2col
        }
    }
}

/// Floats of workspace that [`forward`], [`backward_data`] and [`backward_weight`] need.
#[must_use]
pub fn workspace(s: &ConvShape) -> usize {
    match s.way() {
        Way::Winograd => winograd::workspace(s),
        Way::Depthwise => depthwise::workspace(s),
        Way::Direct => direct::workspace(s).max(im2col::workspace(s)),
        Way::Im2col => im2col::workspace(s),
    }
}

/// `y = conv(x, weight)`, and what comes then; x, y are NHWC, weight is (out, in / groups, kernel, kernel).
///
/// Gives what was summed. Only where [`ConvShape::normalises`] may x come with a norm.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn forward(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    weight: &[f32],
    (y, then): (&mut [f32], Then),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    s.check(x, (y.len(), weight.len()));
    match s.way() {
        Way::Winograd => winograd::forward(simd, s, x, weight, (y, then), workspace),
        Way::Depthwise => {
            depthwise::forward(simd, s, x.values, weight, y, workspace);
            then.all(simd, s.output, y)
        }
        Way::Direct => direct::forward(simd, s, x, weight, (y, then), workspace),
        Way::Im2col => im2col::forward(simd, s, x.values, weight, (y, then), workspace),
    }
}

/// Gradient by the input: `dx = convᵀ(dy, weight)`, or `dx += ..` when `add`, and what comes then.
///
/// Gives what was summed.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add, then): (&mut [f32], bool, Then),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    assert_eq!(
        (dx.len(), dy.len(), weight.len()),
        (s.input_len(), s.output_len(), s.weight_len())
    );
    match s.way() {
        Way::Winograd => winograd::backward_data(simd, s, dy, weight, (dx, add, then), workspace),
        Way::Depthwise => {
            depthwise::backward_data(simd, s, dy, weight, (dx, add), workspace);
            then.all(simd, s.input, dx)
        }
        // Products of a few columns would leave most of a vector empty.
        Way::Direct if s.input >= 16 => {
            direct::backward_data(simd, s, dy, weight, (dx, add, then), workspace)
        }
        Way::Direct | Way::Im2col => {
            im2col::backward_data(simd, s, dy, weight, (dx, add), workspace);
            then.all(simd, s.input, dx)
        }
    }
}

/// Gradient by the weight, in the weight's own order; overwrites `dw`.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    s.check(x, (dy.len(), dw.len()));
    match s.way() {
        Way::Winograd => winograd::backward_weight(simd, s, x, dy, dw, workspace),
        Way::Depthwise => depthwise::backward_weight(simd, s, x.values, dy, dw, workspace),
        Way::Direct => direct::backward_weight(simd, s, x, dy, dw, workspace),
        Way::Im2col => im2col::backward_weight(simd, s, x.values, dy, dw, workspace),
    }
}
