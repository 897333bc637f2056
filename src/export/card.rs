//! The card of a model: what it is, how it was made, what was measured, under which licence it started.

use std::fmt::Write;

use serde_json::Value;

use super::format::Takes;
use super::license;
use super::network::{ChannelStatistics, Exported};
use super::wanted::{Export, With};
use crate::assembly::{OpenedRun, PARTS};
use crate::config::Config;
use crate::encoders::weights::SETTINGS;
use crate::error::Result;
use crate::eval::answer_card::AnswerCard;
use crate::eval::card::Card;
use crate::heads::HeadKind;
use crate::regularizers::RegularizerKind;

/// The network in a line.
pub(super) fn title(run: &OpenedRun) -> String {
    let config = &run.config;
    format!(
        "{} encoder, {} on {}",
        config.encoder.name(),
        config.method,
        config.data.source
    )
}

/// What a program that opens the file wants to know, by key.
pub(super) fn facts(run: &OpenedRun, exported: &Exported) -> Vec<(String, String)> {
    let config = &run.config;
    let mut facts = vec![
        ("method".to_string(), config.method.clone()),
        ("data".to_string(), config.data.source.clone()),
        ("encoder".to_string(), config.encoder.name().into()),
        ("checkpoint".to_string(), checkpoint(run)),
        ("size".to_string(), config.augment.size.to_string()),
    ];
    let statistics = ChannelStatistics::of(config).filter(|_| exported.normalize.is_none());
    if let Some(statistics) = statistics {
        facts.push(("mean".into(), numbers(&statistics.mean)));
        facts.push(("std".into(), numbers(&statistics.std)));
    }
    let settings = serde_json::to_value(&config.encoder);
    if let Ok(settings) = settings
        && !config.encoder.part().needs_file()
    {
        facts.push((SETTINGS.into(), without_start(settings).to_string()));
    }
    if let Some(answers) = &exported.answers {
        facts.push((
            "classes".into(),
            Value::from(answers.classes.clone()).to_string(),
        ));
    }
    if let Some(license) = starting_license(config) {
        facts.push(("license of the starting weights".into(), license));
    }
    facts
}

/// The table `encoder` without the file that it started from.
fn without_start(mut settings: Value) -> Value {
    if let Some(table) = settings.as_object_mut() {
        table.retain(|key, _| !key.starts_with("weights"));
    }
    settings
}

fn checkpoint(run: &OpenedRun) -> String {
    let name = run.checkpoint.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn numbers(values: &[f32]) -> String {
    let words: Vec<String> = values.iter().map(f32::to_string).collect();
    format!("[{}]", words.join(", "))
}

fn starting_license(config: &Config) -> Option<String> {
    license::of(config.encoder.part().weights()?.as_ref())
}

/// The whole card, in Markdown.
pub(super) fn text(
    run: &OpenedRun,
    exported: &Exported,
    wanted: &Export,
    probe: Option<&str>,
) -> Result<String> {
    let file = wanted.out.file_name().unwrap_or_default().to_string_lossy();
    let mut card = format!(
        "# {file}\n\n{}, from checkpoint {}.\n",
        title(run),
        checkpoint(run)
    );
    let mut section = |name: &str, text: String| {
        let _ = write!(card, "\n## {name}\n\n{}\n", text.trim_end()); // into a string
    };
    section("Network", network(run, exported, wanted));
    section("Input", input(run, exported));
    let (language, code) = wanted.to.opened(exported, &file);
    section("Use", format!("```{language}\n{code}```"));
    section("Data", data(run));
    section("Method", method(&run.config));
    section("Budget", budget(run));
    section("Measured", measured(run, probe));
    section("Starting weights", start(&run.config));
    section(
        "Configuration",
        format!("```toml\n{}```", run.config.to_toml()?),
    );
    Ok(card)
}

fn network(run: &OpenedRun, exported: &Exported, wanted: &Export) -> String {
    let mut lines = vec![format!(
        "- {}: {} parameters, {} features an image",
        run.config.encoder.name(),
        exported.count(),
        exported.features()
    )];
    if wanted.to.takes() == Takes::Everything {
        lines.push(format!("- outputs: {}", exported.output_names().join(", ")));
    }
    let with = match wanted.with {
        With::Nothing => None,
        With::Projector => Some("the projector, whose output `embedding` is what the loss saw"),
        With::Head => Some("the trained head: `energies` are lowest for the answer"),
        With::Probe => {
            Some("a logistic probe on the frozen features: `energies` are lowest for the answer")
        }
    };
    lines.extend(with.map(|what| format!("- on top: {what}")));
    if let Some(answers) = &exported.answers {
        lines.push(format!(
            "- {} classes, in this order: {}",
            answers.classes.len(),
            answers.classes.join(", ")
        ));
    }
    lines.join("\n")
}

fn input(run: &OpenedRun, exported: &Exported) -> String {
    let [channels, height, width] = exported.input() else {
        return "- rows of numbers".into();
    };
    let sides = if exported.any_size {
        format!("of any size (it was trained at {height}x{width})")
    } else {
        format!("{height}x{width}")
    };
    let mut lines = vec![format!(
        "- a batch of images (batch, {channels}, height, width), {sides}: the shorter side is resized with \
         antialiasing, the centre is cut out"
    )];
    let scaled = "pixels from 0 (black) to 1 (white)";
    lines.push(
        match (&exported.normalize, ChannelStatistics::of(&run.config)) {
            (None, Some(statistics)) => format!(
                "- {scaled}, then (x - mean) / std of each channel: mean {}, std {}",
                numbers(&statistics.mean),
                numbers(&statistics.std)
            ),
            (Some(_), _) => format!("- {scaled}; mean and deviation are taken off inside"),
            (None, None) => format!("- {scaled}"),
        },
    );
    if let Some(range) = run.config.data.range {
        lines.push(format!("- white is {range} in images of 16 bits"));
    }
    lines.join("\n")
}

fn data(run: &OpenedRun) -> String {
    let mut text = format!("- {}", run.config.data.source);
    for more in &run.config.data.more {
        let _ = write!(text, ", {more}"); // into a string
    }
    let parts = std::fs::read_to_string(run.folder.file(PARTS)).ok();
    let parts = parts.and_then(|parts| serde_json::from_str::<Value>(&parts).ok());
    for part in ["train", "validation", "test"] {
        let count = parts.as_ref().and_then(|parts| parts[part].as_u64());
        if let Some(count) = count {
            let _ = write!(text, "\n- {count} images in the {part} part"); // into a string
        }
    }
    text
}

fn method(config: &Config) -> String {
    let mut lines = vec![format!(
        "- {}: energy `{}`, loss `{}`",
        config.method,
        config.energy.name(),
        config.loss.name()
    )];
    let names = |names: Vec<&str>| names.join(", ");
    let regularizers: Vec<&str> = config
        .regularizers
        .iter()
        .map(RegularizerKind::name)
        .collect();
    if !regularizers.is_empty() {
        lines.push(format!("- regularizers: {}", names(regularizers)));
    }
    let heads = config.all_heads();
    if !heads.is_empty() {
        let kinds = heads.iter().map(HeadKind::name).collect();
        lines.push(format!("- heads on labels: {}", names(kinds)));
    }
    if let Some(pretrained) = &config.pretrained {
        let frozen = if pretrained.freeze { ", frozen" } else { "" };
        lines.push(format!("- encoder of the run {}{frozen}", pretrained.run));
    }
    lines.join("\n")
}

fn budget(run: &OpenedRun) -> String {
    let train = &run.config.train;
    let mut text = format!("- {} epochs in batches of {}", train.epochs, train.batch);
    if let Some(card) = card(run) {
        let number = |key: &str| card[key].as_f64().unwrap_or_default();
        let _ = write!(
            text,
            "\n- {} steps in {:.0} s, {:.0} images a second",
            number("steps"),
            number("seconds"),
            number("images_per_s")
        ); // into a string
    }
    text
}

fn card(run: &OpenedRun) -> Option<Value> {
    let text = std::fs::read_to_string(run.folder.file("card.json")).ok()?;
    serde_json::from_str(&text).ok()
}

fn measured(run: &OpenedRun, probe: Option<&str>) -> String {
    let on_top = probe.map(|said| format!("- the probe on top: {said}\n\n"));
    let card = card(run).and_then(|card| {
        let heads = serde_json::from_value::<AnswerCard>(card.clone());
        let heads = heads.map(|card| card.to_string());
        let pairs = || serde_json::from_value::<Card>(card).map(|card| card.to_string());
        heads.or_else(|_| pairs()).ok()
    });
    let card = match card {
        Some(card) => format!("```\n{}\n```", card.trim_end()),
        None => "Nothing: the run has not come to its end.".into(),
    };
    on_top.unwrap_or_default() + &card
}

fn start(config: &Config) -> String {
    let Some(file) = config.encoder.part().weights() else {
        return "Random.".into();
    };
    match starting_license(config) {
        Some(license) => format!("`{file}`, under the licence that it names: {license}."),
        None => format!(
            "`{file}`, which names no licence: look at where it came from before you share this network."
        ),
    }
}
