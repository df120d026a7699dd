//! The members of a sample: their names, their places and what their texts say.

use std::num::NonZeroU32;
use std::path::Path;

use pixelflow::excerpt::excerpt;
use serde_json::{Map, Value};

use crate::source::text::parse_text;
use crate::{Error, Result, decode};

/// Largest `.json`, `.cls` or `.txt` member that is read: 1 MiB.
pub const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Bytes of a tar block: headers are one, members begin at one and are padded to whole ones.
pub(super) const BLOCK: u64 = 512;

/// Largest tar file that is read: 2 TiB, where the numbers of blocks end.
pub(super) const MAX_TAR_BYTES: u64 = BLOCK << 32;

/// Where the bytes of a member lie in the tar file. Of a large data set there are millions: 8 bytes, as an
/// `Option` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Number of the first block; a header is before it.
    block: NonZeroU32,
    length: u32,
}

impl Span {
    /// Bytes of a member from `offset` on; none where no member can begin, and of 4 GiB or more.
    pub(super) fn new(offset: u64, bytes: u64) -> Option<Self> {
        let block = u32::try_from(offset / BLOCK).ok().filter(|_| offset.is_multiple_of(BLOCK));
        Some(Self { block: NonZeroU32::new(block?)?, length: u32::try_from(bytes).ok()? })
    }

    /// The first byte.
    pub(super) fn offset(self) -> u64 {
        u64::from(self.block.get()) * BLOCK
    }

    /// Number of bytes.
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.length)
    }

    /// Its beginning, `bytes` long at most.
    pub(super) fn beginning(self, bytes: usize) -> Self {
        Self { length: self.length.min(u32::try_from(bytes).unwrap_or(u32::MAX)), ..self }
    }
}

/// What a member is to its sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The image.
    Image,
    /// `.json`: label and captions in fields.
    Json,
    /// `.cls`: the label.
    Class,
    /// `.txt`: a caption a line.
    Text,
}

impl Role {
    /// The role that the end of a member's name tells, if it has one.
    fn of(extension: &[u8]) -> Option<Self> {
        match extension.to_ascii_lowercase().as_slice() {
            b"json" => Some(Self::Json),
            b"cls" => Some(Self::Class),
            b"txt" => Some(Self::Text),
            other => {
                decode::EXTENSIONS.iter().any(|end| end.as_bytes() == other).then_some(Self::Image)
            }
        }
    }
}

/// What a member's path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// A member of the sample `key`, its path up to the last dot.
    Sample(&'a [u8], Role),
    /// An image of a format that is not read.
    Unsupported,
    /// No part of any sample, and why.
    Other(&'static str),
}

impl<'a> Named<'a> {
    pub(super) fn of(path: &'a [u8]) -> Self {
        let start = name_start(path);
        let Some(dot) = path[start..].iter().rposition(|&byte| byte == b'.') else {
            return Self::Other("has no ending");
        };
        if path[start] == b'.' {
            return Self::Other("is hidden");
        }
        let (key, extension) = (&path[..start + dot], &path[start + dot + 1..]);
        if let Some(role) = Role::of(extension) {
            return Self::Sample(key, role);
        }
        let extension = [b"x.".as_slice(), extension].concat();
        let name = std::str::from_utf8(&extension).unwrap_or_default();
        if decode::is_unsupported_image(Path::new(name)) {
            return Self::Unsupported;
        }
        Self::Other("is neither an image nor a text of one")
    }
}

/// The key of the sample to which a member with more than one dot may belong: `0` of `0.depth`, which
/// is what `webdataset` goes by.
pub(super) fn short_key(key: &[u8]) -> Option<&[u8]> {
    let start = name_start(key);
    let dot = key[start..].iter().position(|&byte| byte == b'.')?;
    Some(&key[..start + dot])
}

/// Where the file name in a path begins.
fn name_start(path: &[u8]) -> usize {
    path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1)
}

/// What makes a member's path dangerous to anyone who unpacks it, if anything.
pub(super) fn danger(path: &[u8]) -> Option<&'static str> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let drive = path.get(1) == Some(&b':');
    if path.first().is_some_and(is_slash) || drive {
        Some("has an absolute path")
    } else if path.split(is_slash).any(|part| part == b"..") {
        Some("has `..` in its path")
    } else {
        None
    }
}

/// The fields of a `.json` member.
///
/// # Errors
/// [`Error::InvalidText`], naming `record`.
pub(super) fn parse_json(bytes: &[u8], record: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(parse_text(bytes, record)?).map_err(|error| Error::InvalidText {
        record: record.to_owned(),
        reason: excerpt(&error.to_string()).into_owned(),
    })
}

/// The captions in a field of a `.json` member: a text or a list of texts.
///
/// # Errors
/// [`Error::InvalidText`], naming `record`, for anything else.
pub(super) fn json_captions(value: Option<&Value>, record: &str) -> Result<Vec<String>> {
    let texts = match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::String(text)) => Some(vec![text.as_str()]),
        Some(Value::Array(texts)) => texts.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let texts = texts.ok_or_else(|| Error::InvalidText {
        record: record.to_owned(),
        reason: "its caption is neither a text nor a list of texts".to_owned(),
    })?;
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    Ok(texts.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_sample_and_role() {
        let sample = Named::Sample;
        for (path, expected) in [
            ("000.png", sample(b"000", Role::Image)),
            ("./a.b/000.JPG", sample(b"./a.b/000", Role::Image)),
            ("x/000.json", sample(b"x/000", Role::Json)),
            ("000.cls", sample(b"000", Role::Class)),
            ("000.txt", sample(b"000", Role::Text)),
            ("IMG_22.05.jfif", sample(b"IMG_22.05", Role::Image)),
            ("000.seg.npy", Named::Other("is neither an image nor a text of one")),
            ("a/000.TIFF", Named::Unsupported),
            ("a.b/000", Named::Other("has no ending")),
            (".png", Named::Other("is hidden")),
            ("a/._000.png", Named::Other("is hidden")),
        ] {
            assert_eq!(Named::of(path.as_bytes()), expected, "{path}");
        }
        assert_eq!(short_key(b"a.b/0.depth.x"), Some(b"a.b/0".as_slice()));
        assert_eq!(short_key(b"a.b/0"), None);
    }

    #[test]
    fn a_span_takes_eight_bytes() {
        assert_eq!(size_of::<Option<Span>>(), 8);
        let last = Span::new(MAX_TAR_BYTES - BLOCK, 3).unwrap();
        assert_eq!((last.offset(), last.bytes()), (MAX_TAR_BYTES - BLOCK, 3));
        assert_eq!((last.beginning(2).bytes(), last.beginning(usize::MAX).bytes()), (2, 3));
        for (offset, bytes) in [(0, 1), (513, 1), (MAX_TAR_BYTES, 1), (512, 1 << 32)] {
            assert_eq!(Span::new(offset, bytes), None, "{offset}");
        }
    }

    #[test]
    fn paths_that_lead_outside_are_dangerous() {
        for path in ["/etc/passwd", "\\x", "C:\\x", "../a.png", "a/../../b.png", "a\\..\\b", ".."] {
            assert!(danger(path.as_bytes()).is_some(), "{path}");
        }
        for path in ["a.png", "./a/b.png", "a..b/..c.png", "a...png"] {
            assert_eq!(danger(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn captions_are_a_text_or_a_list_of_texts() {
        let captions = |json: &str| json_captions(Some(&serde_json::from_str(json).unwrap()), "x");
        assert_eq!(captions(r#"["a", "", "b"]"#).unwrap(), ["a", "b"]);
        assert_eq!(captions(r#"" a""#).unwrap(), [" a"]);
        assert!(captions("null").unwrap().is_empty());
        for bad in ["3", r#"["a", 3]"#, "{}"] {
            assert!(captions(bad).unwrap_err().is_corrupt_record(), "{bad}");
        }
    }
}
