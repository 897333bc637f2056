//! Learned tokens and positions, and one vector from many tokens.

use super::settings::{Problem, only};
use super::translation::{Translation, tensor};
use super::value::{Constant, View};
use crate::graph::Op;
use crate::graph::ops::{TokenEmbed, TokenPool};

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
        let class_token = !front.is_empty();
        only(
            front.len() < 2,
            "puts several learned tokens before the others",
        )?;
        let Some(positions) = positions else {
            return Err("puts a learned token before the others, and adds no positions".into());
        };
        let seen = tokens + usize::from(class_token);
        only(
            positions.dims.iter().product::<usize>() == seen * width,
            format!(
                "adds positions of shape {:?} to {seen} tokens of {width}; images of another size take other positions",
                positions.dims
            ),
        )?;
        let op = TokenEmbed {
            tokens,
            width,
            class_token,
            resampled: None,
        };
        // timm names them at the top of the model.
        let name = if self.is_free("pos_embed") {
            String::new()
        } else {
            self.free("tokens")
        };
        let base = if name.is_empty() {
            String::new()
        } else {
            format!("{name}.")
        };
        let _ = self.free("pos_embed");
        self.start_from(&format!("{base}pos_embed"), positions, &[1, seen, width])?;
        if let Some(class) = front.first() {
            self.start_from(&format!("{base}cls_token"), class, &[1, 1, width])?;
        }
        let made = self.named(name, Op::TokenEmbed(op), &[node])?;
        Ok(self.plain(made))
    }

    fn start_from(&mut self, name: &str, value: &Constant, dims: &[usize]) -> Result<(), Problem> {
        let count: usize = dims.iter().product();
        let values = value.floats().filter(|values| values.len() == count);
        let values = values
            .ok_or_else(|| format!("takes `{}`, which has not the shape {dims:?}", value.name))?;
        self.start.insert(name.into(), tensor(values, dims)?);
        Ok(())
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
