//! 2-D convolution.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// Cross-correlation with zero padding, square kernel:
/// `out[n,o,h,w] = bias[o] + Σ weight[o,c,y,x] · padded[n, c, h·stride + y·dilation, w·stride + x·dilation]`.
///
/// Input (in, H, W), output (out, H', W') with `H' = (H + 2·padding − dilation·(kernel − 1) − 1) / stride + 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2d {
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
    /// Channel groups; `input` groups make it depthwise.
    pub groups: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl Conv2d {
    /// No bias, no dilation, one group: what stands before a batch norm.
    #[must_use]
    pub fn new(input: usize, output: usize, kernel: usize, stride: usize, padding: usize) -> Self {
        Self {
            input,
            output,
            kernel,
            stride,
            padding,
            dilation: 1,
            groups: 1,
            bias: false,
        }
    }

    /// Output height or width for an input of `size`; `None` when the kernel does not fit.
    #[must_use]
    pub fn extent(&self, size: usize) -> Option<usize> {
        let reach = self.dilation * (self.kernel - 1) + 1;
        (size + 2 * self.padding)
            .checked_sub(reach)
            .map(|room| room / self.stride + 1)
    }

    /// The input and padding for candle, whose backward pass assumes that strides leave the same remainder
    /// in height and width: where they do not, pad by hand and cut off what no window reaches.
    fn even_remainders(&self, x: &Tensor) -> Result<(Tensor, usize)> {
        let (_, _, height, width) = x.dims4()?;
        let reach = self.dilation * (self.kernel - 1) + 1;
        let left = |size: usize| (size + 2 * self.padding - reach) % self.stride;
        if left(height) == left(width) {
            return Ok((x.clone(), self.padding));
        }
        let mut x = x.clone();
        for (dim, size) in [(2, height), (3, width)] {
            let used = size + 2 * self.padding - left(size);
            x = x
                .pad_with_zeros(dim, self.padding, self.padding)?
                .narrow(dim, 0, used)?;
        }
        Ok((x.contiguous()?, 0))
    }

    fn taps(&self) -> usize {
        self.input / self.groups * self.kernel * self.kernel
    }
}

impl Layer for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[&[channels, height, width]] = inputs else {
            return Err(Error::Usage(format!(
                "a convolution takes (channels, height, width), not {inputs:?}"
            )));
        };
        if channels != self.input {
            return Err(Error::Usage(format!(
                "the convolution takes {} channels, but receives {channels}",
                self.input
            )));
        }
        match (self.extent(height), self.extent(width)) {
            (Some(h), Some(w)) => Ok(vec![self.output, h, w]),
            _ => Err(Error::Usage(format!(
                "a {0}x{0} kernel does not fit into {height}x{width}; use larger images",
                self.kernel
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        // torchvision's ResNet start: He et al. 2015, normal with variance 2 / fan-out.
        let fan_out = self.output / self.groups * self.kernel * self.kernel;
        let mut specs = vec![ParamSpec {
            name: format!("{prefix}.weight"),
            shape: vec![
                self.output,
                self.input / self.groups,
                self.kernel,
                self.kernel,
            ],
            init: Init::Normal((2.0 / fan_out as f64).sqrt()),
            role: Role::Weight,
        }];
        if self.bias {
            specs.push(ParamSpec {
                name: format!("{prefix}.bias"),
                shape: vec![self.output],
                init: Init::Uniform(1.0 / (self.taps() as f64).sqrt()),
                role: Role::Plain,
            });
        }
        specs
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let (x, padding) = self.even_remainders(&inputs[0].contiguous()?)?;
        let y = x.conv2d(
            &weights[0],
            padding,
            self.stride,
            self.dilation,
            self.groups,
        )?;
        match weights.get(1) {
            Some(bias) => Ok(y.broadcast_add(&bias.reshape((1, self.output, 1, 1))?)?),
            None => Ok(y),
        }
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        2 * (self.taps() * output.iter().product::<usize>()) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let strided = Self {
            bias: true,
            ..Self::new(3, 5, 3, 2, 1)
        };
        [Self::new(3, 4, 3, 1, 1), strided, Self::new(3, 4, 1, 1, 0)]
            .map(|op| (op, vec![3, 6, 7]))
            .into()
    }
}
