//! What is taken on trust where a file does not tell it, and numbers that are none.

use candle_core::{DType, Tensor};

use super::fit::{Fit, POSITIONS};
use super::positions::Plan;
use crate::encoders::vit::usual_heads;
use crate::error::Result;
use crate::graph::ops::{Positions, TokenEmbed};
use crate::graph::{Graph, Op};

/// What stands before the patches of the transformer in `graph`; `None` for other networks.
fn embedded(graph: &Graph) -> Option<&TokenEmbed> {
    graph.nodes().iter().find_map(|node| match &node.op {
        Some(Op::TokenEmbed(embed)) => Some(embed),
        _ => None,
    })
}

/// The number of heads of `graph`, where it is the usual one of its width and no shape in the file tells it.
pub(super) fn guessed_heads(graph: &Graph, fit: &Fit) -> Option<String> {
    let embed = embedded(graph)?;
    let heads = graph.nodes().iter().find_map(|node| match &node.op {
        Some(Op::Attention(attention)) => Some(attention.heads),
        _ => None,
    })?;
    let told = fit.found.iter().any(|(name, _)| name.contains("q_norm"));
    let usual = usual_heads(embed.width, embed.positions == Positions::Nowhere);
    (!told && heads == usual).then(|| {
        format!("heads are guessed from the width: {heads}; set encoder.heads if it has others")
    })
}

/// That positions of a transformer with a class token fit only without one for it.
pub(super) fn unplaced_class(graph: &Graph, fit: &Fit) -> Option<String> {
    let embed = embedded(graph).filter(|embed| embed.class_token && embed.registers == 0)?;
    let (_, value) = fit.found.iter().find(|(name, _)| *name == POSITIONS)?;
    let count = value.dims.iter().product::<usize>() / embed.width.max(1);
    let none = embed.positions == Positions::Patches || fit.positions.is_some_and(Plan::lacks);
    let side = count.isqrt();
    none.then(|| {
        format!(
            "its {count} positions are taken as those of {side}x{side} patches without one for the class token; a grid \
             that is not square cannot be told from that"
        )
    })
}

/// How many of the numbers of `tensor` are NaN or infinite.
pub(super) fn not_finite(tensor: &Tensor) -> Result<usize> {
    let numbers = tensor.flatten_all()?.to_dtype(DType::F32)?;
    let numbers = numbers.to_vec1::<f32>()?;
    Ok(numbers.iter().filter(|number| !number.is_finite()).count())
}

/// The refusal of a file with such numbers: how many each tensor has.
pub(super) fn refusal(damaged: &[(&str, usize)]) -> Option<String> {
    let &[(first, count), ..] = damaged else {
        return None;
    };
    let all: usize = damaged.iter().map(|(_, count)| count).sum();
    let more = match damaged.len() {
        1 => String::new(),
        tensors => format!("; {all} in {tensors} tensors"),
    };
    Some(format!(
        "holds numbers that are NaN or infinite: {count} in `{first}`{more}; the training that wrote it had diverged, \
         or the file is damaged: give an earlier one"
    ))
}
