//! The rules that have told which noise an image starts from.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ImageRequest, Subject};
use crate::sampler::ImageKey;

/// Bits of an image's number in the first rule's key; above them stands what the image shows.
const NUMBER_BITS: u32 = 31;

/// How an image's noise is keyed; the rule is part of what a picture says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub enum NoiseRule {
    /// By seed, number, and class or prompt: another word is another composition.
    SubjectToo,
    /// By seed and number alone: hold them, change the class or a word, and the composition stays.
    #[default]
    SeedAndNumber,
}

impl NoiseRule {
    /// The rule of recipes without a `noise` field, which were written before the second rule existed.
    pub fn unsaid() -> Self {
        Self::SubjectToo
    }

    /// The numbers that images may have under the rule are less than this.
    pub fn numbers(self) -> u64 {
        match self {
            Self::SubjectToo => 1 << NUMBER_BITS,
            // The highest bit tells the two copies of the reference's Dopri5 apart.
            Self::SeedAndNumber => 1 << 63,
        }
    }

    /// The key of an image's noise: its number; in the first rule, `number + subject * 2^31`.
    pub(super) fn key(self, image: &ImageRequest) -> ImageKey {
        let subject = match (self, &image.subject) {
            (Self::SeedAndNumber, _) => 0,
            (Self::SubjectToo, Subject::Class(class)) => *class as u64,
            (Self::SubjectToo, Subject::Prompt { prompt, .. }) => {
                let digest = Sha256::digest(prompt.as_bytes());
                u64::from_be_bytes(std::array::from_fn(|byte| digest[byte])) >> NUMBER_BITS
            }
        };
        ImageKey { seed: image.seed, index: image.number | subject << NUMBER_BITS }
    }
}

impl From<NoiseRule> for u32 {
    fn from(rule: NoiseRule) -> Self {
        match rule {
            NoiseRule::SubjectToo => 1,
            NoiseRule::SeedAndNumber => 2,
        }
    }
}

impl TryFrom<u32> for NoiseRule {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self::SubjectToo),
            2 => Ok(Self::SeedAndNumber),
            _ => Err(format!("noise rule {version} is newer than this program")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_tells_subjects_apart_and_the_second_does_not() {
        let image = |subject| ImageRequest { subject, seed: 7, number: 3 };
        let classes = [0, 5].map(|class| image(Subject::Class(class)));
        let [first, second] = classes.each_ref().map(|image| NoiseRule::SubjectToo.key(image));
        assert_eq!((first.index, second.index), (3, 3 | 5 << 31));
        let prompt = image(Subject::prompt("a hat"));
        for image in classes.iter().chain([&prompt]) {
            assert_eq!(NoiseRule::SeedAndNumber.key(image), first);
        }
        // Recorded once: pictures of the first rule must still replay.
        assert_eq!(NoiseRule::SubjectToo.key(&prompt).index & 0x7fff_ffff, 3);
    }
}
