//! What commands print.

use std::sync::atomic::{AtomicU8, Ordering};

use indicatif::ProgressBar;

use crate::error::{Error, Result};

/// The device called `name`; a word on standard error where it is not the one hoped for.
pub(super) fn open_device(name: &str) -> Result<candle_core::Device> {
    let chosen = crate::assembly::choose_device(name)?;
    notes(chosen.note.as_slice());
    Ok(chosen.device)
}

/// How much is said beside results: 0 nothing, 1 what a user should know, 2 what every step journals.
static LOUDNESS: AtomicU8 = AtomicU8::new(1);

/// Follow `--quiet` and `--verbose` from here on.
pub(super) fn set_loudness(quiet: bool, verbose: bool) {
    let loudness = if quiet { 0 } else { 1 + u8::from(verbose) };
    LOUDNESS.store(loudness, Ordering::Relaxed);
}

/// Whether nothing is said beside results and errors.
pub(super) fn is_quiet() -> bool {
    LOUDNESS.load(Ordering::Relaxed) == 0
}

/// Whether everything is said.
pub(super) fn is_verbose() -> bool {
    LOUDNESS.load(Ordering::Relaxed) == 2
}

/// Say on standard error what a user should know.
pub(super) fn note(text: &str) {
    if !is_quiet() {
        eprintln!("{text}");
    }
}

/// A bar for `count` things, on a terminal only.
pub(super) fn bar(count: usize) -> ProgressBar {
    if is_quiet() {
        return ProgressBar::hidden();
    }
    ProgressBar::new(count as u64)
}

/// Say several sentences.
pub(super) fn notes(notes: &[String]) {
    for text in notes {
        note(text);
    }
}

/// Print a result for machines: one JSON object on standard output.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|e| Error::Failed(format!("the result cannot be written: {e}")))?;
    print_text(&format!("{text}\n"))
}

/// Print a result on standard output; a reader that has gone away is not an error.
pub(super) fn print_text(text: &str) -> Result<()> {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::Failed(format!(
            "standard output cannot be written: {e}"
        ))),
        _ => Ok(()),
    }
}
