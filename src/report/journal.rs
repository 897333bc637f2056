//! The journal of a run as curves and histograms.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::eval::energy_gap::histogram as shares;
use crate::eval::rounded;

/// Points of a curve; of more, neighboring ones are averaged.
const POINTS: usize = 500;

/// Bins of the energies of a head's answers.
const BINS: usize = 30;

/// Histograms that are kept, evenly spread.
const HISTOGRAMS: usize = 200;

/// One number over a run.
#[derive(Debug, Default, Serialize)]
pub(super) struct Curve {
    /// Epochs, fractions included.
    pub(super) epoch: Vec<f64>,
    /// Updates.
    pub(super) step: Vec<f64>,
    /// The number.
    pub(super) value: Vec<f64>,
    /// The last epoch and number, before what is drawn was thinned out.
    #[serde(skip)]
    end: Option<(f64, f64)>,
}

/// Energies of right and wrong pairs at one step, as shares in equal bins.
#[derive(Debug, Serialize)]
pub(super) struct EnergyHistogram {
    step: f64,
    epoch: f64,
    range: [f64; 2],
    right: Vec<f64>,
    wrong: Vec<f64>,
}

/// What a probe said in words.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) verdict: String,
    pub(super) causes: String,
    pub(super) why: String,
}

/// What `metrics.jsonl` tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// By the name of the number.
    pub(super) curves: BTreeMap<String, Curve>,
    pub(super) histograms: Vec<EnergyHistogram>,
    /// By the last probe that said anything.
    pub(super) said: Option<Said>,
    /// Updates of the last line.
    pub(super) steps: f64,
}

/// Read whole lines; one that is torn, as the last of a run that goes on may be, ends the reading.
pub(super) fn read(text: &str) -> Told {
    let mut told = Told::default();
    for line in text.lines() {
        let Ok(Value::Object(line)) = serde_json::from_str(line) else {
            break;
        };
        let number = |key: &str| line.get(key).and_then(Value::as_f64);
        let Some(step) = number("step") else { break };
        let epoch = number("epoch").unwrap_or(step);
        told.steps = told.steps.max(step);
        for (name, value) in &line {
            if let (Some(value), false) =
                (value.as_f64(), ["step", "epoch"].contains(&name.as_str()))
            {
                let curve = told.curves.entry(name.clone()).or_default();
                curve.epoch.push(epoch);
                curve.step.push(step);
                curve.value.push(value);
            }
        }
        told.histograms.extend(histogram(&line, step, epoch));
        let text = |key: &str| line.get(key).and_then(Value::as_str).map(String::from);
        if let Some(verdict) = text("verdict") {
            told.said = Some(Said {
                verdict,
                causes: text("causes").unwrap_or_default(),
                why: text("why").unwrap_or_default(),
            });
        }
    }
    for curve in told.curves.values_mut() {
        curve.shorten();
    }
    thin(&mut told.histograms);
    told
}

fn histogram(
    line: &serde_json::Map<String, Value>,
    step: f64,
    epoch: f64,
) -> Option<EnergyHistogram> {
    let list = |key: &str| {
        let list = line.get(key)?.as_array()?.iter().map(Value::as_f64);
        list.collect::<Option<Vec<f64>>>()
    };
    let (right, wrong) = (list("positive_histogram")?, list("negative_histogram")?);
    let [low, high] = list("energy_range")?[..] else {
        return None;
    };
    (!right.is_empty() && right.len() == wrong.len()).then_some(EnergyHistogram {
        step,
        epoch: rounded(epoch, 4),
        range: [low, high],
        right,
        wrong,
    })
}

/// The energies of a head's right answers and of the most offending wrong ones, as `energies.jsonl` has them; `None`
/// where there are none, or they are all equal.
pub(super) fn of_answers(text: &str, step: f64, epoch: f64) -> Option<EnergyHistogram> {
    let lines = text.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some([line["e_c"].as_f64()? as f32, line["e_i"].as_f64()? as f32])
    });
    let (right, wrong): (Vec<f32>, Vec<f32>) = lines.map(<(f32, f32)>::from).unzip();
    let all = || right.iter().chain(&wrong).map(|v| f64::from(*v));
    let range = [
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    ];
    let on = |energies: &[f32]| shares(energies, range.into(), BINS);
    (range[0] < range[1]).then(|| EnergyHistogram {
        step,
        epoch: rounded(epoch, 4),
        range: range.map(short_number),
        right: on(&right),
        wrong: on(&wrong),
    })
}

/// Keep the first, the last, and some in between.
fn thin(histograms: &mut Vec<EnergyHistogram>) {
    let count = histograms.len();
    if count <= HISTOGRAMS {
        return;
    }
    let kept: BTreeSet<usize> = (0..HISTOGRAMS)
        .map(|i| i * (count - 1) / (HISTOGRAMS - 1))
        .collect();
    let mut places = 0..;
    histograms.retain(|_| places.next().is_some_and(|place| kept.contains(&place)));
}

impl Curve {
    /// The last value.
    pub(super) fn last(&self) -> Option<f64> {
        self.end.map(|(_, value)| value)
    }

    /// The last epoch.
    pub(super) fn last_epoch(&self) -> Option<f64> {
        self.end.map(|(epoch, _)| epoch)
    }

    fn shorten(&mut self) {
        self.end = self.epoch.last().copied().zip(self.value.last().copied());
        let count = self.value.len();
        let group = count.div_ceil(POINTS).max(1);
        let short = |values: &[f64]| -> Vec<f64> {
            let mean = |group: &[f64]| short_number(group.iter().sum::<f64>() / group.len() as f64);
            values.chunks(group).map(mean).collect()
        };
        (self.epoch, self.step, self.value) =
            (short(&self.epoch), short(&self.step), short(&self.value));
    }
}

/// Six figures: what a screen shows of a curve.
fn short_number(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_becomes_curves_and_a_torn_line_ends_it() {
        let text = "{\"step\":0,\"epoch\":0,\"knn\":0.5,\"energy_range\":[0,2],\"positive_histogram\":[1,0],\
                    \"negative_histogram\":[0,1]}\n{\"step\":1,\"epoch\":0.5,\"loss\":2.5,\"lr\":0.1}\n\
                    {\"step\":2,\"epoch\":1,\"loss\":1.5,\"verdict\":\"healthy\",\"why\":\"so\"}\n{\"step\":3,\"lo";
        let told = read(text);
        assert_eq!(told.curves["loss"].value, [2.5, 1.5]);
        assert_eq!(told.curves["loss"].epoch, [0.5, 1.0]);
        assert_eq!(told.histograms.len(), 1);
        assert_eq!(told.said.unwrap().verdict, "healthy");
        assert_eq!(told.steps, 2.0);
    }

    #[test]
    fn long_journals_are_shortened_and_keep_their_ends() {
        let line = |step: usize| {
            format!(
                "{{\"step\":{step},\"loss\":{step},\"energy_range\":[0,1],\"positive_histogram\":[1],\"negative_histogram\":[1]}}\n"
            )
        };
        let told = read(&(0..10_000).map(line).collect::<String>());
        let curve = &told.curves["loss"];
        assert_eq!(curve.value.len(), POINTS);
        assert_eq!(curve.value[0], 9.5);
        assert_eq!(curve.last(), Some(9999.0));
        let count = told.histograms.len();
        assert_eq!(count, HISTOGRAMS);
        assert_eq!(
            (told.histograms[0].step, told.histograms[count - 1].step),
            (0.0, 9999.0)
        );
    }
}
