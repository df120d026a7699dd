//! What the programs say on standard output.

use std::fmt::Display;
use std::io::{self, Write};

use crate::{Error, Result, explain};

/// Writes a line. If its reader has gone, as `head` goes, there is nobody left to tell.
///
/// # Errors
/// [`Error::Output`] for everything else, such as a full disk.
pub fn say(line: impl Display) -> Result<()> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Output { reason: explain(&error) })
        }
        _ => Ok(()),
    }
}
