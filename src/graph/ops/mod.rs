//! The list of ops; an op is a file and its line here.

mod add;
mod attention;
mod batch_norm;
mod conv2d;
mod flatten;
mod gelu;
mod global_avg_pool;
mod global_response_norm;
mod head_norm;
mod layer_norm;
mod linear;
mod max_pool;
mod multiply;
mod patch_merge;
mod pointwise;
mod prototypes;
mod relu;
mod rotary;
mod scale;
mod swiglu;
mod tanh;
mod to_tokens;
mod token_embed;
mod token_pool;
mod unsqueeze;
mod window_attention;

pub use token_embed::Positions;

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::layer::Layer;

/// Make of the list the enum, its trait objects, its samples and the public names.
macro_rules! ops {
    ($($file:ident::$op:ident),+ $(,)?) => {
        $(pub use $file::$op;)+

        /// All ops: an executor matches on this list, so a new op cannot be forgotten silently.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each struct is documented in its file")]
        pub enum Op { $($op($op)),+ }

        impl Op {
            /// The op behind its trait.
            #[must_use]
            pub fn layer(&self) -> &dyn Layer {
                match self { $(Self::$op(op) => op),+ }
            }

            /// Every op at least once, each with an input shape it takes, see [`Layer::samples`].
            #[must_use]
            pub fn samples() -> Vec<(Self, Vec<usize>)> {
                let mut all = Vec::new();
                $(all.extend($op::samples().into_iter().map(|(op, shape)| (Self::$op(op), shape)));)+
                all
            }
        }
    };
}

ops! {
    conv2d::Conv2d,
    batch_norm::BatchNorm,
    relu::Relu,
    add::Add,
    max_pool::MaxPool,
    global_avg_pool::GlobalAvgPool,
    flatten::Flatten,
    to_tokens::ToTokens,
    token_embed::TokenEmbed,
    attention::Attention,
    token_pool::TokenPool,
    linear::Linear,
    layer_norm::LayerNorm,
    gelu::Gelu,
    tanh::Tanh,
    prototypes::Prototypes,
    pointwise::Pointwise,
    scale::Scale,
    multiply::Multiply,
    unsqueeze::Unsqueeze,
    swiglu::SwiGlu,
    global_response_norm::GlobalResponseNorm,
    head_norm::HeadNorm,
    rotary::Rotary,
    window_attention::WindowAttention,
    patch_merge::PatchMerge,
}

/// Channels of an image (C, height, width), features of a vector or of tokens.
fn channels(shape: &[usize]) -> Option<usize> {
    match shape {
        [channels, _, _] => Some(*channels),
        other => other.last().copied(),
    }
}

/// `values` (C) in the shape that broadcasts over the channels of the batch `x`.
fn over_channels(values: &Tensor, x: &Tensor) -> Result<Tensor> {
    Ok(match x.dims().len() {
        4 => values.reshape((1, values.elem_count(), 1, 1))?,
        _ => values.clone(),
    })
}

/// Run `rows`, which works over the last dimension, over the channels of images (N, C, H, W); other batches as they are.
fn over_last(x: &Tensor, rows: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    if x.dims().len() != 4 {
        return rows(x);
    }
    let last = x.permute((0, 2, 3, 1))?.contiguous()?;
    Ok(rows(&last)?.permute((0, 3, 1, 2))?.contiguous()?)
}
