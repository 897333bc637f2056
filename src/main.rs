//! The `ravine` binary: parse, run, report.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use ravine::cli::{Cli, run};

/// candle walks a network's gradient graph recursively; deep networks outgrow the usual 8 MiB.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    ravine::kernels::threads::keep_candle_on_one();
    ravine::kernels::memory::keep_what_is_freed();
    let cli = Cli::parse();
    let worker = std::thread::Builder::new()
        .name("ravine".into())
        .stack_size(STACK)
        .spawn(move || run(&cli));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
        Ok(Err(_)) => ExitCode::from(1), // the panic has printed itself
        Err(error) => {
            eprintln!("error: no thread could be started: {error}");
            ExitCode::from(1)
        }
    }
}
