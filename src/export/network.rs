//! A network on its way out, with what other programs should know of it.

use candle_core::{Device, Tensor};

use crate::assembly::{HeadSetup, OpenedRun, head_networks, image_network};
use crate::config::Config;
use crate::encoders::EncoderKind;
use crate::error::{Error, Result};
use crate::eval::answer_card::AnswerCard;
use crate::graph::{Graph, NodeId, Op};
use crate::heads::{ClassEnergies, HeadKind, Space};
use crate::params::{Params, Role};

/// A network with its parameters and what is known of it.
pub struct Exported {
    /// The graph.
    pub graph: Graph,
    /// Its parameters, on the CPU.
    pub params: Params,
    /// The outputs by name.
    pub outputs: Vec<(String, NodeId)>,
    /// Classes, where something stands on the features that chooses among them.
    pub answers: Option<ClassAnswers>,
    /// Mean and deviation that are taken off inside; `None` where the input has to be normalised outside.
    pub normalize: Option<ChannelStatistics>,
    /// Mean and deviation that the network's images were normalised by.
    pub statistics: Option<ChannelStatistics>,
    /// The encoder's settings, where it is one of ravine's own.
    pub kind: Option<EncoderKind>,
    /// Whether images may be of any size.
    pub any_size: bool,
    /// What it is, in a line.
    pub title: String,
    /// Further facts by key.
    pub facts: Vec<(String, String)>,
}

/// How classes are chosen.
#[derive(Clone, Debug)]
pub struct ClassAnswers {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The nodes that energies follow from: they add up.
    pub codes: Vec<NodeId>,
    /// How, for each of them.
    pub forms: Vec<ClassEnergies>,
    /// Inverse temperature of the probabilities.
    pub beta: f64,
}

/// Mean and standard deviation of each channel, on values in [0, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelStatistics {
    /// (C,).
    pub mean: Vec<f32>,
    /// (C,).
    pub std: Vec<f32>,
}

impl ChannelStatistics {
    /// Those that `config` has.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let (mean, std) = (&config.augment.mean, &config.augment.std);
        Some(Self {
            mean: mean.clone()?,
            std: std.clone()?,
        })
    }
}

/// The name of a parameter outside: that of timm or torchvision, without `encoder.`.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("encoder.").unwrap_or(name)
}

impl Exported {
    /// The network of `run` up to its output `last`: `features`, or `embedding` with the projector.
    pub(super) fn until(run: &OpenedRun, last: &str) -> Result<Self> {
        let config = run.config.clone().without_head().without_adapters();
        if last == "embedding" && config.projector.is_none() {
            return Err(Error::Usage(format!(
                "{} has no projector to export; leave --with projector out",
                run.folder.root().display()
            )));
        }
        let graph = image_network(&config, channels(&config)?)?.until(last)?;
        Self::load(run, graph)
    }

    /// The network of `run` with its heads, which choose among classes.
    pub(super) fn with_head(run: &OpenedRun) -> Result<Self> {
        run.require_head(
            "has no head to export: it was pretrained; give --with probe for a classifier, or train a head",
        )?;
        let config = &run.config;
        let heads = config.all_heads();
        let forms: Option<Vec<ClassEnergies>> = heads
            .iter()
            .map(|head| head.part().class_energies())
            .collect();
        let forms = forms.ok_or_else(|| {
            let names: Vec<&str> = heads.iter().map(HeadKind::name).collect();
            Error::Usage(format!(
                "the head {} answers with vectors that are looked for, which a file of a network cannot do; leave \
                 --with head out to export the encoder",
                names.join(" + ")
            ))
        })?;
        let classes = classes(run)?;
        let (size, space) = (config.augment.size, Space::Classes(classes.len()));
        let shape = [channels(config)?, size, size];
        let graph = head_networks(config, &shape, space)?.swap_remove(0);
        let codes = graph.outputs()[graph.outputs().len() - heads.len()..].iter();
        let codes = codes.map(|(_, node)| *node).collect();
        let mut exported = Self::load(run, graph)?;
        exported.outputs.retain(|(name, _)| name == "features");
        exported.answers = Some(ClassAnswers {
            classes,
            codes,
            forms,
            beta: config.loss.part().beta().unwrap_or(1.0),
        });
        Ok(exported)
    }

    /// `graph` with the values of the run's checkpoint.
    fn load(run: &OpenedRun, graph: Graph) -> Result<Self> {
        let params = Params::new(run.config.seed, &Device::Cpu);
        for spec in graph.parameters() {
            params.create(&spec)?;
        }
        run.load(&params)?;
        let outputs = graph.outputs().to_vec();
        Ok(Self::new(graph, params, outputs))
    }

    /// A network without further facts.
    #[must_use]
    pub fn new(graph: Graph, params: Params, outputs: Vec<(String, NodeId)>) -> Self {
        Self {
            graph,
            params,
            outputs,
            answers: None,
            normalize: None,
            statistics: None,
            kind: None,
            any_size: false,
            title: "encoder".into(),
            facts: Vec::new(),
        }
    }

    /// The encoder's parameters under their names outside, in the order of the network.
    pub(super) fn encoder(&self) -> Vec<(String, Tensor)> {
        let all = self.params.all().into_iter();
        let own = all.filter(|param| param.name.starts_with("encoder."));
        own.map(|param| (bare(&param.name).into(), param.var.as_detached_tensor()))
            .collect()
    }

    /// The licence of the starting weights, where it is known.
    pub(super) fn license(&self) -> Option<&str> {
        let fact = self
            .facts
            .iter()
            .find(|(key, _)| key.starts_with("license"));
        fact.map(|(_, license)| license.as_str())
    }

    /// Trainable numbers.
    pub(super) fn count(&self) -> usize {
        let all = self.params.all().into_iter();
        let trained = all.filter(|param| param.role != Role::Buffer);
        trained.map(|param| param.var.elem_count()).sum()
    }

    /// Numbers in the features of one image.
    pub(super) fn features(&self) -> usize {
        let features = self.outputs.iter().find(|(name, _)| name == "features");
        features.map_or(0, |(_, node)| self.graph.shape(*node).iter().product())
    }

    /// Names of all outputs, those of classes included.
    pub(super) fn output_names(&self) -> Vec<String> {
        let own = self.outputs.iter().map(|(name, _)| name.clone());
        let of_classes = ["energies", "probabilities", "class"].map(String::from);
        let of_classes = of_classes.into_iter().filter(|_| self.answers.is_some());
        own.chain(of_classes).collect()
    }

    /// Refuse a network that is bound to the size of its images.
    pub(super) fn check_any_size(&self) -> Result<()> {
        let &[channels, height, width] = self.input() else {
            return Err(Error::Usage(
                "--any-size is for images, and this network takes rows of numbers; leave it out"
                    .into(),
            ));
        };
        let mut bound = self
            .graph
            .nodes()
            .iter()
            .filter_map(|node| node.op.as_ref());
        let bound = bound.find(|op| {
            matches!(
                op,
                Op::Rotary(_) | Op::WindowAttention(_) | Op::PatchMerge(_)
            )
        });
        if let Some(op) = bound {
            return Err(Error::Usage(format!(
                "--any-size: `{}` is written for the size that the network has; leave it out",
                op.layer().name()
            )));
        }
        let larger = self.graph.at(&[channels, 2 * height, 3 * width]);
        larger.map(drop).map_err(|e| {
            Error::Usage(format!(
                "--any-size: the network is bound to its size; leave it out: {e}"
            ))
        })
    }

    /// The shape of one sample of the input.
    pub(super) fn input(&self) -> &[usize] {
        self.graph.shape(self.graph.input())
    }
}

/// Channels of the images that `config` is for.
fn channels(config: &Config) -> Result<usize> {
    if config.data.is_table() {
        return Err(Error::Usage(format!(
            "the run learned from the table `{}`; encoders of images are exported",
            config.data.source
        )));
    }
    config.data.channels.ok_or_else(|| {
        Error::key(
            "data.channels",
            "is missing in the run's configuration; set the channels of its images",
        )
    })
}

/// Names of the classes: from the run's card, or from its data where the run has none yet.
fn classes(run: &OpenedRun) -> Result<Vec<String>> {
    let card = std::fs::read_to_string(run.folder.file("card.json")).ok();
    let card = card.and_then(|text| serde_json::from_str::<AnswerCard>(&text).ok());
    let figures = card.and_then(|card| card.classes);
    let named = figures.map_or_else(Vec::new, |classes| classes.per_class);
    if !named.is_empty() {
        return Ok(named.into_iter().map(|figures| figures.class).collect());
    }
    let setup = HeadSetup::of_run(run, run.config.clone())?;
    Ok(setup.classes().to_vec())
}
