//! Standard output, which may be full, or a pipe that nobody reads any more.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes a result to standard output. A reader that has closed the pipe has read enough.
///
/// # Errors
/// What could not be written, with the reason.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    match written {
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output cannot be written"),
    }
}
