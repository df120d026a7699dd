//! The prompts of a certificate: their hash, and themselves where they are few.

use pixelflow::pipeline::Subject;
use serde::{Deserialize, Serialize};

use crate::prompts::hash_of_texts;

/// Prompts that are written out, at most.
const MOST_WRITTEN: usize = 256;
/// Bytes of prompts that are written out, at most.
const MOST_BYTES: usize = 1 << 16;

/// What a text model drew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedPrompts {
    /// How many there are.
    pub count: usize,
    /// Hash of all.
    pub hash: String,
    /// The prompts, where they are few.
    pub texts: Option<Vec<String>>,
}

impl CertifiedPrompts {
    /// Of the prompts among subjects; `None` where these are classes.
    pub fn of(subjects: &[Subject]) -> Option<Self> {
        let prompt = |subject: &Subject| match subject {
            Subject::Class(_) => None,
            Subject::Prompt { prompt, .. } => Some(prompt.clone()),
        };
        let texts: Vec<String> = subjects.iter().map(prompt).collect::<Option<_>>()?;
        let bytes: usize = texts.iter().map(String::len).sum();
        let is_short = texts.len() <= MOST_WRITTEN && bytes <= MOST_BYTES;
        let (count, hash) = (texts.len(), hash_of_texts(texts.iter().map(String::as_str)));
        Some(Self { count, hash, texts: is_short.then_some(texts) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_prompts_are_written_out_and_many_are_named_by_their_hash() {
        let prompts = |texts: &[&str]| {
            let subjects: Vec<Subject> = texts.iter().map(|text| Subject::prompt(*text)).collect();
            CertifiedPrompts::of(&subjects).unwrap()
        };
        let few = prompts(&["an elf", "a hat"]);
        assert_eq!(few.texts.as_deref(), Some(&["an elf".to_owned(), "a hat".to_owned()][..]));
        assert_ne!(few.hash, prompts(&["an el", "fa hat"]).hash);
        let many = prompts(&["a"; MOST_WRITTEN + 1]);
        assert_eq!((many.count, many.texts), (MOST_WRITTEN + 1, None));
        assert_eq!(prompts(&[&"a".repeat(MOST_BYTES + 1)]).texts, None);
        assert_eq!(CertifiedPrompts::of(&[Subject::Class(0)]), None);
    }
}
