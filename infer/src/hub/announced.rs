//! What the Hub says of a file before it is fetched.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Digest, Sha256};
use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG};

use super::connection::Answer;

/// What a file is known by, and how long it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announced {
    /// Its name in the cache: the SHA-256 of large files, git's SHA-1 of small ones.
    pub tag: String,
    /// In bytes, if the Hub says so.
    pub size: Option<u64>,
}

impl Announced {
    /// Reads what was answered about a file of `commit`, and checks what becomes part of a path.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(answer: &Answer, commit: &str) -> Result<Self, String> {
        // Before a file lies elsewhere, the Hub itself says what it is.
        let leaving = answer.redirects.iter().filter(|(headers, leaves)| {
            headers.contains_key("x-linked-etag") || *leaves && headers.contains_key(ETAG)
        });
        let said = leaving.map(|(headers, _)| headers).next().unwrap_or(&answer.headers);
        if let Some(other) = text(said, "x-repo-commit").filter(|other| other != commit) {
            return Err(format!("it is of the commit `{}`", other.escape_debug()));
        }
        let tag = text(said, "x-linked-etag").or_else(|| text(said, ETAG.as_str()));
        let tag = tag.unwrap_or_default().trim_start_matches("W/").replace('"', "");
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        if tag.is_empty() || tag.len() > 128 || !tag.chars().all(is_plain) {
            return Err(format!("it has the tag `{}`", tag.escape_debug()));
        }
        let number = |name: &str| text(said, name).and_then(|size| size.parse().ok());
        let range = content_range(&answer.headers).and_then(|(_, size)| size);
        let whole = (answer.status == 200).then(|| text(&answer.headers, CONTENT_LENGTH.as_str()));
        let whole = whole.flatten().and_then(|size| size.parse().ok());
        let announced = Self { tag, size: number("x-linked-size").or(range).or(whole) };
        if announced.size.is_none() && !announced.has_hash() {
            return Err("it says neither how long it is nor its hash".to_owned());
        }
        Ok(announced)
    }

    fn has_hash(&self) -> bool {
        matches!(self.tag.len(), 40 | 64) && self.tag.chars().all(|digit| digit.is_ascii_hexdigit())
    }

    /// How a file differs from what was announced, if it does.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn damage(&self, path: &Path) -> io::Result<Option<String>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if let Some(size) = self.size.filter(|size| *size != length) {
            return Ok(Some(format!("it has {length} bytes instead of {size}")));
        }
        if !self.has_hash() {
            return Ok(None);
        }
        let mut sums: Vec<Box<dyn DynDigest>> = match self.tag.len() {
            64 => vec![Box::new(Sha256::new())],
            // Git's, and that of mirrors which know nothing of git.
            _ => vec![
                Box::new(Sha1::new_with_prefix(format!("blob {length}\0"))),
                Box::new(Sha1::new()),
            ],
        };
        let mut chunk = vec![0; 1 << 16];
        loop {
            match file.read(&mut chunk)? {
                0 => break,
                length => sums.iter_mut().for_each(|sum| sum.update(&chunk[..length])),
            }
        }
        let name = if self.tag.len() == 64 { "SHA-256" } else { "SHA-1" };
        let sums: Vec<String> = sums.into_iter().map(|sum| hex(&sum.finalize())).collect();
        let is_right = sums.contains(&self.tag.to_lowercase());
        Ok((!is_right).then(|| format!("its {name} is {} instead of {}", sums[0], self.tag)))
    }
}

/// Where a part begins, and how long the whole is: `bytes 5-9/10`, or `bytes */0` of nothing.
pub(super) fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let text = text(headers, CONTENT_RANGE.as_str())?;
    let (part, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = part.split('-').next().and_then(|start| start.trim().parse().ok());
    Some((start, size.trim().parse().ok()))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_checked_by_what_its_tag_is() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("file");
        std::fs::write(&path, "hello\n").unwrap();
        let damage = |tag: &str, size| {
            let announced = Announced { tag: tag.to_owned(), size };
            announced.damage(&path).unwrap()
        };
        // `git hash-object`, `sha1sum`, `sha256sum`, and a tag that says nothing.
        for tag in [
            "ce013625030ba8dba906f756967f9e9ca394464a",
            "F572D396FAE9206628714FB2CE00F72E94F2258F",
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
            "version-7",
        ] {
            assert_eq!(damage(tag, Some(6)), None);
            assert_eq!(damage(tag, Some(7)).unwrap(), "it has 6 bytes instead of 7");
        }
        for length in [40, 64] {
            let wrong = damage(&"0".repeat(length), None).unwrap();
            assert!(wrong.starts_with("its SHA-") && wrong.contains("instead of 0"), "{wrong}");
        }
    }
}
