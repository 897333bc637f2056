//! From a configuration to its networks and the self-supervised objective.

use std::path::Path;

use crate::config::Config;
use crate::encoders::{self, weights};
use crate::error::{Error, Result, require};
use crate::graph::{Graph, Network};
use crate::heads::Space;
use crate::inference::attach;
use crate::negatives::{NegativesKind, PairsKind};
use crate::objectives::Joint;
use crate::params::Params;

/// The graph of encoder, projector and predictor for images (channels, `augment.size`, `augment.size`).
///
/// # Errors
/// Settings that make no network, or images too small for it.
pub fn image_network(config: &Config, channels: usize) -> Result<Graph> {
    let size = config.augment.size;
    config.augment.check_tiles(config.encoder.part().tile())?;
    let mut encoder = config.encoder.part().graph(&[channels, size, size])?;
    if let Some(lora) = &config.lora {
        encoder = lora.adapted(&encoder)?;
    }
    encoders::network(
        &encoder,
        config.projector.as_ref(),
        config.predictor.as_ref(),
    )
}

/// The graph of the encoder alone, for samples of shape `input`: what heads stand on.
///
/// # Errors
/// As [`image_network`]; rows of numbers and an encoder of images.
pub(super) fn encoder_network(config: &Config, input: &[usize]) -> Result<Graph> {
    let encoder = config.encoder.part();
    if input.len() == 1 && !encoder.takes_rows() {
        return Err(Error::key(
            "encoder.kind",
            format!(
                "`{}` takes images, and `{}` is a table (columns of x: {}); tables take `mlp`: --set encoder.kind=mlp",
                config.encoder.name(),
                config.data.source,
                input[0]
            ),
        ));
    }
    encoders::network(&encoder.graph(input)?, None, None)
}

/// The encoder with the codes of the heads as outputs, and then each head's own network.
///
/// # Errors
/// As [`image_network`]; heads that do not fit the features or the answers.
pub fn head_networks(config: &Config, input: &[usize], space: Space) -> Result<Vec<Graph>> {
    let heads = config.all_heads();
    let graph = attach(encoder_network(config, input)?, &heads, space)?;
    let mut own = Vec::new();
    for (i, head) in heads.iter().enumerate() {
        let code = graph.outputs()[graph.outputs().len() - heads.len() + i].1;
        let width = graph.shape(code)[0];
        own.extend(head.part().head_network("head", width, space)?);
    }
    own.insert(0, graph);
    Ok(own)
}

/// The self-supervised objective that `config` describes, over `network` (see [`image_network`]).
///
/// # Errors
/// Parts that do not fit together, see [`Joint::new`].
pub fn objective(config: &Config, network: Network) -> Result<Joint> {
    let anchored = config.regularizers.iter().any(|r| r.part().anchors());
    require(
        "regularizers",
        !anchored || config.encoder.part().starts_from_file(),
        "an anchor holds features near those of the starting weights, and the encoder starts from random ones: give \
         `encoder.weights`, or leave the anchor out",
    )?;
    let negatives = config.negatives.clone();
    let pairs = negatives.map_or_else(|| Ok(PairsKind::default()), NegativesKind::into_pairs)?;
    Joint::new(
        network,
        config.energy.clone(),
        config.loss.clone(),
        pairs,
        config.regularizers.clone(),
        config.target,
    )
}

/// What stands before the names of the encoder's parameters.
const ENCODER: &str = "encoder.";

/// Put the values of the files `encoder.file` and `encoder.weights` into the encoder's parameters of `graph`; a sentence about what was found.
pub(super) fn load_start(
    config: &Config,
    graph: &Graph,
    params: &Params,
) -> Result<Option<String>> {
    let encoder = config.encoder.part();
    let values = encoder.start(graph.shape(graph.input()))?;
    for spec in &graph.parameters() {
        let value = spec
            .name
            .strip_prefix(ENCODER)
            .and_then(|name| values.get(name));
        if let Some(value) = value {
            let param = params.create(spec)?;
            param.var.set(&value.to_device(params.device())?)?;
        }
    }
    let Some(named) = encoder.weights() else {
        if encoder.weights_key().is_some() {
            let problem = "chooses among the sets of weights in a file: give `encoder.weights` too";
            return Err(Error::key("encoder.weights_key", problem));
        }
        return Ok(None);
    };
    // What a run keeps of its start is the set that was chosen.
    let (path, key) = match config.start.as_deref() {
        Some(start) => (start, None),
        None => (Path::new(named), encoder.weights_key()),
    };
    let found = weights::load(path, key, graph, ENCODER, params)?;
    Ok(Some(format!(
        "encoder.weights, {}: {found}",
        path.display()
    )))
}
