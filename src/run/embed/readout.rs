//! Which numbers of a network are the embedding of a picture: a node, its tokens, a pool over its positions.

use candle_core::{D, Tensor};
use serde::Serialize;

use crate::error::{Error, Result, nearest};
use crate::graph::ops::TokenPool;
use crate::graph::{Graph, Network, NodeId, Op};

/// The exponent of generalised-mean pooling.
pub(super) const GEM_POWER: f64 = 3.0;

/// What values are raised to at least before they are pooled by their powers.
const LEAST: f64 = 1e-6;

/// Names of layers that a refusal lists.
const LISTED: usize = 8;

/// Which of the tokens of a vision transformer are an embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenReadout {
    /// The class token, (width,).
    Cls,
    /// The patch tokens pooled, (width,).
    Mean,
    /// Both, (2 width,): what the linear probes of DINO look at.
    #[serde(rename = "cls+mean")]
    ClsMean,
    /// Every patch token, (tokens, width), row by row of their grid: for retrieval of parts, for dense tasks.
    Patch,
}

/// How the values at all positions become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PositionPool {
    /// Their mean.
    Mean,
    /// The generalised mean (Σ max(x, 1e-6)³ / n)^⅓ (Radenović et al. 2018): between mean and largest, usual in retrieval.
    Gem,
    /// The largest.
    Max,
}

impl TokenReadout {
    /// All, in the order of their listing.
    pub const ALL: [Self; 4] = [Self::Cls, Self::Mean, Self::ClsMean, Self::Patch];

    /// As the command line names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cls => "cls",
            Self::Mean => "mean",
            Self::ClsMean => "cls+mean",
            Self::Patch => "patch",
        }
    }
}

impl PositionPool {
    /// All, in the order of their listing.
    pub const ALL: [Self; 3] = [Self::Mean, Self::Gem, Self::Max];

    /// As the command line names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Gem => "gem",
            Self::Max => "max",
        }
    }

    /// `x` without its last axis.
    fn apply(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Mean => x.mean(D::Minus1)?,
            Self::Max => x.max(D::Minus1)?,
            Self::Gem => {
                let powers = x.maximum(LEAST)?.powf(GEM_POWER)?;
                powers.mean(D::Minus1)?.powf(1.0 / GEM_POWER)?
            }
        })
    }
}

/// What lies at the node that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    /// (D,)
    Flat,
    /// (C, H, W)
    Map,
    /// (tokens, width), of which the `first` are no patches and the others a grid.
    Tokens {
        first: usize,
        class: bool,
        grid: Option<[usize; 2]>,
    },
}

/// Reads embeddings off a network.
pub(super) struct Readout {
    network: Network,
    lies: Lies,
    tokens: TokenReadout,
    pool: PositionPool,
    /// The node.
    pub(super) layer: String,
    /// Shape of one embedding.
    pub(super) shape: Vec<usize>,
}

/// The output of the cut network.
const OUTPUT: &str = "readout";

impl Readout {
    /// Read `layer` of `network`, without it `output`, or what that is pooled from where tokens or a pool are asked for.
    pub(super) fn new(
        network: &Network,
        (output, layer): (&str, Option<&str>),
        (tokens, pool): (Option<TokenReadout>, Option<PositionPool>),
    ) -> Result<Self> {
        let graph = network.graph();
        let node = match layer {
            Some(layer) => called(graph, layer)?,
            None => marked(graph, output)?,
        };
        let unpooled = layer.is_none() && (tokens.is_some() || pool.is_some());
        let node = if unpooled {
            positions(graph, node)?
        } else {
            node
        };
        let name = graph.nodes()[node.0].name.clone();
        let lies = lies(graph, node)?;
        check(&name, lies, tokens, pool)?;
        let of_class = graph
            .nodes()
            .iter()
            .any(|node| matches!(node.op, Some(Op::TokenPool(TokenPool::Class))));
        let usual = match lies {
            Lies::Tokens { class: true, .. } if of_class && pool.is_none() => TokenReadout::Cls,
            _ => TokenReadout::Mean,
        };
        let tokens = tokens.unwrap_or(usual);
        let shape = shape(graph.shape(node), lies, tokens);
        Ok(Self {
            network: network.with_params(cut(graph, node)?, network.params().clone()),
            lies,
            tokens,
            pool: pool.unwrap_or(PositionPool::Mean),
            layer: name,
            shape,
        })
    }

    /// Embeddings (B, numbers) of pictures (B, C, H, W).
    pub(super) fn read(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.network.eval(x, OUTPUT)?;
        let read = match self.lies {
            Lies::Flat => y,
            Lies::Map => self.pool.apply(&y.flatten_from(2)?)?,
            Lies::Tokens { first, .. } => {
                let patches = y.narrow(1, first, y.dim(1)? - first)?;
                let class = || y.narrow(1, 0, 1)?.squeeze(1);
                let pooled = || self.pool.apply(&patches.transpose(1, 2)?.contiguous()?);
                match self.tokens {
                    TokenReadout::Cls => class()?,
                    TokenReadout::Mean => pooled()?,
                    TokenReadout::ClsMean => Tensor::cat(&[class()?, pooled()?], 1)?,
                    TokenReadout::Patch => patches,
                }
            }
        };
        Ok(read.contiguous()?.flatten_from(1)?)
    }

    /// The grid of the patch tokens, where they are what is read and have one.
    pub(super) fn grid(&self) -> Option<[usize; 2]> {
        match (self.lies, self.tokens) {
            (Lies::Tokens { grid, .. }, TokenReadout::Patch) => grid,
            _ => None,
        }
    }

    /// Which tokens are read, where there are some.
    pub(super) fn tokens(&self) -> Option<TokenReadout> {
        matches!(self.lies, Lies::Tokens { .. }).then_some(self.tokens)
    }

    /// How positions are pooled, where they are.
    pub(super) fn pool(&self) -> Option<PositionPool> {
        let pooled = match self.lies {
            Lies::Flat => false,
            Lies::Map => true,
            Lies::Tokens { .. } => {
                matches!(self.tokens, TokenReadout::Mean | TokenReadout::ClsMean)
            }
        };
        pooled.then_some(self.pool)
    }
}

/// The node of the output called `name`.
fn marked(graph: &Graph, name: &str) -> Result<NodeId> {
    let outputs = graph.outputs();
    let position = graph.output(name).ok_or_else(|| {
        let names: Vec<&str> = outputs.iter().map(|(n, _)| n.as_str()).collect();
        Error::Usage(format!(
            "--output {name}: the network has the outputs {}; other nodes are named by --layer",
            names.join(", ")
        ))
    })?;
    Ok(outputs[position].1)
}

/// The node called `name`, which may stand without its `encoder.`.
fn called(graph: &Graph, name: &str) -> Result<NodeId> {
    let names = || graph.nodes()[1..].iter().map(|node| node.name.as_str());
    let within = format!("encoder.{name}");
    let found = names().position(|known| known == name || known == within);
    if let Some(at) = found.filter(|_| !name.is_empty()) {
        return Ok(NodeId(at + 1));
    }
    let short: Vec<&str> = names()
        .map(|known| known.strip_prefix("encoder.").unwrap_or(known))
        .filter(|known| !known.is_empty())
        .collect();
    let way = match nearest(name, short.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "its layers are {}, … `{}`",
            short[..short.len().min(LISTED)].join(", "),
            short.last().unwrap_or(&"")
        ),
    };
    Err(Error::Usage(format!(
        "--layer {name}: the network has no such layer; {way}"
    )))
}

/// The last node before `node` that has positions.
fn positions(graph: &Graph, mut node: NodeId) -> Result<NodeId> {
    while graph.shape(node).len() < 2 {
        let Some(&before) = graph.nodes()[node.0].inputs.first() else {
            return Err(Error::Usage(
                "--tokens and --pool read positions of pictures, and this encoder takes rows of numbers".into(),
            ));
        };
        node = before;
    }
    Ok(node)
}

fn lies(graph: &Graph, node: NodeId) -> Result<Lies> {
    Ok(match graph.shape(node) {
        [_] => Lies::Flat,
        [_, _, _] => Lies::Map,
        &[tokens, _] => {
            let before = &graph.nodes()[..=node.0];
            let patches = before
                .iter()
                .rev()
                .find(|node| matches!(node.op, Some(Op::ToTokens(_))));
            let grid = patches.and_then(|patches| match graph.shape(patches.inputs[0]) {
                &[_, rows, columns] if rows * columns <= tokens => Some([rows, columns]),
                _ => None,
            });
            let first = grid.map_or(0, |[rows, columns]| tokens - rows * columns);
            let class =
                |op: &Option<Op>| matches!(op, Some(Op::TokenEmbed(embed)) if embed.class_token);
            let class = first > 0 && before.iter().any(|node| class(&node.op));
            Lies::Tokens { first, class, grid }
        }
        other => {
            return Err(Error::Usage(format!(
                "--layer {}: its values of shape {other:?} are no map and no tokens",
                graph.nodes()[node.0].name
            )));
        }
    })
}

/// Refuse to read from `layer` what it does not have.
fn check(
    layer: &str,
    lies: Lies,
    tokens: Option<TokenReadout>,
    pool: Option<PositionPool>,
) -> Result<()> {
    let refuse = |problem: String| Err(Error::Usage(problem));
    match (lies, tokens, pool) {
        (Lies::Tokens { class: false, .. }, Some(TokenReadout::Cls | TokenReadout::ClsMean), _) => {
            refuse(format!(
                "--tokens: `{layer}` has no class token; read `mean` or `patch`"
            ))
        }
        (Lies::Tokens { .. }, Some(read @ (TokenReadout::Cls | TokenReadout::Patch)), Some(_)) => {
            refuse(format!(
                "--pool: with --tokens {} nothing is pooled; leave one of the two out",
                read.name()
            ))
        }
        (Lies::Flat | Lies::Map, Some(_), _) => refuse(format!(
            "--tokens: `{layer}` has no tokens, which only vision transformers have; --pool pools maps"
        )),
        (Lies::Flat, _, Some(_)) => refuse(format!(
            "--pool: `{layer}` is one vector, without positions; name a layer before it by --layer"
        )),
        _ => Ok(()),
    }
}

fn shape(own: &[usize], lies: Lies, tokens: TokenReadout) -> Vec<usize> {
    match (lies, own) {
        (Lies::Tokens { first, .. }, &[all, width]) => match tokens {
            TokenReadout::Cls | TokenReadout::Mean => vec![width],
            TokenReadout::ClsMean => vec![2 * width],
            TokenReadout::Patch => vec![all - first, width],
        },
        _ => vec![own[0]],
    }
}

/// The graph up to `node`, its one output.
fn cut(graph: &Graph, node: NodeId) -> Result<Graph> {
    let mut short = Graph::new(graph.shape(graph.input()));
    for before in &graph.nodes()[1..=node.0] {
        if let Some(op) = &before.op {
            short.push(before.name.clone(), op.clone(), &before.inputs)?;
        }
    }
    short.mark(OUTPUT, node);
    Ok(short)
}
