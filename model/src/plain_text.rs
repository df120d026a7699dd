//! Text that others have written: read whole, up to a length, without the mark before it.
//!
//! Some editors begin a text by the mark U+FEFF, which tells byte orders apart and means nothing in
//! UTF-8; parsers refuse it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::stand_in::stand_in;

/// Longest description of a model that is read, in bytes: a million classes have long names in it.
pub const MAX_DESCRIPTION: u64 = 64 << 20;

/// The text of a file of at most `most` bytes, without the mark.
///
/// # Errors
/// What the operating system says; [`io::ErrorKind::InvalidData`] if it is longer, no UTF-8, or what
/// [stands in](stand_in) for a file.
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    of_bytes(bytes, most)
}

/// The text of the bytes of a file, as [`read`] has it.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`], as [`read`].
pub fn of_bytes(bytes: Vec<u8>, most: u64) -> io::Result<String> {
    let invalid = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    if bytes.len() as u64 > most {
        return invalid(format!("it has more than {most} bytes"));
    }
    if let Some(what) = stand_in(&bytes) {
        return invalid(what.to_owned());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return invalid("it is UTF-16; save it as UTF-8".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(without_mark(&text).to_owned()),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            invalid(format!("byte {at} is not UTF-8; save it as UTF-8"))
        }
    }
}

/// A text without the mark before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
