//! Files of prompts: one prompt a line, or a text in the format of an evaluator.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::read_error;
use crate::{Error, Result};

/// Largest file of prompts that is read, in bytes; COCO's `captions_val2014.json` has an eighth.
const MAX_BYTES: u64 = 1 << 28;

/// The prompts of a file, one a line, or of the standard input for `-`; empty lines are left out.
///
/// # Errors
/// As [`read_text`]; [`Error::Prompts`] for a file without prompts.
pub fn read_prompts(path: &Path) -> Result<Vec<String>> {
    let is_input = path == Path::new("-");
    let text = if is_input { text_of(path, Ok(io::stdin().lock())) } else { read_text(path) }?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let prompts: Vec<String> = lines.map(str::to_owned).collect();
    if prompts.is_empty() {
        return Err(wrong(path, "", "it has no prompts; write one a line"));
    }
    Ok(prompts)
}

/// The lines of a file of prompts, without the empty ones at its end.
///
/// # Errors
/// As [`read_text`]; [`Error::Prompts`] for an empty file and for an empty line among others: the
/// evaluators count lines.
pub(crate) fn read_lines(path: &Path) -> Result<Vec<String>> {
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

/// The text of a file.
///
/// # Errors
/// [`Error::Read`]; [`Error::Prompts`] with the line of what is not UTF-8, and for an endless file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    text_of(path, File::open(path))
}

fn text_of(path: &Path, source: io::Result<impl Read>) -> Result<String> {
    let mut bytes = Vec::new();
    source
        .and_then(|source| source.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(read_error(path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(wrong(path, "", "it has more than 256 MiB; cut it into parts"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count() - 1;
        wrong(path, &line(before), "it is not UTF-8; save the file as UTF-8")
    })?;
    // Editors of some systems begin a file with a mark.
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The error for a file of prompts; `place` is a line, as `line 3`, or a field.
pub(crate) fn wrong(path: &Path, place: &str, reason: impl Into<String>) -> Error {
    Error::Prompts {
        path: path.to_owned(),
        place: if place.is_empty() { String::new() } else { format!(", {place}") },
        reason: reason.into(),
    }
}

/// `line 3` for index 2.
pub(crate) fn line(index: usize) -> String {
    format!("line {}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Reader = fn(&Path) -> Result<Vec<String>>;

    fn read(reader: Reader, content: &[u8]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.txt");
        std::fs::write(&path, content).unwrap();
        reader(&path)
    }

    #[test]
    fn lines_end_in_any_way_and_the_encoding_may_be_marked() {
        for reader in [read_prompts, read_lines] {
            for content in ["a cat\na dög", "\u{feff}a cat\r\n  a dög \r\n\n\n"] {
                assert_eq!(read(reader, content.as_bytes()).unwrap(), ["a cat", "a dög"]);
            }
        }
        assert_eq!(read(read_prompts, b"a\n\n b\n").unwrap(), ["a", "b"]);
    }

    #[test]
    fn bad_files_are_named_with_the_line() {
        let cases: [(Reader, &[u8], &str); 7] = [
            (read_prompts, b"", "prompts.txt: it has no prompts"),
            (read_prompts, b"\n \n", "prompts.txt: it has no prompts"),
            (read_prompts, b"good\nb\xffad\n", "prompts.txt, line 2: it is not UTF-8"),
            (read_lines, b"", "prompts.txt: it is empty"),
            (read_lines, b" \n\n", "prompts.txt: it is empty"),
            (read_lines, b"a\n\nb\n", "prompts.txt, line 2: it is empty"),
            (read_lines, b"a\nb\n\xff", "prompts.txt, line 3: it is not UTF-8"),
        ];
        for (reader, content, reason) in cases {
            let message = read(reader, content).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        let missing = read_lines(Path::new("does/not/exist")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read does/not/exist"), "{missing}");
    }

    #[test]
    fn an_endless_file_is_refused() {
        let message = text_of(Path::new("endless"), Ok(io::repeat(b'a'))).unwrap_err().to_string();
        assert_eq!(message, "endless: it has more than 256 MiB; cut it into parts");
    }
}
