//! `ravine config`: the configuration as it would be used, and its schema.

use serde_json::json;

use super::setup::graph;
use super::{print_json, print_text};
use crate::config::Config;
use crate::error::Result;
use crate::graph::Summary;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// All keys with their values, and the network they make.
    Show {
        /// A preset or a TOML file; the embedded digits when left out.
        config: Option<String>,
        /// Change one key, for example --set encoder.depth=18.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        sets: Vec<String>,
    },
    /// JSON Schema of the configuration, for completion in editors.
    Schema,
}

/// Classes assumed for the summary of a head when no data are open.
const CLASSES: usize = 10;

pub(super) fn run(command: Command, json: bool) -> Result<()> {
    let (config, sets) = match command {
        Command::Schema => return print_json(&schemars::schema_for!(Config)),
        Command::Show { config, sets } => (config, sets),
    };
    let config = Config::load(config.as_deref(), &sets)?;
    let channels = config.data.channels.unwrap_or(
        if config.data.source == "digits" && config.augment.size == 8 {
            1
        } else {
            3
        },
    );
    let summary = Summary::of(&graph(&config, channels, CLASSES)?);
    if json {
        return print_json(&json!({
            "config": config,
            "parameters": summary.parameters(),
            "operations": summary.operations(),
        }));
    }
    let size = config.augment.size;
    print_text(&format!(
        "{}\n# network for {channels}x{size}x{size} images\n{summary}\n",
        config.to_toml()?
    ))
}
