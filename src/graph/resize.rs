//! A graph for samples of another size.

use crate::error::{Error, Result};
use crate::graph::builder::{Graph, Node, NodeId};
use crate::graph::ops::{Op, Positions, TokenEmbed};
use crate::graph::positions::Resampled;

impl Graph {
    /// The same network, with the same parameters, for samples of shape `input`: convolutions and pooling take
    /// any size, learned positions are interpolated ([`Resampled`]), rotary ones are made for the new grid.
    ///
    /// # Errors
    /// An op that is bound to the size (a linear layer after flattening), patches that do not tile the image.
    pub fn at(&self, input: &[usize]) -> Result<Self> {
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        let mut grid = Vec::new(); // of the patches that tokens were made of last
        for node in &self.nodes {
            let mut node = node.clone();
            let Some(op) = &mut node.op else {
                node.shape = input.to_vec();
                nodes.push(node);
                continue;
            };
            match op {
                Op::TokenEmbed(embed) => self.resample(&nodes, node.inputs[0], embed)?,
                Op::ToTokens(_) => grid = nodes[node.inputs[0].0].shape[1..].to_vec(),
                Op::Rotary(rotary) => {
                    if let &[rows, columns] = grid.as_slice() {
                        rotary.grid = [rows, columns];
                    }
                }
                _ => {}
            }
            let shapes: Vec<&[usize]> = node
                .inputs
                .iter()
                .map(|i| nodes[i.0].shape.as_slice())
                .collect();
            node.shape = op.layer().shape(&shapes).map_err(|e| {
                Error::Usage(format!(
                    "views of {input:?} (channels, height, width) do not fit this network, node `{}`: {e}; give \
                     all views one size, or choose an encoder that pools (resnet, convnet, vit)",
                    node.name
                ))
            })?;
            nodes.push(node);
        }
        Ok(Self {
            nodes,
            outputs: self.outputs.clone(),
        })
    }

    /// Set `embed`, fed by the node `tokens`, to the grid that the image has among the new `nodes`.
    fn resample(&self, nodes: &[Node], tokens: NodeId, embed: &mut TokenEmbed) -> Result<()> {
        let Some(&image) = self.nodes[tokens.0].inputs.first() else {
            return Ok(());
        };
        let (&[_, h, w], &[_, to_h, to_w]) = (self.shape(image), nodes[image.0].shape.as_slice())
        else {
            return Ok(()); // tokens that are no grid of patches
        };
        if let (Some(Op::Conv2d(patches)), Some(&from)) =
            (&nodes[image.0].op, nodes[image.0].inputs.first())
        {
            let sides = &nodes[from.0].shape[1..];
            if sides.iter().any(|side| side % patches.stride != 0) {
                return Err(Error::key(
                    "augment.views.size",
                    format!(
                        "patches of {0}x{0} do not tile views of {sides:?}; choose a multiple of {0}",
                        patches.stride
                    ),
                ));
            }
        }
        let to = [to_h, to_w];
        if embed.positions == Positions::Nowhere {
            embed.tokens = to_h * to_w;
            return Ok(());
        }
        let from = embed.resampled.map_or([h, w], |resampled| resampled.from);
        embed.resampled = (from != to).then_some(Resampled { from, to });
        Ok(())
    }
}
