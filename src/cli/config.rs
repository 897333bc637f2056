//! `ravine config`: the configuration as it would be used, and its schema.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Value, json};

use super::output::{print_json, print_text};
use crate::assembly::{answer_space, head_networks, image_network};
use crate::config::{BASE, Config};
use crate::data::table;
use crate::error::Result;
use crate::graph::{Graph, Summary};
use crate::heads::Space;
use crate::registry::without_example;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All keys with their values, and the network they make.
    #[command(after_long_help = "Example:\n  ravine config show vicreg --set encoder.kind=vit")]
    Show {
        /// A preset or a TOML file; the embedded digits when left out.
        config: Option<String>,
        /// Change one key, for example --set encoder.depth=18.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        sets: Vec<String>,
        /// Each key with where its value comes from: a default, a preset, a file, or --set.
        #[arg(long)]
        origin: bool,
    },
    /// JSON Schema of the configuration, for completion in editors.
    #[command(after_long_help = "Example:\n  ravine config schema > ravine.schema.json")]
    Schema,
}

/// Origins stand below each other, but for keys with longer values.
const WIDEST: usize = 60;

/// Classes assumed for the summary of a head when no data are open.
const CLASSES: usize = 10;

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (config, sets) = match &args.command {
        Command::Schema => return print_json(&schema()),
        Command::Show {
            config,
            sets,
            origin: true,
        } => return origins(config.as_deref(), sets, json),
        Command::Show { config, sets, .. } => (config, sets),
    };
    let config = Config::load(config.as_deref(), sets)?;
    let (graphs, input) = networks(&config)?;
    let summaries: Vec<Summary> = graphs.iter().map(Summary::of).collect();
    if json {
        return print_json(&json!({
            "config": config,
            "parameters": summaries.iter().map(Summary::parameters).sum::<usize>(),
            "operations": summaries.iter().map(Summary::operations).sum::<u64>(),
        }));
    }
    let tables: Vec<String> = summaries.iter().map(ToString::to_string).collect();
    let notes = format!("network for {input}\n{}", tables.join("\n"));
    print_text(&format!("{}\n{}", config.to_toml()?, commented(&notes)))
}

/// Every key with where its value comes from.
fn origins(config: Option<&str>, sets: &[String], json: bool) -> Result<()> {
    let told = Config::told(config, sets)?;
    if json {
        return print_json(&told);
    }
    let lines: Vec<(String, String)> = told
        .into_iter()
        .map(|told| (format!("{} = {}", told.key, told.value), told.origin))
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count());
    let width = width.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let lines = lines
        .iter()
        .map(|(line, origin)| format!("{line:<width$}  # {origin}\n"));
    print_text(&lines.collect::<String>())
}

/// `text` as comments of TOML, so that what is shown can be saved and read again.
fn commented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("# {line}"));
    let lines = lines.map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// What a configuration may hold.
fn schema() -> Schema {
    let settings = SchemaSettings::default().with_transform(RecursiveTransform(without_example));
    let mut schema = settings.into_generator().into_root_schema_for::<Config>();
    let base = json!({
        "type": "string",
        "description": "A preset or file that this one starts from; its own keys go on top.",
    });
    let keys = schema.get_mut("properties");
    if let Some(keys) = keys.and_then(Value::as_object_mut) {
        keys.insert(BASE.into(), base);
    }
    schema
}

/// The networks that `config` makes, and what they take.
fn networks(config: &Config) -> Result<(Vec<Graph>, String)> {
    let heads = config.all_heads();
    if config.data.is_table() {
        let train = table::open(&config.data, config.data.split_seed)?.train;
        let input = format!("rows of {}", train.x_names.join(", "));
        let networks = head_networks(config, &[train.x_dim()], answer_space(&train))?;
        return Ok((networks, input));
    }
    let grey = config.data.source == "digits" && config.augment.size == 8;
    let channels = config.data.channels.unwrap_or(if grey { 1 } else { 3 });
    let size = config.augment.size;
    let input = format!("{channels}x{size}x{size} images");
    if heads.is_empty() {
        return Ok((vec![image_network(config, channels)?], input));
    }
    let answers = if heads.iter().any(|head| head.part().chooses()) {
        Space::Classes(CLASSES)
    } else {
        Space::Vectors(1) // classes whose names are numbers
    };
    let networks = head_networks(config, &[channels, size, size], answers)?;
    Ok((networks, input))
}
