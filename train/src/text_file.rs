//! Texts that users write.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::error::read_error;

/// The text of a file, without the byte order mark that some editors put in front.
///
/// # Errors
/// [`crate::Error::Read`].
pub fn read_text(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).map_err(read_error(path))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
