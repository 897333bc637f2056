//! `ravine generate`: manual pages and completions, made from the command line as it is.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;
use super::output::{print_json, print_text};
use crate::atomic::write_bytes;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write a manual page for each command: ravine.1, ravine-pretrain.1, …
    #[command(after_long_help = "Example:\n  ravine generate man --out ~/.local/share/man/man1")]
    Man {
        /// Folder to write to; made where it is not there.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print the completions for a shell.
    #[command(after_long_help = "Example:\n  ravine generate completions zsh > ~/.zfunc/_ravine")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let mut command = Cli::command();
    command.build();
    match &args.what {
        What::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut command, "ravine", &mut text);
            let text = String::from_utf8_lossy(&text);
            if json {
                return print_json(
                    &serde_json::json!({"shell": shell.to_string(), "script": text}),
                );
            }
            print_text(&text)
        }
        What::Man { out } => {
            fs::create_dir_all(out)
                .map_err(|e| Error::data(out, format!("cannot be created: {e}")))?;
            let mut pages = Vec::new();
            pages_of(&command, "ravine", out, &mut pages)?;
            if json {
                return print_json(&pages);
            }
            let lines = pages.iter().map(|page| format!("{}\n", page.display()));
            print_text(&lines.collect::<String>())
        }
    }
}

/// The page `name` of a command, and those of the commands below it.
fn pages_of(command: &Command, name: &str, out: &Path, pages: &mut Vec<PathBuf>) -> Result<()> {
    let path = out.join(format!("{name}.1"));
    let mut page = Vec::new();
    let below = command
        .get_subcommands()
        .filter(|below| below.get_name() != "help");
    Man::new(command.clone().disable_help_subcommand(true))
        .title(name)
        .source(concat!("ravine ", env!("CARGO_PKG_VERSION")))
        .manual("ravine")
        .render(&mut page)
        .map_err(|e| Error::data(&path, format!("cannot be written: {e}")))?;
    write_bytes(&path, &page)?;
    pages.push(path);
    for command in below {
        pages_of(
            command,
            &format!("{name}-{}", command.get_name()),
            out,
            pages,
        )?;
    }
    Ok(())
}
