//! States of prompts on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pixelflow::NumberFormat;
use pixelflow::text::{EncodedText, TextStore};
use pixelflow::weights::{DType, SafetensorsWriter, TensorFile};
use sha2::{Digest, Sha256};

use crate::cache_folder::cache_folder;

/// Name of the one tensor of a file.
const STATES: &str = "states";

/// States of prompts, a file for each encoder and text.
///
/// It only saves time: what cannot be read is encoded again, what cannot be written is not kept.
#[derive(Clone, Debug)]
pub struct PromptCache {
    folder: PathBuf,
}

impl PromptCache {
    /// The states that an encoder of this hash, which is of its weights and tokenizer, has made in a
    /// format on a kind of device, in the user's cache folder; `None` where the system has no such
    /// folder.
    pub fn of_encoder(hash: &str, format: NumberFormat, device: &str) -> Option<Self> {
        let folder = cache_folder()?.join("texts").join(format!("{hash}-{format}-{device}"));
        Some(Self::new(&folder))
    }

    /// States in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn write(&self, text: &str, encoded: &EncodedText) -> Option<()> {
        std::fs::create_dir_all(&self.folder).ok()?;
        let width = encoded.values.len() / encoded.tokens;
        let tensors = [(STATES.to_owned(), vec![encoded.tokens, width])];
        let path = self.path(text);
        let mut writer =
            SafetensorsWriter::create(&path, &tensors, DType::F32, &BTreeMap::new()).ok()?;
        writer.push(STATES, &encoded.values).ok()?;
        writer.finish().ok()
    }

    fn path(&self, text: &str) -> PathBuf {
        let digest = Sha256::digest(text.as_bytes());
        let name = |half: &[u8]| {
            let bytes = half.iter().fold(0_u128, |n, byte| n << 8 | u128::from(*byte));
            format!("{bytes:032x}")
        };
        let (first, second) = digest.split_at(16);
        let name = name(first) + &name(second) + ".safetensors";
        self.folder.join(name)
    }
}

impl TextStore for PromptCache {
    /// `None` if the file is missing, damaged, or of another shape.
    fn get(&self, text: &str, tokens: usize, width: usize) -> Option<EncodedText> {
        let file = TensorFile::open(&self.path(text)).ok()?;
        if file.tensors().get(STATES)?.shape != [tokens, width] {
            return None;
        }
        let values = file.read(STATES).ok()?;
        let is_finite = values.iter().all(|value| value.is_finite());
        is_finite.then_some(EncodedText { values, tokens })
    }

    fn keep(&self, text: &str, encoded: &EncodedText) {
        // Without room on the disk the next run encodes again; nothing else is lost.
        let _ = self.write(text, encoded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_under_its_text_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PromptCache::new(&folder.path().join("a/b"));
        let encoded = EncodedText { values: vec![1.0, -2.5, 3.0, 4.0, 5.0, 6.0], tokens: 2 };
        assert_eq!(cache.get("a hat", 2, 3), None);
        cache.keep("a hat", &encoded);
        assert_eq!(cache.get("a hat", 2, 3), Some(encoded));
        assert_eq!(cache.get("a cap", 2, 3), None);
        // Cut elsewhere, or of another width: not what is asked for.
        assert_eq!(cache.get("a hat", 3, 2), None);
    }

    #[test]
    fn damage_is_as_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PromptCache::new(folder.path());
        let encoded = EncodedText { values: vec![f32::NAN], tokens: 1 };
        cache.keep("a hat", &encoded);
        assert_eq!(cache.get("a hat", 1, 1), None);
        std::fs::write(cache.path("a hat"), "damaged").unwrap();
        assert_eq!(cache.get("a hat", 1, 1), None);
    }
}
