//! What commands print.

use crate::error::{Error, Result};

/// The device called `name`; a word on standard error where it is not the one hoped for.
pub(super) fn open_device(name: &str) -> Result<candle_core::Device> {
    let chosen = crate::assembly::choose_device(name)?;
    notes(chosen.note.as_slice());
    Ok(chosen.device)
}

/// Print what a user should know on standard error.
pub(super) fn notes(notes: &[String]) {
    for note in notes {
        eprintln!("{note}");
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
