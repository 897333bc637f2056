//! The configuration as hyperparameters.

use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;
use toml::Value as Toml;

use super::summaries::told;
use crate::config::{Config, is_of_the_machine};
use crate::error::Result;
use crate::events::{
    DataKind, Experiment, Hparam, HparamInfo, HparamsData, MetricInfo, MetricName, SessionEnd,
    SessionStart, Summarized, TensorDimension, TensorSizes, TextTensor, data::Data, hparam::Kind,
    summarized::Value,
};

/// Numbers that runs are compared by, where they have them.
const COMPARED: [&str; 8] = [
    "probe/knn",
    "probe/spread",
    "probe/rank",
    "probe/auroc",
    "probe/accuracy",
    "probe/argmin_error",
    "train/loss",
    "train/images_per_s",
];

/// Every key of `config` that decides what is learned, as column and as value.
pub(super) fn of(config: &Config) -> Result<Vec<Summarized>> {
    let mut start = SessionStart {
        start_time_secs: now(),
        ..SessionStart::default()
    };
    let mut hparam_infos = Vec::new();
    for (name, value) in config.leaves()? {
        if is_of_the_machine(&name) {
            continue;
        }
        let (value, kind) = match value {
            Toml::Boolean(truth) => (Kind::Truth(truth), DataKind::Truth),
            Toml::Integer(number) => (Kind::Number(number as f64), DataKind::Number),
            Toml::Float(number) => (Kind::Number(number), DataKind::Number),
            Toml::String(words) => (Kind::Words(words), DataKind::Words),
            other => (Kind::Words(other.to_string()), DataKind::Words),
        };
        hparam_infos.push(HparamInfo {
            name: name.clone(),
            kind: kind as i32,
        });
        start.hparams.insert(name, Hparam { kind: Some(value) });
    }
    let metric_infos = COMPARED.map(|tag| MetricInfo {
        name: Some(MetricName { tag: tag.into() }),
    });
    let experiment = Experiment {
        hparam_infos,
        metric_infos: metric_infos.into(),
    };
    Ok(vec![
        summarized("_hparams_/experiment", Data::Experiment(experiment)),
        summarized("_hparams_/session_start_info", Data::Start(start)),
    ])
}

/// How the run ended.
pub(super) fn end(well: bool) -> Summarized {
    let end = SessionEnd {
        status: if well { 1 } else { 2 },
        end_time_secs: now(),
    };
    summarized("_hparams_/session_end_info", Data::End(end))
}

/// What the plugin is told rides on a tensor of one zero.
fn summarized(tag: &str, data: Data) -> Summarized {
    let content = HparamsData {
        version: 0,
        data: Some(data),
    };
    Summarized {
        tag: tag.into(),
        metadata: Some(told("hparams", content.encode_to_vec())),
        value: Some(Value::Tensor(TextTensor {
            dtype: 1,
            shape: Some(TensorSizes {
                dim: vec![TensorDimension { size: 1 }],
            }),
            numbers: vec![0.0],
            ..TextTensor::default()
        })),
    }
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}
