//! One sample of every op, with an input it takes: what laws and self-checks loop over.

use crate::graph::Op;
use crate::graph::add::Add;
use crate::graph::attention::Attention;
use crate::graph::batch_norm::BatchNorm;
use crate::graph::conv2d::Conv2d;
use crate::graph::flatten::Flatten;
use crate::graph::gelu::Gelu;
use crate::graph::global_avg_pool::GlobalAvgPool;
use crate::graph::layer_norm::LayerNorm;
use crate::graph::linear::Linear;
use crate::graph::max_pool::MaxPool;
use crate::graph::prototypes::Prototypes;
use crate::graph::relu::Relu;
use crate::graph::tanh::Tanh;
use crate::graph::to_tokens::ToTokens;
use crate::graph::token_embed::{Resampled, TokenEmbed};
use crate::graph::token_pool::TokenPool;

/// Every op at least once, each with a sample shape.
#[must_use]
pub fn samples() -> Vec<(Op, Vec<usize>)> {
    let image = vec![3, 6, 7];
    let strided = Conv2d {
        bias: true,
        ..Conv2d::new(3, 5, 3, 2, 1)
    };
    let pool = MaxPool {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    let embed = TokenEmbed {
        tokens: 3,
        width: 6,
        class_token: true,
        resampled: None,
    };
    let resampled = TokenEmbed {
        tokens: 12,
        resampled: Some(Resampled {
            from: [3, 4],
            to: [2, 5],
        }),
        ..embed
    };
    vec![
        (Op::Conv2d(Conv2d::new(3, 4, 3, 1, 1)), image.clone()),
        (Op::Conv2d(strided), image.clone()),
        (Op::Conv2d(Conv2d::new(3, 4, 1, 1, 0)), image.clone()),
        (Op::BatchNorm(BatchNorm::new(3)), image.clone()),
        (Op::BatchNorm(BatchNorm::without_affine(6)), vec![6]),
        (Op::Relu(Relu), image.clone()),
        (Op::Add(Add), image.clone()),
        (Op::MaxPool(pool), image.clone()),
        (Op::GlobalAvgPool(GlobalAvgPool), image.clone()),
        (Op::Flatten(Flatten), image.clone()),
        (Op::ToTokens(ToTokens), image),
        (Op::TokenEmbed(embed), vec![3, 6]),
        (Op::TokenEmbed(resampled), vec![10, 6]),
        (Op::Attention(Attention { heads: 2 }), vec![5, 24]),
        (Op::TokenPool(TokenPool::Class), vec![3, 6]),
        (Op::TokenPool(TokenPool::Mean), vec![3, 6]),
        (Op::Linear(Linear::new(6, 4, true)), vec![6]),
        (
            Op::LayerNorm(LayerNorm {
                width: 6,
                eps: 1e-5,
            }),
            vec![6],
        ),
        (Op::Gelu(Gelu), vec![6]),
        (Op::Tanh(Tanh), vec![6]),
        (
            Op::Prototypes(Prototypes {
                input: 6,
                output: 5,
            }),
            vec![6],
        ),
    ]
}
