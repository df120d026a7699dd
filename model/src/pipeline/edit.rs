//! A picture that a request begins with, and what of it shall stay.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::base64_bytes;
use crate::Result;
use crate::sampler::{Original, OriginalConfig, Sampler};

/// How much is drawn anew where nothing is said, and the whole picture may change.
const STRENGTH: f64 = 0.6;

/// A picture that drawing begins with instead of noise, and what of it shall stay.
///
/// [`of`](Self::of) makes another picture of the whole, [`inpaint`](Self::inpaint) draws a part of it anew;
/// what happens in between is said at [`Original`]. Outside the mask the finished image has the picture's own
/// bytes.
///
/// ```
/// use pixelflow::Request;
/// use pixelflow::pipeline::{Edit, Mask, Picture};
/// let picture = Picture::new([32, 32], vec![128; 3 * 32 * 32]);
/// let right: Vec<u8> = (0..32 * 32).map(|pixel| if pixel % 32 < 16 { 0 } else { 255 }).collect();
/// let edit = Edit::inpaint(picture, Mask::new([32, 32], right)).resample(2);
/// let request = Request::class(3).seed(7).edit(edit);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The picture, of the size of the images; where drawing begins at a stage and nothing stays, the size of
    /// the stage before it is enough.
    pub picture: Picture,
    /// Where drawing begins.
    pub begin: Begin,
    /// Which pixels are drawn anew; without it all are.
    pub mask: Option<Mask>,
    /// How often the second half of each stage is gone through: more than once harmonises the seam of what stays and what is
    /// drawn. 1 to 32.
    pub resample: usize,
}

/// Where an edit begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Begin {
    /// How much is drawn anew: of 1 everything is, as without a picture; of 0 nothing.
    Strength(f64),
    /// At the start of a stage, counted from 0: what the picture shows in half the stage's sides is kept.
    Stage(usize),
}

/// An RGB picture of 8 bits a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Height and width in pixels.
    pub size: [usize; 2],
    /// Its pixels, row by row, three bytes each.
    #[serde(with = "base64_bytes")]
    pub rgb: Arc<[u8]>,
}

/// How much each pixel is drawn anew: 0 stays as it is, 255 is all new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Height and width in pixels.
    pub size: [usize; 2],
    /// Its pixels, row by row, a byte each.
    #[serde(with = "base64_bytes")]
    pub grey: Arc<[u8]>,
}

/// What a picture says of the edit that it is: enough to know the same files again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditProvenance {
    /// [Hash](Picture::hash) of the picture's pixels.
    pub picture: String,
    /// [Hash](Mask::hash) of the mask's pixels, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Where drawing began.
    pub begin: Begin,
    /// How often the second half of each stage was gone through.
    pub resample: usize,
}

impl Picture {
    /// A picture of `[height, width]` pixels.
    pub fn new(size: [usize; 2], rgb: impl Into<Arc<[u8]>>) -> Self {
        Self { size, rgb: rgb.into() }
    }

    /// The SHA-256 of the pixels as a file of PPM: `P6`, width and height, `255`, and the bytes. Whatever else
    /// is in the file that they came from is no part of it.
    pub fn hash(&self) -> String {
        hash("P6", self.size, &self.rgb)
    }
}

impl Mask {
    /// A mask of `[height, width]` pixels.
    pub fn new(size: [usize; 2], grey: impl Into<Arc<[u8]>>) -> Self {
        Self { size, grey: grey.into() }
    }

    /// As [`Picture::hash`], of a file of PGM, `P5`.
    pub fn hash(&self) -> String {
        hash("P5", self.size, &self.grey)
    }
}

fn hash(kind: &str, [height, width]: [usize; 2], bytes: &[u8]) -> String {
    let digest = Sha256::new().chain_update(format!("{kind}\n{width} {height}\n255\n"));
    let digest = digest.chain_update(bytes).finalize();
    let half = |from: usize| u128::from_be_bytes(std::array::from_fn(|byte| digest[from + byte]));
    format!("{:032x}{:032x}", half(0), half(16))
}

impl Edit {
    /// Another picture of the whole: of strength 0.6, unless told otherwise.
    pub fn of(picture: Picture) -> Self {
        Self { picture, begin: Begin::Strength(STRENGTH), mask: None, resample: 1 }
    }

    /// A part of a picture drawn anew: of strength 1, unless told otherwise.
    pub fn inpaint(picture: Picture, mask: Mask) -> Self {
        Self { picture, begin: Begin::Strength(1.0), mask: Some(mask), resample: 1 }
    }

    /// How much is drawn anew, 0 to 1.
    #[must_use]
    pub fn strength(self, strength: f64) -> Self {
        Self { begin: Begin::Strength(strength), ..self }
    }

    /// Begins at the start of a stage.
    #[must_use]
    pub fn from_stage(self, stage: usize) -> Self {
        Self { begin: Begin::Stage(stage), ..self }
    }

    /// How often the second half of each stage is gone through.
    #[must_use]
    pub fn resample(self, times: usize) -> Self {
        Self { resample: times, ..self }
    }

    /// All that it is, for a picture's recipe.
    pub fn provenance(&self) -> EditProvenance {
        let Self { picture, begin, mask, resample } = self;
        let mask = mask.as_ref().map(Mask::hash);
        EditProvenance { picture: picture.hash(), mask, begin: *begin, resample: *resample }
    }

    /// The picture in the sampler's terms. Bytes become what training has, `(b / 255 - 0.5) / 0.5`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidStart`] for what [`problems`](Self::problems) names.
    pub(super) fn original(&self, sampler: &Sampler, size: [usize; 2]) -> Result<Original> {
        let Self { picture: Picture { size: [height, width], rgb }, begin, mask, resample } = self;
        let value = |byte: u8| (f32::from(byte) / 255.0 - 0.5) / 0.5;
        let channel = |channel: usize| rgb.iter().skip(channel).step_by(3).map(|&byte| value(byte));
        let (stage, time) = match *begin {
            Begin::Strength(strength) => sampler.place_of_strength(strength),
            Begin::Stage(stage) => (stage, 0.0),
        };
        let share = |mask: &Mask| mask.grey.iter().map(|&level| f32::from(level) / 255.0).collect();
        let config = OriginalConfig {
            pixels: (0..3).flat_map(channel).collect(),
            shape: [3, *height, *width],
            mask: mask.as_ref().map(share),
            stage,
            time,
            repetitions: *resample,
        };
        sampler.original(config, size)
    }

    /// Puts what stays of the picture into an image of its size: where the mask is 0 the picture's bytes, where
    /// it is 255 those that were drawn, in between `round(m drawn + (1 - m) picture)`.
    pub(super) fn compose(&self, size: [usize; 2], drawn: &mut [u8]) {
        let Some(mask) = self.mask.as_ref().filter(|mask| mask.size == size) else {
            return;
        };
        let pixels =
            drawn.as_chunks_mut::<3>().0.iter_mut().zip(self.picture.rgb.as_chunks::<3>().0);
        for ((drawn, kept), &level) in pixels.zip(mask.grey.iter()) {
            for (drawn, &kept) in drawn.iter_mut().zip(kept) {
                let [level, new, old] = [level, *drawn, kept].map(u32::from);
                *drawn = ((level * new + (255 - level) * old + 127) / 255) as u8;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::pipeline) fn picture(height: usize, width: usize) -> Picture {
        Picture::new([height, width], (0..3 * height * width).map(|i| i as u8).collect::<Vec<_>>())
    }

    pub(in crate::pipeline) fn mask(height: usize, width: usize) -> Mask {
        let levels = (0..height * width).map(|pixel| [0, 100, 255][pixel % 3]);
        Mask::new([height, width], levels.collect::<Vec<_>>())
    }

    #[test]
    fn where_the_mask_is_black_the_pictures_bytes_stay_and_grey_is_rounded() {
        let edit = Edit::inpaint(picture(2, 3), mask(2, 3));
        let mut drawn = vec![201; 18];
        edit.compose([2, 3], &mut drawn);
        let mixed = |old: f64| (100.0 / 255.0 * 201.0 + 155.0 / 255.0 * old).round() as u8;
        assert_eq!(drawn[..9], [0, 1, 2, mixed(3.0), mixed(4.0), mixed(5.0), 201, 201, 201]);
        assert_eq!(drawn[9..12], [9, 10, 11]);
        for (level, expected) in [(0, 7), (255, 201)] {
            let all =
                Edit::inpaint(Picture::new([1, 1], vec![7; 3]), Mask::new([1, 1], vec![level]));
            let mut drawn = vec![201; 3];
            all.compose([1, 1], &mut drawn);
            assert_eq!(drawn, [expected; 3]);
        }
    }

    #[test]
    fn hashes_are_of_the_pixels_as_other_programs_write_them() {
        // printf 'P6\n1 2\n255\nabcdef' | sha256sum
        let picture = Picture::new([2, 1], *b"abcdef");
        let expected = "e8da4a873016d04ff58df947afd1e3e6";
        assert_eq!(picture.hash().len(), 64);
        assert_eq!(&picture.hash()[..32], expected);
        assert_ne!(Picture::new([1, 2], *b"abcdef").hash(), picture.hash());
    }

    #[test]
    fn an_edit_has_a_form_in_json() {
        let edit = Edit::inpaint(picture(2, 2), mask(2, 2)).from_stage(1).resample(4);
        let json = serde_json::to_value(&edit).unwrap();
        assert_eq!(json["begin"], serde_json::json!({"stage": 1}));
        assert_eq!(json["mask"]["grey"], "AGT/AA==");
        assert_eq!(serde_json::from_value::<Edit>(json).unwrap(), edit);
    }
}
