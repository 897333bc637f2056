//! The configuration of a run: defaults, then a preset or file, then `--set`, all checked.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::augment::AugmentConfig;
use crate::data::DataConfig;
use crate::encoders::{EncoderKind, Lora, Projector, Resnet};
use crate::energies::{Cosine, EnergyKind};
use crate::error::{Error, Result, require};
use crate::heads::HeadKind;
use crate::inference::{Bounds, Descent, InferenceKind};
use crate::losses::{InfoNce, LossKind};
use crate::negatives::NegativesKind;
use crate::objectives::MomentumEncoder;
use crate::optim::{OptimizerKind, Sgd};
use crate::regularizers::RegularizerKind;
use crate::train::{RunFolder, TrainConfig};

mod base;
mod changes;
mod origin;
mod presets;
mod probe;
mod read;
mod renamed;
mod title;

pub use changes::{Change, is_of_the_machine};
pub use origin::Told;
pub use presets::{PRESETS, preset};
pub use probe::ProbeConfig;
pub use read::BASE;
use read::{change, explain, headed, parse, read};

/// Everything that decides what a run computes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the method, for cards and tables.
    pub method: String,
    /// Decides every random draw.
    pub seed: u64,
    /// `auto`, `cpu`, `cuda`, `cuda:1`, `metal`.
    pub device: String,
    /// `auto` (the fastest that the device has), `candle` or `cpu`.
    pub executor: String,
    /// Compute threads; 0 takes all cores.
    pub threads: usize,
    /// Which images.
    pub data: DataConfig,
    /// Which views of them.
    pub augment: AugmentConfig,
    /// Images to features.
    pub encoder: EncoderKind,
    /// Low-rank adapters that are trained instead of the encoder's own parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lora: Option<Lora>,
    /// Features to the embedding that the loss sees; left out, the loss sees the features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projector: Option<Projector>,
    /// Embedding of one view to that of the other, whose gradient is then stopped (SimSiam).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictor: Option<Projector>,
    /// The slowly following copy that answers (MoCo, BYOL); none shares the weights.
    pub target: Option<MomentumEncoder>,
    /// Energy of a pair of embeddings.
    pub energy: EnergyKind,
    /// Loss on energies.
    pub loss: LossKind,
    /// Wrong answers; left out: `in_batch` for pairs of views, all labels for classes, none for vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negatives: Option<NegativesKind>,
    /// Penalties on the shape of the cloud of embeddings.
    pub regularizers: Vec<RegularizerKind>,
    /// Answers instead of pairs of views: `ravine train` learns labels or vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadKind>,
    /// Several heads on one encoder, trained jointly: the energy is their sum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<HeadKind>,
    /// The box in which vector answers are looked for; left out: measured on the training part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Bounds>,
    /// How answers are found once the head is trained.
    pub inference: InferenceKind,
    /// An encoder that starts from another run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<Pretrained>,
    /// How parameters change.
    pub optimizer: OptimizerKind,
    /// How long and in what portions.
    pub train: TrainConfig,
    /// What is looked at on the way and at the end.
    pub probe: ProbeConfig,
    /// Where the run that this was read from keeps the values of `encoder.weights`, so that it needs that file no longer.
    #[serde(skip)]
    pub start: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            method: "simclr".into(),
            seed: 0,
            device: "auto".into(),
            executor: "auto".into(),
            threads: 0,
            data: DataConfig::default(),
            augment: AugmentConfig::default(),
            encoder: EncoderKind::Resnet(Resnet::default()),
            lora: None,
            projector: None,
            predictor: None,
            target: None,
            energy: EnergyKind::Cosine(Cosine::default()),
            loss: LossKind::InfoNce(InfoNce::default()),
            negatives: None,
            regularizers: Vec::new(),
            head: None,
            heads: Vec::new(),
            answers: None,
            inference: InferenceKind::Descent(Descent::default()),
            pretrained: None,
            optimizer: OptimizerKind::Sgd(Sgd::default()),
            train: TrainConfig::default(),
            probe: ProbeConfig::default(),
            start: None,
        }
    }
}

/// The encoder of another run: its network and its pictures' size and statistics are taken over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pretrained {
    /// The run folder.
    pub run: String,
    /// `end` (what the run ended with), `latest`, `best`, or a name under checkpoints/.
    pub checkpoint: String,
    /// Whether the encoder stays as it is; otherwise it goes on learning with the head.
    pub freeze: bool,
}

impl Default for Pretrained {
    fn default() -> Self {
        Self {
            run: String::new(),
            checkpoint: "end".into(),
            freeze: true,
        }
    }
}

/// The file of a run folder with the values that its encoder started from, where `encoder.weights` gave them.
pub const START: &str = "start.safetensors";

/// The file of a run folder with the network that `encoder.file` named.
pub const NETWORK: &str = "encoder.onnx";

/// Of a run that `encoder.weights` names, name the file of weights that it ended with.
fn name_weights(table: &mut Table) -> Result<()> {
    let encoder = table.get_mut("encoder").and_then(Value::as_table_mut);
    if let Some(Value::String(path)) = encoder.and_then(|encoder| encoder.get_mut("weights")) {
        *path = RunFolder::weights_of(Path::new(path.as_str()))?
            .display()
            .to_string();
    }
    Ok(())
}

/// More compute threads than this are a typing error.
const MOST_THREADS: usize = 1024;

impl Config {
    /// The configuration called `source` (a preset's name or a TOML file; the digits preset when `None`),
    /// changed by `sets` of the form `key.path=value`.
    ///
    /// A file may start from a preset or another file, named by its key [`BASE`]: its own keys go on top.
    ///
    /// # Errors
    /// A missing file, an unknown key or kind (with the nearest name), a value of the wrong type or range.
    pub fn load(source: Option<&str>, sets: &[String]) -> Result<Self> {
        let source = source.unwrap_or("digits");
        let mut table = Self::table(source)?;
        let pairs = !headed(&table);
        change(&mut table, sets)?;
        name_weights(&mut table)?;
        if pairs && headed(&table) && !sets.iter().any(|set| set.starts_with("negatives")) {
            table.remove("negatives"); // of pairs of views: a head has wrong answers of its own
        }
        let config = Self::from_table(table, source)?;
        config.check_pretrained()?;
        Ok(config)
    }

    /// Refuse to take an encoder over where there is no head to stand on it.
    ///
    /// # Errors
    /// A sentence with the two ways out.
    pub fn check_pretrained(&self) -> Result<()> {
        let Some(pretrained) = self.pretrained.as_ref() else {
            return Ok(());
        };
        require(
            "pretrained",
            !self.all_heads().is_empty(),
            format!(
                "gives its encoder to a head, and this configuration has none; add one (`ravine train` with \
                 --set head.kind=multi_class --set loss.kind=nll), or let pretraining start from that encoder: \
                 --set encoder.kind=auto --set encoder.weights={}",
                pretrained.run
            ),
        )
    }

    /// Read the `config.toml` of a run folder.
    ///
    /// # Errors
    /// The file cannot be read, or an unknown key stands in it.
    pub fn of_run(path: &Path) -> Result<Self> {
        let mut table = read(path)?;
        let network = path.with_file_name(NETWORK);
        let file = table
            .get_mut("encoder")
            .and_then(|encoder| encoder.get_mut("file"));
        if let Some(file) = file.filter(|_| network.is_file()) {
            *file = Value::String(network.display().to_string());
        }
        let mut config = Self::from_table(table, &path.display().to_string())?;
        let start = path.with_file_name(START);
        config.start = start.is_file().then_some(start);
        Ok(config)
    }

    /// This configuration changed by `sets` of the form `key.path=value`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn with(&self, sets: &[String]) -> Result<Self> {
        let mut table = parse(&self.to_toml()?, "of the run")?;
        change(&mut table, sets)?;
        Self::from_table(table, "of the run")
    }

    fn table(source: &str) -> Result<Table> {
        let path = Path::new(source);
        if let Some(text) = preset(source).filter(|_| !path.is_file()) {
            return parse(text, source);
        }
        if path.extension().is_some_and(|e| e == "toml") || path.is_file() {
            return base::of_file(path);
        }
        Err(Error::Usage(format!(
            "there is no preset or file `{source}`; {}",
            presets::closest(source)
        )))
    }

    fn from_table(mut table: Table, source: &str) -> Result<Self> {
        renamed::rename(&mut table);
        let mut config: Self = serde_path_to_error::deserialize(Value::Table(table))
            .map_err(|e| explain(source, &e.path().to_string(), &e.inner().to_string()))?;
        config.encoder = config.encoder.found()?;
        config.validate()?;
        Ok(config)
    }

    /// Refuse values out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    pub fn validate(&self) -> Result<()> {
        self.data.check()?;
        let plain = |c: char| c.is_alphanumeric() || "-_+. ".contains(c);
        if self.method.is_empty() || self.method.starts_with('.') || !self.method.chars().all(plain)
        {
            return Err(Error::key(
                "method",
                format!(
                    "`{}` names the run folder; use letters, digits, - and _",
                    self.method
                ),
            ));
        }
        if self.threads > MOST_THREADS {
            return Err(Error::key(
                "threads",
                format!(
                    "is {}; give at most {MOST_THREADS}, or 0 for all cores",
                    self.threads
                ),
            ));
        }
        self.train.validate()?;
        let kept = self.pretrained.as_ref().is_some_and(|run| run.freeze);
        require(
            "train.freeze_epochs",
            self.train.freeze_epochs == 0.0 || !kept,
            "freezes the encoder for a while, and `pretrained.freeze` for good; leave one of them out",
        )?;
        self.probe.validate()?;
        if let Some(lora) = &self.lora {
            lora.validate()?;
            require(
                "lora.rank",
                self.all_heads().is_empty(),
                "adapters are for pretraining, and this configuration has a head; leave `lora` out",
            )?;
        }
        if self.head.is_some() && !self.heads.is_empty() {
            return Err(Error::key(
                "heads",
                "give one `head` or a list of `heads`, not both",
            ));
        }
        for head in self.all_heads() {
            head.part().validate()?;
        }
        self.inference.part().validate()?;
        self.optimizer.part().validate()
    }

    /// The heads, one or several; none in self-supervised runs.
    #[must_use]
    pub fn all_heads(&self) -> Vec<HeadKind> {
        self.head.iter().chain(&self.heads).cloned().collect()
    }

    /// The same encoder without a head: what embeds images after supervised training.
    #[must_use]
    pub fn without_head(mut self) -> Self {
        let headed = !self.all_heads().is_empty();
        self.head = None;
        self.heads.clear();
        self.pretrained = None;
        if headed {
            self.projector = None; // a network with a head has neither
            self.predictor = None;
        }
        self
    }

    /// The same encoder with what adapters have learned as a part of its layers.
    #[must_use]
    pub fn without_adapters(mut self) -> Self {
        self.lora = None;
        self
    }

    /// The whole configuration as TOML, defaults included.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|e| Error::Failed(format!("the configuration cannot be written: {e}")))
    }
}
