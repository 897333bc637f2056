//! The list of ops; an op is a file and its line here.

mod add;
mod attention;
mod batch_norm;
mod conv2d;
mod drop_path;
mod features;
mod flatten;
mod gelu;
mod global_avg_pool;
mod global_response_norm;
mod head_norm;
mod layer_norm;
mod layer_scale;
mod linear;
mod max_pool;
mod multiply;
mod patch_merge;
mod pointwise;
mod prototypes;
mod relu;
mod rotary;
mod swiglu;
mod tanh;
mod to_tokens;
mod token_embed;
mod token_pool;
mod unsqueeze;
mod window_attention;

pub use token_embed::Positions;

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
    layer_scale::LayerScale,
    multiply::Multiply,
    unsqueeze::Unsqueeze,
    swiglu::SwiGlu,
    global_response_norm::GlobalResponseNorm,
    head_norm::HeadNorm,
    rotary::Rotary,
    window_attention::WindowAttention,
    patch_merge::PatchMerge,
    drop_path::DropPath,
}
