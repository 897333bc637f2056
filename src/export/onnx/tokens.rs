//! Tokens: from images, with positions, to one vector, to cosines.

use candle_core::Tensor;

use super::place::{Image, Place};
use super::writer::Writer;
use crate::error::Result;
use crate::graph::ops::{Positions, TokenEmbed, TokenPool};
use crate::onnx::Attribute;

/// `(C, H, W)` to `(H·W, C)`.
pub(super) fn to_tokens(place: &Place, to: &mut Writer) -> String {
    let rows = to.reshape(&place.part("flat"), place.x(), &[0, 0, -1]);
    to.transpose(place.name, &rows, &[0, 2, 1])
}

/// Learned tokens before the others, positions added to those that have one.
pub(super) fn token_embed(embed: &TokenEmbed, place: &Place, to: &mut Writer) -> Result<String> {
    let under = match place.prefix.trim_end_matches('.') {
        "" => String::new(),
        prefix => format!("{prefix}."),
    };
    let learned = format!("{under}pos_embed");
    let positions = match (embed.positions, &place.image) {
        (Positions::Nowhere, _) => None,
        (_, Some(image)) => Some(resized(embed, &learned, image, place, to)?),
        (_, None) => Some(fixed(embed, &learned, place, to)?),
    };
    let all = embed.placed() == embed.first();
    let (mut x, mut front) = (place.x().to_string(), Vec::new());
    let tokens = [
        ("cls_token", usize::from(embed.class_token)),
        ("reg_token", embed.registers),
    ];
    for (name, count) in tokens.iter().filter(|(_, count)| *count > 0) {
        let mut token = to.parameter(&format!("{under}{name}"))?;
        if let Some(positions) = positions
            .as_ref()
            .filter(|_| !all && front.len() < embed.placed())
        {
            let own = to.slice(&place.part("class/place"), positions, 1, (0, 1));
            token = to.node("Add", &place.part("class/placed"), &[&token, &own]);
        }
        front.push(for_each_sample(
            place,
            name,
            &token,
            [*count, embed.width],
            to,
        ));
    }
    if let Some(positions) = positions.as_ref().filter(|_| !all || front.is_empty()) {
        let first = embed.placed() as i64;
        let own = match first {
            0 => positions.clone(),
            first => to.slice(
                &place.part("patches/places"),
                positions,
                1,
                (first, i64::MAX),
            ),
        };
        let name = if front.is_empty() {
            place.name.into()
        } else {
            place.part("patches")
        };
        x = to.node("Add", &name, &[&x, &own]);
    }
    if front.is_empty() {
        return Ok(x);
    }
    front.push(x);
    let front: Vec<&str> = front.iter().map(String::as_str).collect();
    let axis = vec![Attribute::int("axis", 1)];
    match positions.filter(|_| all) {
        None => Ok(to.node_with("Concat", place.name, &front, axis)),
        Some(positions) => {
            let tokens = to.node_with("Concat", &place.part("tokens"), &front, axis);
            Ok(to.node("Add", place.name, &[&tokens, &positions]))
        }
    }
}

/// `token` (1, count, width) once a sample.
fn for_each_sample(
    place: &Place,
    name: &str,
    token: &str,
    [count, width]: [usize; 2],
    to: &mut Writer,
) -> String {
    let ends = vec![Attribute::int("start", 0), Attribute::int("end", 1)];
    let part = |part: &str| place.part(&format!("{name}/{part}"));
    let batch = to.node_with("Shape", &part("batch"), &[place.x()], ends);
    let one = to.ints(&[count as i64, width as i64]);
    let axis = vec![Attribute::int("axis", 0)];
    let shape = to.node_with("Concat", &part("shape"), &[&batch, &one], axis);
    to.node("Expand", &place.part(name), &[token, &shape])
}

/// Positions for the grid that the network has, interpolated where it is not the learned one.
fn fixed(embed: &TokenEmbed, learned: &str, place: &Place, to: &mut Writer) -> Result<String> {
    let Some(resampled) = embed.resampled else {
        return to.parameter(learned);
    };
    let values = to.values(learned)?;
    let first = embed.placed();
    let matrix = (embed.seen(), embed.tokens);
    let matrix = Tensor::from_vec(resampled.matrix(), matrix, values.device())?;
    let grid = values.narrow(1, first, embed.tokens)?.squeeze(0)?;
    let grid = matrix.matmul(&grid.contiguous()?)?.unsqueeze(0)?;
    let values = Tensor::cat(&[&values.narrow(1, 0, first)?, &grid], 1)?;
    to.tensor(&place.part("positions"), &values)
}

/// Positions interpolated to the grid of `image`, whatever it is.
fn resized(
    embed: &TokenEmbed,
    learned: &str,
    image: &Image,
    place: &Place,
    to: &mut Writer,
) -> Result<String> {
    let [rows, columns] = embed
        .resampled
        .map_or(image.grid, |resampled| resampled.from);
    let part = |part: &str| place.part(&format!("positions/{part}"));
    let all = to.parameter(learned)?;
    let first = embed.placed() as i64;
    let grid = to.slice(&part("grid"), &all, 1, (first, i64::MAX));
    let width = embed.width as i64;
    let grid = to.transpose(&part("turned"), &grid, &[0, 2, 1]);
    let grid = to.reshape(
        &part("image"),
        &grid,
        &[1, width, rows as i64, columns as i64],
    );
    let ends = vec![Attribute::int("start", 2), Attribute::int("end", 4)];
    let sides = to.node_with("Shape", &part("sides"), &[image.value], ends);
    let head = to.ints(&[1, width]);
    let axis = vec![Attribute::int("axis", 0)];
    let sizes = to.node_with("Concat", &part("sizes"), &[&head, &sides], axis);
    let cubic = vec![
        Attribute::text("mode", "cubic"),
        Attribute::text("coordinate_transformation_mode", "half_pixel"),
        Attribute::float("cubic_coeff_a", -0.5),
        Attribute::int("exclude_outside", 1),
        Attribute::int("antialias", 1),
    ];
    let grid = to.node_with("Resize", &part("resized"), &[&grid, "", "", &sizes], cubic);
    let grid = to.reshape(&part("flat"), &grid, &[1, width, -1]);
    let grid = to.transpose(&part("tokens"), &grid, &[0, 2, 1]);
    if first == 0 {
        return Ok(grid);
    }
    let class = to.slice(&part("class"), &all, 1, (0, first));
    let axis = vec![Attribute::int("axis", 1)];
    Ok(to.node_with("Concat", &part("all"), &[&class, &grid], axis))
}

/// The first token, or the mean over those of patches.
pub(super) fn token_pool(pool: TokenPool, place: &Place, to: &mut Writer) -> String {
    match pool {
        TokenPool::Class => {
            let first = to.int(0);
            let axis = vec![Attribute::int("axis", 1)];
            to.node_with("Gather", place.name, &[place.x(), &first], axis)
        }
        TokenPool::Mean { skip } => {
            let mut x = place.x().to_string();
            if skip > 0 {
                x = to.slice(&place.part("patches"), &x, 1, (skip as i64, i64::MAX));
            }
            to.reduce("ReduceMean", place.name, &x, &[1], false)
        }
    }
}

/// Cosines with the learned directions.
pub(super) fn prototypes(place: &Place, to: &mut Writer) -> Result<String> {
    let weight = to.values(&format!("{}.weight", place.prefix))?;
    let length = weight.sqr()?.sum_keepdim(1)?.maximum(1e-24)?.sqrt()?;
    let directions = weight.broadcast_div(&length)?.t()?.contiguous()?;
    let directions = to.tensor(&place.part("directions"), &directions)?;
    let length = to.reduce("ReduceL2", &place.part("length"), place.x(), &[1], true);
    let least = to.number("least_length", 1e-12);
    let length = to.node("Max", &place.part("some_length"), &[&length, &least]);
    let unit = to.node("Div", &place.part("unit"), &[place.x(), &length]);
    Ok(to.node("MatMul", place.name, &[&unit, &directions]))
}
