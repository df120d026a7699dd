//! The hash that stands for prompts.

use pixelflow::pipeline::Subject;
use sha2::{Digest, Sha256};

/// The first 16 hex digits of the SHA-256 of texts, each behind its length in bytes.
pub fn hash_of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let digest = hash.finalize();
    format!("{:016x}", u64::from_be_bytes(std::array::from_fn(|byte| digest[byte])))
}

/// That of the prompts that are drawn; none where classes are.
pub fn hash_of_prompts(subjects: &[Subject]) -> Option<String> {
    let text = |subject: &'_ Subject| match subject {
        Subject::Prompt { prompt, .. } => Some(prompt.clone()),
        Subject::Class(_) => None,
    };
    let texts: Vec<String> = subjects.iter().map(text).collect::<Option<_>>()?;
    Some(hash_of_texts(texts.iter().map(String::as_str)))
}
