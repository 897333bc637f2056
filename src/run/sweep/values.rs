//! The values that a sweep tries for each key.

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::{Error, Result};

/// Values of a key between two ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Between {
    from: Value,
    to: Value,
    #[serde(default)]
    scale: Scale,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scale {
    #[default]
    Linear,
    Log,
}

pub(super) enum Values {
    List(Vec<Value>),
    Between(Between),
}

impl Between {
    /// The value at `share` of the way, to three digits; whole where both ends are.
    pub(super) fn at(&self, key: &str, share: f64) -> Result<Value> {
        let number = |value: &Value| value.as_float().or(value.as_integer().map(|v| v as f64));
        let wrong = |problem: &str| Error::key(&format!("keys.{key}"), problem);
        let (Some(from), Some(to)) = (number(&self.from), number(&self.to)) else {
            return Err(wrong("`from` and `to` must be numbers"));
        };
        if self.scale == Scale::Log && !(from > 0.0 && to > 0.0) {
            return Err(wrong("a log scale needs ends above 0"));
        }
        let value = match self.scale {
            Scale::Linear => from + share * (to - from),
            Scale::Log => from * (to / from).powf(share),
        };
        if self.from.is_integer() && self.to.is_integer() {
            return Ok(Value::Integer(value.round() as i64));
        }
        let rounded = format!("{value:.2e}").parse().unwrap_or(value);
        Ok(Value::Float(rounded))
    }
}

/// Every key by its whole path, however the tables are written.
pub(super) fn flat(table: &Table, path: &str, keys: &mut Vec<(String, Values)>) -> Result<()> {
    for (name, value) in table {
        let key = format!("{path}{name}");
        let wrong = |problem: &str| Error::key(&format!("keys.{key}"), problem);
        match value {
            Value::Array(list) if list.is_empty() => return Err(wrong("has no values")),
            Value::Array(list) => keys.push((key, Values::List(list.clone()))),
            Value::Table(inner) if inner.contains_key("from") || inner.contains_key("to") => {
                let between: Between = value
                    .clone()
                    .try_into()
                    .map_err(|e: toml::de::Error| wrong(e.message()))?;
                between.at(&key, 0.5)?;
                keys.push((key, Values::Between(between)));
            }
            Value::Table(inner) => flat(inner, &format!("{key}."), keys)?,
            _ => return Err(wrong("needs a list of values, or { from = …, to = … }")),
        }
    }
    Ok(())
}
