//! Reading prompts from a file.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::error::read_error;
use crate::{Error, Result};

/// Largest file of prompts that is read: 64 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// The prompts of a file, one a line, or of the standard input for `-`; empty lines are left out.
///
/// # Errors
/// [`Error::Read`], or [`Error::Prompts`] for a file without prompts, that is too large, or is not
/// UTF-8, naming the line.
pub fn read_prompts(path: &Path) -> Result<Vec<String>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    }
    .map_err(read_error(path))?;
    let unusable = |place: String, reason: &str| Error::Prompts {
        path: path.to_owned(),
        place,
        reason: reason.to_owned(),
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unusable(String::new(), "it has more than 64 MiB; cut it into parts"));
    }
    let mut prompts = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = std::str::from_utf8(line).map_err(|_| {
            unusable(
                format!(", line {}", number + 1),
                "it is not UTF-8; save the file in that encoding",
            )
        })?;
        // Editors of some systems begin a file with a mark, and end lines with a return.
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            prompts.push(line.to_owned());
        }
    }
    if prompts.is_empty() {
        return Err(unusable(String::new(), "it has no prompts; write one a line"));
    }
    Ok(prompts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.txt");
        fs::write(&path, content).unwrap();
        read_prompts(&path)
    }

    #[test]
    fn a_prompt_a_line() {
        let prompts = read("\u{feff}a red robe\r\n\n  ein grüner Hut \n".as_bytes()).unwrap();
        assert_eq!(prompts, ["a red robe", "ein grüner Hut"]);
    }

    #[test]
    fn what_holds_no_prompts_is_refused_with_the_reason() {
        for (content, reason) in [
            (b"".as_slice(), "no prompts"),
            (b"\n \n", "no prompts"),
            (b"good\nb\xffad\n", "line 2: it is not UTF-8"),
        ] {
            let message = read(content).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}
