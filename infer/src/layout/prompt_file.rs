//! Files of prompts.

use std::fs;
use std::path::Path;

use crate::error::read_error;
use crate::{Error, Result};

/// Largest file of prompts that is read; `captions_val2014.json` has a tenth.
const MAX_BYTES: u64 = 1 << 28;
/// Longest file name of common file systems, in bytes.
pub(super) const MAX_NAME: usize = 255;

/// What is wrong with a file of prompts; `place` is a line, as `line 3`, or a field.
pub(super) fn wrong(path: &Path, place: &str, reason: impl Into<String>) -> Error {
    Error::Prompts {
        path: path.to_owned(),
        place: if place.is_empty() { String::new() } else { format!(", {place}") },
        reason: reason.into(),
    }
}

/// The text of a file.
///
/// # Errors
/// [`Error::Read`]; [`Error::Prompts`] with the line of what is not UTF-8, and for an endless file.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let length = fs::metadata(path).map_err(read_error(path))?.len();
    if length > MAX_BYTES {
        let reason = format!("{length} bytes are no file of prompts (at most {MAX_BYTES})");
        return Err(wrong(path, "", reason));
    }
    let bytes = fs::read(path).map_err(read_error(path))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        wrong(path, &format!("line {line}"), "it is not UTF-8; save the file as UTF-8")
    })?;
    // Written by some editors on Windows.
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

/// The lines of a file of prompts, without the empty ones at its end.
///
/// # Errors
/// As [`read_text`]; [`Error::Prompts`] for an empty file and for an empty line among others: the
/// evaluators count lines.
pub(super) fn read_lines(path: &Path) -> Result<Vec<String>> {
    let text = read_text(path)?;
    let lines: Vec<String> = text.trim_end().lines().map(|line| line.trim().to_owned()).collect();
    if lines.is_empty() {
        return Err(wrong(path, "", "it is empty; expected one prompt a line"));
    }
    match lines.iter().position(String::is_empty) {
        Some(index) => Err(wrong(path, &line(index), "it is empty; remove it, or write a prompt")),
        None => Ok(lines),
    }
}

/// `line 3` for index 2.
pub(super) fn line(index: usize) -> String {
    format!("line {}", index + 1)
}

/// An id that becomes a file's name, with `.png` behind it.
///
/// # Errors
/// Why it cannot, in words.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    let forbidden = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter);
    if id.is_empty() {
        Err("the id is empty".to_owned())
    } else if let Some(letter) = id.chars().find(|letter| forbidden(*letter)) {
        Err(format!("the id {id:?} has {letter:?}, which a file name cannot have everywhere"))
    } else if id.starts_with('.') {
        Err(format!("the id {id:?} begins with a dot, which hides the file"))
    } else if id.len() + ".png".len() > MAX_NAME {
        let most = MAX_NAME - ".png".len();
        Err(format!("the id has {} bytes; a file name holds {most}", id.len()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(content: &[u8]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.txt");
        fs::write(&path, content).unwrap();
        read_lines(&path)
    }

    #[test]
    fn lines_end_in_any_way() {
        let expected = ["a cat", "a dög"];
        assert_eq!(lines("a cat\na dög".as_bytes()).unwrap(), expected);
        assert_eq!(lines("\u{feff}a cat\r\na dög \r\n\n\n".as_bytes()).unwrap(), expected);
    }

    #[test]
    fn bad_files_are_named_with_the_line() {
        for (content, reason) in [
            (b"".as_slice(), "prompts.txt: it is empty"),
            (b" \n\n", "prompts.txt: it is empty"),
            (b"a\n\nb\n", "prompts.txt, line 2: it is empty"),
            (b"a\nb\n\xff", "prompts.txt, line 3: it is not UTF-8"),
        ] {
            let message = lines(content).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        let missing = read_lines(Path::new("does/not/exist")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read does/not/exist"), "{missing}");
    }

    #[test]
    fn ids_are_harmless_names() {
        for id in ["0", "COCOval2014000000000164", "a b", "ä"] {
            assert_eq!(check_id(id), Ok(()), "{id}");
        }
        let long = "x".repeat(252);
        for id in ["", "../a", "a\\b", ".a", "a\0", long.as_str()] {
            assert!(check_id(id).is_err(), "{id}");
        }
    }
}
