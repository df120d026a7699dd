//! The members of a sample: their names, their places and what their texts say.

use serde_json::{Map, Value};

use crate::{Error, Result, decode};

/// Largest `.json`, `.cls` or `.txt` member that is read: 1 MiB.
pub const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Where the bytes of a member lie in the tar file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// First byte.
    pub(super) offset: u64,
    /// Number of bytes.
    pub(super) length: usize,
}

/// The member that holds the caption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caption {
    /// A `.txt`.
    Text(Span),
    /// Perhaps a field of a `.json`.
    Json(Span),
}

/// What a member is to its sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The image.
    Image,
    /// `.json`: label and caption in fields.
    Json,
    /// `.cls`: the label.
    Class,
    /// `.txt`: the caption.
    Text,
}

impl Role {
    /// The role that a member's name tells, if it has one.
    fn of(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "cls" => Some(Self::Class),
            "txt" => Some(Self::Text),
            other => decode::EXTENSIONS.contains(&other).then_some(Self::Image),
        }
    }

    /// Largest member of this role.
    pub(super) fn limit(self) -> u64 {
        if self == Self::Image { decode::MAX_IMAGE_BYTES } else { MAX_TEXT_BYTES }
    }
}

/// Key of the sample and role in it that a member's path tells.
///
/// The key is the path up to the first dot of the file name. `None` for hidden files and for
/// members that are neither image nor text.
pub(super) fn key_and_role(path: &str) -> Option<(&str, Role)> {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name + path[name..].find('.').filter(|&dot| dot > 0)?;
    Some((&path[..dot], Role::of(&path[dot + 1..])?))
}

/// What makes a member's path dangerous to anyone who unpacks it, if anything.
pub(super) fn danger(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with(['/', '\\']) || drive {
        Some("has an absolute path")
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some("has `..` in its path")
    } else {
        None
    }
}

/// The text of a `.cls` or `.txt` member.
pub(super) fn parse_text<'a>(bytes: &'a [u8], record: &str) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| Error::InvalidText {
        record: record.to_owned(),
        reason: error.to_string(),
    })
}

/// The fields of a `.json` member.
pub(super) fn parse_json(bytes: &[u8], record: &str) -> Result<Map<String, Value>> {
    serde_json::from_slice(bytes).map_err(|error| Error::InvalidText {
        record: record.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_ends_at_the_first_dot_of_the_file_name() {
        for (path, expected) in [
            ("000.png", Some(("000", Role::Image))),
            ("./a.b/000.JPG", Some(("./a.b/000", Role::Image))),
            ("x/000.json", Some(("x/000", Role::Json))),
            ("000.cls", Some(("000", Role::Class))),
            ("000.txt", Some(("000", Role::Text))),
            ("000.seg.png", None),
            ("000.mp4", None),
            ("000", None),
            (".png", None),
            ("a/._000.png", None),
        ] {
            assert_eq!(key_and_role(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_that_lead_outside_are_dangerous() {
        for path in ["/etc/passwd", "\\x", "C:\\x", "../a.png", "a/../../b.png", "a\\..\\b", ".."] {
            assert!(danger(path).is_some(), "{path}");
        }
        for path in ["a.png", "./a/b.png", "a..b/..c.png", "a...png"] {
            assert_eq!(danger(path), None, "{path}");
        }
    }
}
