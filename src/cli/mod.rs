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
mod generate;
mod hardware;
mod infer;
mod instructions;
mod list;
mod metrics;
mod output;
mod part;
mod pretrain;
mod probe;
mod progress;
mod report;
mod runs;
mod stop;
mod surface;
mod sweep;
mod table;
mod tables;
mod train;
mod training;
mod weights;

use clap::{Parser, Subcommand};

use crate::error::Result;
use output::set_loudness;
use tables::{cluster, compare_embeddings, duplicates, map, neighbors, outliers, select};

/// Self-supervised learning of images, seen as energy-based learning.
///
/// `ravine pretrain` alone trains on embedded digits and says what was learned, in some seconds.
#[derive(Debug, Parser)]
#[command(
    name = "ravine",
    version,
    arg_required_else_help = true,
    after_long_help = "Example:\n  ravine pretrain\n\nVariables: RAVINE_DEVICE, RAVINE_EXECUTOR, RAVINE_THREADS, \
    RAVINE_WORKERS, RAVINE_RUNS and RAVINE_SIMD stand for options that are not given; RAVINE_REMOTE_CACHE is the folder of \
    what came over the net; NO_COLOR takes colours off. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 \
    interrupted with the state saved."
)]
pub struct Cli {
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but results and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say what every step and probe journals.
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

/// From one line a command, with its help above it and an example: what is parsed, and what runs.
macro_rules! commands {
    ($($(#[$about:meta])* $variant:ident => $file:ident, $example:literal);+ $(;)?) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($(#[$about])* #[command(after_long_help = concat!("Example:\n  ", $example))] $variant($file::Args)),+
        }

        impl Command {
            fn run(&self, json: bool) -> Result<()> {
                match self { $(Self::$variant(args) => $file::run(args, json)),+ }
            }
        }
    };
}

commands! {
    /// Pretrain an encoder on images without labels.
    Pretrain => pretrain, "ravine pretrain --data photos/ --budget 10m";
    /// Train any objective: an energy-based head on labels, or pairs of views.
    Train => train, "ravine train --data photos/ --set pretrained.run=runs/simclr-photos";
    /// Ask a trained head: answers, energies, probabilities, minima.
    Infer => infer, "ravine infer runs/classifier-photos --data new/ --json";
    /// Compare two runs: encoders on the same images, or the energies of two heads over classes.
    Compare => compare, "ravine compare runs/simclr-photos runs/vicreg-photos";
    /// Write the embeddings of a data set to a file, or to a folder of parts.
    Embed => embed, "ravine embed runs/simclr-photos --data photos/ --out photos.parquet";
    /// Find the rows of a table of embeddings that are nearest to each other, or to pictures of files.
    Neighbors => neighbors, "ravine neighbors photos.parquet --rows cat/7.jpg -k 5";
    /// Find rows of a table of embeddings that show the same, and those that leak between parts.
    Duplicates => duplicates, "ravine duplicates photos.parquet --out duplicates.csv";
    /// Rank the rows of a table of embeddings by how far they are from all others.
    Outliers => outliers, "ravine outliers photos.parquet --out outliers.csv";
    /// Divide the rows of a table of embeddings into clusters, compare them with classes, list doubtful labels.
    Cluster => cluster, "ravine cluster photos.parquet --clusters 10";
    /// Choose the rows of a table of embeddings to label next.
    Select => select, "ravine select photos.parquet --budget 500 --out label-these.csv";
    /// Say how alike two tables of embeddings of the same rows are, and what changes from class to class.
    CompareEmbeddings => compare_embeddings, "ravine compare-embeddings simclr.parquet vicreg.parquet";
    /// List runs with their best numbers, verdicts and how far they are.
    Runs => runs, "ravine runs";
    /// Write what a run journaled as CSV: a row a step.
    Metrics => metrics, "ravine metrics runs/simclr-photos --out metrics.csv";
    /// Train a configuration with one set of values after another, and rank them on the validation part.
    Sweep => sweep, "ravine sweep sweep.toml";
    /// Draw the rows of a table of embeddings, or the pictures of a run, as points of a plane.
    Map => map, "ravine map photos.parquet";
    /// Show runs on one page of HTML that opens without a network: curves, energies, map, neighbors, card.
    Report => report, "ravine report runs/simclr-photos";
    /// Write the encoder for other programs: ONNX, safetensors, PyTorch.
    Export => export, "ravine export runs/simclr-photos --out encoder.onnx";
    /// Measure how well a probe reads classes from frozen embeddings.
    Probe => probe, "ravine probe runs/simclr-photos --kind logistic --labels-per-class 10";
    /// Look at the energies between images and their views.
    Eval => eval, "ravine eval invariance runs/simclr-photos";
    /// Draw the energy of a trained head, or of several side by side.
    Surface => surface, "ravine surface runs/parabola";
    /// Look into files of weights of other programs.
    Weights => weights, "ravine weights inspect resnet50.safetensors";
    /// List the parts a configuration can name.
    List => list, "ravine list losses";
    /// Show a configuration, or its JSON schema.
    Config => config, "ravine config show vicreg --origin";
    /// Look at a data set.
    Data => data, "ravine data check photos/";
    /// Check this machine: device, threads, gradients of every operation.
    Doctor => doctor, "ravine doctor";
    /// Write manual pages, or completions for a shell.
    Generate => generate, "ravine generate completions bash > ~/.local/share/bash-completion/completions/ravine";
    /// Time training steps, augmentation or embedding on this machine.
    Bench => bench, "ravine bench step --encoder resnet18";
}

/// Run one command.
///
/// # Errors
/// Whatever the command could not do, as a sentence.
pub fn run(cli: &Cli) -> Result<()> {
    set_loudness(cli.quiet, cli.verbose);
    cli.command.run(cli.json)
}
