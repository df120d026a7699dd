//! Files of prompts: one prompt a line, or a text in the format of an evaluator.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pixelflow::pipeline::MAX_PROMPT;
use pixelflow::stand_in::pointer;

use crate::error::read_error;
use crate::{Error, Result};

/// Largest file of prompts that is read, in bytes; COCO's `captions_val2014.json` has an eighth.
const MAX_BYTES: u64 = 1 << 28;

/// The prompts of a file, one a line, or of the standard input for `-`; empty lines are left out.
///
/// # Errors
/// As [`read_text`]; [`Error::Prompts`] for a file without prompts, and with the line of one that is too
/// long.
pub fn read_prompts(path: &Path) -> Result<Vec<String>> {
    let is_input = path == Path::new("-");
    let text = if is_input { text_of(path, Ok(io::stdin().lock())) } else { read_text(path) }?;
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let prompts = lines.map(|(index, prompt)| {
        check_length(prompt).map_err(|reason| wrong(path, &line(index), reason))?;
        Ok(prompt.to_owned())
    });
    let prompts = prompts.collect::<Result<Vec<_>>>()?;
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
    if let Some(what) = pointer(&bytes) {
        return Err(wrong(path, "", what));
    }
    let fault_at = |place: usize, reason: String| {
        let ends = bytes[..place].iter().enumerate().filter(|(place, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(place + 1) != Some(&b'\n'),
            _ => false,
        });
        wrong(path, &line(ends.count()), reason)
    };
    if let Some(encoding) = utf_16(&bytes) {
        let reason = {
            let kind = &encoding[..6];
            format!("it is {kind}; save it as UTF-8, with {}", as_utf_8(encoding, path))
        };
        return Err(fault_at(0, reason));
    }
    if let Some(place) = bytes.iter().position(|byte| *byte == 0) {
        return Err(fault_at(
            place,
            "it has a NUL byte; remove it, or give a text file".to_owned(),
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let advice = as_utf_8("WINDOWS-1252", path);
        let reason = format!("it is not UTF-8; save it as UTF-8, if it is Latin-1 with {advice}");
        fault_at(error.valid_up_to(), reason)
    })?;
    // Editors of some systems begin a file with a mark, and end lines in other ways.
    let text = text.trim_start_matches('\u{feff}');
    Ok(if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    })
}

/// The form of UTF-16, or UTF-32, that a text is in: it begins with a mark, or all its zeros are the same half of
/// its letters and it is not a text with some stray zeros.
fn utf_16(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Some("UTF-32");
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some("UTF-16");
    }
    let zeros = |half: usize| bytes.iter().skip(half).step_by(2).filter(|byte| **byte == 0).count();
    let form = match [zeros(0), zeros(1)] {
        [0, odd] if odd > 0 => "UTF-16LE",
        [even, 0] if even > 0 => "UTF-16BE",
        _ => return None,
    };
    let are_many = 4 * (zeros(0) + zeros(1)) >= bytes.len();
    (are_many || std::str::from_utf8(bytes).is_err()).then_some(form)
}

/// The command that makes a file UTF-8.
fn as_utf_8(encoding: &str, path: &Path) -> String {
    if path == Path::new("-") {
        return format!("`iconv -f {encoding} -t UTF-8`");
    }
    // A name that begins with a dash would be an option.
    let path = if path.is_relative() { Path::new(".").join(path) } else { path.to_owned() };
    let ending = path.extension().map(|ending| format!("utf8.{}", ending.to_string_lossy()));
    let to = path.with_extension(ending.as_deref().unwrap_or("utf8"));
    let [from, to] = [&path, &to].map(|path| {
        shlex::try_quote(&path.to_string_lossy()).map_or("FILE".to_owned(), Cow::into_owned)
    });
    format!("`iconv -f {encoding} -t UTF-8 {from} > {to}`")
}

/// Checks that a text encoder reads a prompt.
///
/// # Errors
/// Why not, in words.
pub(crate) fn check_length(prompt: &str) -> Result<(), String> {
    if prompt.len() <= MAX_PROMPT {
        return Ok(());
    }
    Err(format!("it has {} bytes, at most {MAX_PROMPT} are read; shorten it", prompt.len()))
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
            for content in ["a cat\na dög", "\u{feff}a cat\r\n  a dög \r\n\n\n", "a cat\ra dög\r"]
            {
                assert_eq!(read(reader, content.as_bytes()).unwrap(), ["a cat", "a dög"]);
            }
        }
        assert_eq!(read(read_prompts, b"a\n\n b\n").unwrap(), ["a", "b"]);
    }

    #[test]
    fn bad_files_are_named_with_the_line() {
        let utf_16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let (western, marked) = (utf_16("a\nb"), utf_16("\u{feff}猫"));
        let (chinese, big): (_, Vec<u8>) =
            (utf_16("猫\n犬"), "a b".encode_utf16().flat_map(u16::to_be_bytes).collect());
        let cases: [(Reader, &[u8], &str); 14] = [
            (
                read_prompts,
                &western,
                "line 1: it is UTF-16; save it as UTF-8, with `iconv -f UTF-16LE ",
            ),
            (
                read_lines,
                &chinese,
                "line 1: it is UTF-16; save it as UTF-8, with `iconv -f UTF-16LE ",
            ),
            (
                read_prompts,
                &big,
                "line 1: it is UTF-16; save it as UTF-8, with `iconv -f UTF-16BE ",
            ),
            (
                read_prompts,
                &marked,
                "line 1: it is UTF-16; save it as UTF-8, with `iconv -f UTF-16 -t",
            ),
            (read_prompts, b"a cat on ice\na\0b", "line 2: it has a NUL byte; remove it"),
            (
                read_prompts,
                b"a\rb\r\nc\xe9",
                "line 3: it is not UTF-8; save it as UTF-8, if it is Latin-1",
            ),
            (read_lines, b"a\xe9\n", "prompts.txt > "),
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
