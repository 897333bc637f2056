//! `ravine weights inspect`: what a file of weights holds.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::output::{print_json, print_text};
use crate::encoders::weights::{Inspection, StoredSet, StoredTensor, inspect};
use crate::encoders::{EncoderKind, architecture};
use crate::error::Result;
use crate::train::RunFolder;

/// Tensors that are listed without `--all`.
const FIRST: usize = 8;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A .safetensors, .pth, .pt or .ckpt file, an index of several, or a folder with one; or a run, of which it is what
    /// `encoder.weights` takes.
    file: PathBuf,
    /// List every tensor, not the first few.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let file = RunFolder::weights_of(&args.file)?;
    let found = inspect(&file)?;
    // A network that is none of ravine's can be looked at all the same.
    let encoder = architecture(&file, None).ok();
    if json {
        return print_json(&Shown { found, encoder });
    }
    print_text(&text(&found, encoder.as_ref(), args.all))
}

/// What is printed for machines.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    found: Inspection,
    /// The table `encoder` of a configuration that takes the first set; null where there is none.
    encoder: Option<EncoderKind>,
}

/// The table `encoder` in a line.
fn settings(encoder: Option<&EncoderKind>) -> String {
    let table = encoder.and_then(|encoder| toml::to_string(encoder).ok());
    match table {
        Some(table) => {
            let keys: Vec<&str> = table.lines().filter(|line| !line.is_empty()).collect();
            format!("encoder = {{ {} }}\n", keys.join(", "))
        }
        None => "its architecture is none that is recognised (ravine list encoders)\n".into(),
    }
}

fn text(found: &Inspection, encoder: Option<&EncoderKind>, all: bool) -> String {
    let mut out = String::new();
    let spread = match found.files {
        1 => String::new(),
        count => format!(" in {count} files"),
    };
    let _ = writeln!(
        out,
        "{}: {}, {}{spread}",
        found.path,
        found.format,
        size(found.bytes)
    );
    for (i, set) in found.sets.iter().enumerate() {
        out += &summary(set, i == 0);
    }
    if found.sets.is_empty() {
        out += "no weights in it are read; torch.save(model.state_dict(), \"weights.pth\") writes some\n";
    }
    if let Some(first) = found.sets.first() {
        out += &settings(encoder);
        out += &blocks(first);
        out += &tensors(&first.tensors, all);
    }
    if !found.others.is_empty() {
        let _ = writeln!(out, "\nin no set:");
        out += &tensors(&found.others, all);
    }
    let mut list = |what: &str, items: &[String]| {
        if !items.is_empty() {
            let _ = writeln!(out, "{what}: {}", items.join(", "));
        }
    };
    list("passed over", &found.passed);
    list("Python objects, not looked into", &found.objects);
    let said = found.metadata.iter();
    let said: Vec<String> = said
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    list("metadata", &said);
    let _ = match &found.preprocessing {
        Some(known) => writeln!(out, "preprocessing: {known}"),
        None => writeln!(
            out,
            "preprocessing: neither it nor a file beside it says; give augment.mean and augment.std"
        ),
    };
    out
}

/// One set in a line.
fn summary(set: &StoredSet, taken: bool) -> String {
    let name = match set.name.as_str() {
        "" => "the whole file".to_string(),
        name => format!("`{name}`"),
    };
    let how = if taken {
        "taken".into()
    } else {
        format!("with encoder.weights_key = \"{}\"", set.name)
    };
    format!(
        "{name}, {how}: {} parameters in {} tensors, {}\n",
        set.parameters,
        set.tensors.len(),
        set.precision.join(" and ")
    )
}

/// Totals of every block.
fn blocks(set: &StoredSet) -> String {
    let mut out = format!("\n{:<32}{:>8}{:>14}\n", "block", "tensors", "parameters");
    for block in &set.blocks {
        let _ = writeln!(
            out,
            "{:<32}{:>8}{:>14}",
            block.name, block.tensors, block.parameters
        );
    }
    out
}

/// Names, shapes and kinds; the first few unless `all`.
fn tensors(list: &[StoredTensor], all: bool) -> String {
    let shown = if all {
        list.len()
    } else {
        FIRST.min(list.len())
    };
    let width = list[..shown]
        .iter()
        .map(|t| t.name.len())
        .max()
        .unwrap_or(0);
    let mut out = String::from("\n");
    for tensor in &list[..shown] {
        let shape = format!("{:?}", tensor.shape);
        let _ = writeln!(
            out,
            "{:<width$}  {shape:<20}  {}",
            tensor.name, tensor.precision
        );
    }
    if shown < list.len() {
        let _ = writeln!(out, "and {} more; --all lists them", list.len() - shown);
    }
    out
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
