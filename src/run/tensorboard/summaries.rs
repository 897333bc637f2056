//! A line of the journal as values for TensorBoard.

use serde_json::Value as Json;

use crate::events::{
    EventHistogram, PluginData, Summarized, SummaryMetadata, TensorSizes, TextTensor,
    summarized::Value,
};
use crate::train::{Line, tagged};

/// Numbers as scalars, lists of shares as histograms, words as text.
pub(super) fn of(line: &Line) -> Vec<Summarized> {
    let range = line.get("energy_range").and_then(numbers);
    let values = tagged(line).filter_map(|(tag, value)| match value {
        Json::Number(number) => {
            let number = number.as_f64()? as f32;
            Some(plain(tag, Value::Number(number)))
        }
        Json::Array(_) if tag.ends_with("_histogram") => {
            let [low, high] = range.as_deref()?.try_into().ok()?;
            let shares = numbers(value)?;
            Some(plain(tag, Value::Histogram(histogram(&shares, low, high))))
        }
        Json::String(words) if !words.is_empty() => Some(text(tag, words)),
        _ => None,
    });
    values.collect()
}

fn numbers(list: &Json) -> Option<Vec<f64>> {
    list.as_array()?.iter().map(Json::as_f64).collect()
}

pub(super) fn plain(tag: String, value: Value) -> Summarized {
    Summarized {
        tag,
        metadata: None,
        value: Some(value),
    }
}

/// Shares of values in bins of equal width from `low` to `high`.
fn histogram(shares: &[f64], low: f64, high: f64) -> EventHistogram {
    let width = (high - low) / shares.len() as f64;
    let end = |bin: usize| {
        if bin + 1 == shares.len() {
            high
        } else {
            low + width * (bin + 1) as f64
        }
    };
    let middles = (0..shares.len()).map(|bin| low + width * (bin as f64 + 0.5));
    let weighed = |power: i32| {
        let values = middles.clone().zip(shares);
        values.map(move |(middle, share)| share * middle.powi(power))
    };
    EventHistogram {
        min: low,
        max: high,
        num: shares.iter().sum(),
        sum: weighed(1).sum(),
        sum_squares: weighed(2).sum(),
        bucket_limit: (0..shares.len()).map(end).collect(),
        bucket: shares.to_vec(),
    }
}

fn text(tag: String, words: &str) -> Summarized {
    Summarized {
        tag,
        metadata: Some(told("text", Vec::new())),
        value: Some(Value::Tensor(TextTensor {
            dtype: 7,
            shape: Some(TensorSizes::default()),
            words: vec![words.as_bytes().to_vec()],
            ..TextTensor::default()
        })),
    }
}

/// What `plugin` is told.
pub(super) fn told(plugin: &str, content: Vec<u8>) -> SummaryMetadata {
    SummaryMetadata {
        plugin_data: Some(PluginData {
            plugin_name: plugin.into(),
            content,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_ends_where_its_range_does_and_keeps_its_mean() {
        let found = histogram(&[0.25, 0.5, 0.25], 0.0, 0.3);
        assert_eq!((found.min, found.max, found.num), (0.0, 0.3, 1.0));
        assert_eq!(found.bucket_limit[2], 0.3);
        assert!((found.sum - 0.15).abs() < 1e-12);
        assert!((found.sum_squares - 0.25 * (0.0025 + 2.0 * 0.0225 + 0.0625)).abs() < 1e-12);
    }
}
