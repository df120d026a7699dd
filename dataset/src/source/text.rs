//! Texts of data sets: names and contents of files, of whatever encoding.

use std::fmt::Write;
use std::path::Path;

use crate::{Error, Result};

/// A name as messages show it: what is not UTF-8, and what controls terminals, is escaped, so that
/// different names stay different.
pub(super) fn shown(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() {
                text.extend(letter.escape_default());
            } else {
                text.push(letter);
            }
        }
        for byte in chunk.invalid() {
            // A String takes everything.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The same for a path.
pub(super) fn shown_path(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes())
}

/// The text of a file or member, without the byte order mark that editors put in front.
///
/// # Errors
/// [`Error::InvalidText`], naming `record`, for what is not UTF-8.
pub(super) fn parse_text<'a>(bytes: &'a [u8], record: &str) -> Result<&'a str> {
    let invalid = |reason| Error::InvalidText { record: record.to_owned(), reason };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(invalid(
            "it is UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8)".to_owned(),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        invalid(format!("{error}; save it as UTF-8 (from Windows: iconv -f cp1252 -t utf-8)"))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_different_and_control_no_terminal() {
        for (name, expected) in [
            (b"caf\xe9".as_slice(), "caf\\xe9"),
            (b"caf\xe8", "caf\\xe8"),
            ("café".as_bytes(), "café"),
            (b"\x1b[31m", "\\u{1b}[31m"),
        ] {
            assert_eq!(shown(name), expected);
        }
    }

    #[test]
    fn one_byte_order_mark_is_no_part_of_a_text() {
        assert_eq!(parse_text(b"\xef\xbb\xbfa", "x").unwrap(), "a");
        for (bytes, advice) in
            [(b"\xff\xfea\0".as_slice(), "iconv -f utf-16"), (b"caf\xe9", "iconv -f cp1252")]
        {
            let message = parse_text(bytes, "x.txt").unwrap_err().to_string();
            assert!(message.starts_with("x.txt is not valid: ") && message.contains(advice));
        }
    }
}
