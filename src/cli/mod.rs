//! The command line: one command a file.
//!
//! Results go to standard output, progress and messages to standard error; exit codes: 0 done, 1 failed,
//! 2 usage or configuration, 130 interrupted with the state saved.

mod bench;
mod compare;
mod config;
mod data;
mod doctor;
mod embed;
mod eval;
mod hardware;
mod infer;
mod list;
mod output;
mod part;
mod pretrain;
mod preview;
mod probe;
mod progress;
mod stop;
mod surface;

use clap::{Parser, Subcommand};

use crate::error::Result;

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

#[derive(Debug, Subcommand)]
enum Command {
    /// Pretrain an encoder on images without labels.
    Pretrain(pretrain::Args),
    /// Train any objective: an energy-based head on labels, or pairs of views.
    Train(pretrain::Args),
    /// Ask a trained head: answers, energies, probabilities, minima.
    Infer(infer::Args),
    /// Compare the energies of two trained heads over classes, raw and calibrated.
    Compare(compare::Args),
    /// Write the embeddings of a data set to a file.
    Embed(embed::Args),
    /// Measure how well a probe reads classes from frozen embeddings.
    Probe(probe::Args),
    /// Look at the energies between images and their views.
    #[command(subcommand)]
    Eval(eval::Command),
    /// Draw the energy of a trained head, or of several side by side.
    Surface(surface::Args),
    /// List the parts a configuration can name.
    List(list::Args),
    /// Show a configuration, or its JSON schema.
    #[command(subcommand)]
    Config(config::Command),
    /// Look at a data set.
    #[command(subcommand)]
    Data(data::Command),
    /// Check this machine: device, threads, gradients of every operation.
    Doctor(doctor::Args),
    /// Time training steps, augmentation or embedding on this machine.
    Bench(bench::Args),
}

/// Run one command.
///
/// # Errors
/// Whatever the command could not do, as a sentence.
pub fn run(cli: Cli) -> Result<()> {
    let json = cli.json;
    match cli.command {
        Command::Pretrain(args) => pretrain::run(&args, json),
        Command::Train(args) => pretrain::train(&args, json),
        Command::Infer(args) => infer::run(&args, json),
        Command::Compare(args) => compare::run(&args, json),
        Command::Embed(args) => embed::run(&args, json),
        Command::Probe(args) => probe::run(&args, json),
        Command::Eval(command) => eval::run(&command, json),
        Command::Surface(args) => surface::run(&args, json),
        Command::List(args) => list::run(&args, json),
        Command::Config(command) => config::run(command, json),
        Command::Data(command) => data::run(command, json),
        Command::Doctor(args) => doctor::run(&args, json),
        Command::Bench(args) => bench::run(&args, json),
    }
}
