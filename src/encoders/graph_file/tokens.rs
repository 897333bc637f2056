//! Learned tokens and positions, and one vector from many tokens.

use super::settings::{Problem, only};
use super::translation::Translation;
use super::value::{Constant, View};
use crate::graph::Op;
use crate::graph::ops::{Positions, TokenEmbed, TokenPool};

impl Translation {
    /// The learned tokens `front` before those of `view`, `positions` added to all.
    pub(super) fn tokens(
        &mut self,
        front: &[Constant],
        view: &View,
        positions: Option<&Constant>,
    ) -> Result<View, Problem> {
        let node = self.settle(view)?;
        let &[tokens, width] = self.graph.shape(node) else {
            return Err("puts tokens before what are no tokens".into());
        };
        let (class_token, registers) = match front {
            [] => (false, 0),
            [only] if only.dims[1] == 1 && !only.name.contains("reg") => (true, 0),
            [only] => (false, only.dims[1]),
            [class, rest] if class.dims[1] == 1 => (true, rest.dims[1]),
            _ => return Err("puts more than a class token and registers before the others".into()),
        };
        let seen = tokens + usize::from(class_token) + registers;
        if let Some(positions) = positions {
            only(
                positions.dims.iter().product::<usize>() == seen * width,
                format!(
                    "adds positions of shape {:?} to {seen} tokens of {width}; images of another size take other positions",
                    positions.dims
                ),
            )?;
        }
        let op = TokenEmbed {
            tokens,
            width,
            class_token,
            registers,
            positions: if positions.is_some() {
                Positions::All
            } else {
                Positions::Nowhere
            },
            resampled: None,
        };
        let names = ["cls_token", "reg_token"];
        let from = names.iter().skip(usize::from(!class_token));
        let mut starts: Vec<(&str, &Constant)> = from.copied().zip(front).collect();
        starts.extend(positions.map(|positions| ("pos_embed", positions)));
        // timm names them at the top of the model.
        let top = starts
            .iter()
            .all(|(name, _)| !self.start.contains_key(*name));
        let (name, base) = if top {
            (String::new(), String::new())
        } else {
            let name = self.free("tokens");
            (name.clone(), format!("{name}."))
        };
        for (what, value) in starts {
            let count = value.floats().map_or(0, |values| values.len() / width);
            self.start_from(&format!("{base}{what}"), value, &[1, count, width])?;
        }
        let made = self.named(name, Op::TokenEmbed(op), &[node])?;
        Ok(self.plain(made))
    }

    /// One vector of the tokens of `view`, which has to show them as they are.
    pub(super) fn pool(
        &mut self,
        name: &str,
        view: &View,
        pool: TokenPool,
    ) -> Result<View, Problem> {
        let node = self.settle(view)?;
        only(
            self.graph.shape(node).len() == 2,
            "looks up one of what are no tokens",
        )?;
        let made = self.push(name, Op::TokenPool(pool), &[node])?;
        Ok(self.plain(made))
    }
}
