//! The command line: one command a file.
//!
//! Results go to standard output, progress and messages to standard error; exit codes: 0 done, 1 failed,
//! 2 usage or configuration, 130 interrupted with the state saved.

mod bench;
mod chosen;
mod compare;
mod config;
mod data;
mod doctor;
mod embed;
mod eval;
mod export;
mod hardware;
mod infer;
mod instructions;
mod list;
mod output;
mod part;
mod pretrain;
mod probe;
mod progress;
mod report;
mod stop;
mod surface;
mod tables;
mod train;
mod training;
mod weights;

use clap::{Parser, Subcommand};

use crate::error::Result;
use tables::{cluster, duplicates, map, neighbors, outliers, select};

/// Self-supervised learning of images, seen as energy-based learning.
///
/// `ravine pretrain` alone trains on embedded digits and says what was learned, in some seconds.
#[derive(Debug, Parser)]
#[command(name = "ravine", version, arg_required_else_help = true)]
pub struct Cli {
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// From one line a command, with its help above it: what is parsed, and what runs.
macro_rules! commands {
    ($($(#[$about:meta])* $variant:ident => $file:ident),+ $(,)?) => {
        #[derive(Debug, Subcommand)]
        enum Command { $($(#[$about])* $variant($file::Args)),+ }

        impl Command {
            fn run(&self, json: bool) -> Result<()> {
                match self { $(Self::$variant(args) => $file::run(args, json)),+ }
            }
        }
    };
}

commands! {
    /// Pretrain an encoder on images without labels.
    Pretrain => pretrain,
    /// Train any objective: an energy-based head on labels, or pairs of views.
    Train => train,
    /// Ask a trained head: answers, energies, probabilities, minima.
    Infer => infer,
    /// Compare the energies of two trained heads over classes, raw and calibrated.
    Compare => compare,
    /// Write the embeddings of a data set to a file.
    Embed => embed,
    /// Find the rows of a table of embeddings that are nearest to each other.
    Neighbors => neighbors,
    /// Find rows of a table of embeddings that show the same, and those that leak between parts.
    Duplicates => duplicates,
    /// Rank the rows of a table of embeddings by how far they are from all others.
    Outliers => outliers,
    /// Divide the rows of a table of embeddings into clusters, compare them with classes, list doubtful labels.
    Cluster => cluster,
    /// Choose the rows of a table of embeddings to label next.
    Select => select,
    /// Draw the rows of a table of embeddings, or the pictures of a run, as points of a plane.
    Map => map,
    /// Show runs on one page of HTML that opens without a network: curves, energies, map, neighbors, card.
    Report => report,
    /// Write the encoder for other programs: ONNX, safetensors, PyTorch.
    Export => export,
    /// Measure how well a probe reads classes from frozen embeddings.
    Probe => probe,
    /// Look at the energies between images and their views.
    Eval => eval,
    /// Draw the energy of a trained head, or of several side by side.
    Surface => surface,
    /// Look into files of weights of other programs.
    Weights => weights,
    /// List the parts a configuration can name.
    List => list,
    /// Show a configuration, or its JSON schema.
    Config => config,
    /// Look at a data set.
    Data => data,
    /// Check this machine: device, threads, gradients of every operation.
    Doctor => doctor,
    /// Time training steps, augmentation or embedding on this machine.
    Bench => bench,
}

/// Run one command.
///
/// # Errors
/// Whatever the command could not do, as a sentence.
pub fn run(cli: &Cli) -> Result<()> {
    cli.command.run(cli.json)
}
