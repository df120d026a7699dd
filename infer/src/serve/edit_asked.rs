//! The picture that a request begins with, and what of it shall stay.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pixelflow::pipeline::Edit;
use pixelflow_dataset::image_size;
use serde::Deserialize;

use super::refusal::{Answer, Refusal};
use crate::edit_settings::EditSettings;
use crate::picture_file::PictureFile;

/// The field of the picture, by which messages call it too.
pub(super) const IMAGE: &str = "edit.image";
/// The field of the mask.
pub(super) const MASK: &str = "edit.mask";

/// Base64 with its `=` at the end, or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A picture to begin with, and how.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditAsked {
    /// The picture.
    pub(super) image: FileAsked,
    /// What of it is drawn anew. Default: all.
    pub(super) mask: Option<FileAsked>,
    /// How much is drawn anew, 0 to 1. Default: 0.6, with a mask 1.
    pub(super) strength: Option<f64>,
    /// The stage that drawing begins at, instead of a strength.
    pub(super) from_stage: Option<usize>,
    /// How often the second half of each stage is gone through. Default 1.
    pub(super) resample: Option<usize>,
    /// What the mask means; no field of ours says it.
    #[serde(skip)]
    pub(super) rule: MaskRule,
}

/// The bytes of an image file; JSON has them in base64, or in a `data:` URL of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct FileAsked(pub(super) Vec<u8>);

impl TryFrom<String> for FileAsked {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_url = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
        let data = if is_url { text.split_once(";base64,").map(|(_, data)| data) } else { None };
        let decoded = BASE64.decode(data.unwrap_or(&text));
        decoded.map(Self).map_err(|error| format!("it is no file in base64: {error}"))
    }
}

/// What a mask means to an API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum MaskRule {
    /// White is drawn anew; or what is transparent, if anything is. That of `infer edit`.
    #[default]
    White,
    /// What is transparent is drawn anew, and without a mask what is so in the picture. `OpenAI`'s.
    Transparent,
    /// White is drawn anew; or what is opaque, if not everything is. That of A1111's web UI.
    Opaque {
        /// Whether it says what stays.
        is_inverted: bool,
    },
}

impl EditAsked {
    /// The edit, with what its user should know. No file of more than `max_pixels` is decoded.
    ///
    /// # Errors
    /// 422 with the field.
    pub(super) fn edit(self, max_pixels: u64) -> Answer<(Edit, Vec<String>)> {
        let Self { image, mask, strength, from_stage, resample, rule } = self;
        if strength.is_some() && from_stage.is_some() {
            let reason = "strength and from_stage both say where drawing begins; send one of them";
            return Err(Refusal::unfit("edit.from_stage", reason));
        }
        let image = opened(IMAGE, image, max_pixels)?;
        let is_own_mask = rule == MaskRule::Transparent && image.has_transparency();
        let mask = match mask {
            Some(mask) => Some(opened(MASK, mask, max_pixels)?),
            None => is_own_mask.then(|| image.clone()),
        };
        let (picture, of_image) = image.picture();
        let mut notes: Vec<String> =
            of_image.into_iter().map(|words| format!("{IMAGE}{words}")).collect();
        let mask = mask.map(|file| {
            let has_transparency = file.has_transparency();
            let (mut mask, mut words) = file.mask();
            let turn = match rule {
                MaskRule::Transparent if !has_transparency => {
                    let reason = format!(
                        "{MASK} has nothing transparent: nothing would be drawn; what is transparent is drawn anew"
                    );
                    return Err(Refusal::unfit(MASK, reason));
                }
                MaskRule::White | MaskRule::Transparent => false,
                MaskRule::Opaque { is_inverted } => has_transparency != is_inverted,
            };
            if turn {
                mask.grey = mask.grey.iter().map(|level| 255 - level).collect();
            }
            // A rule of an API is known to whoever speaks it.
            words.retain(|_| rule == MaskRule::White);
            notes.extend(words.into_iter().map(|words| format!("{MASK}{words}")));
            Ok(mask)
        });
        let settings = EditSettings { strength, from_stage, resample };
        Ok((settings.edit(picture, mask.transpose()?), notes))
    }
}

/// An image file whose pixels are not too many, decoded.
fn opened(field: &str, FileAsked(bytes): FileAsked, max_pixels: u64) -> Answer<PictureFile> {
    let refused = |error: pixelflow_dataset::Error| Refusal::unfit(field, error.to_string());
    let [height, width] = image_size(&bytes, field).map_err(refused)?;
    let pixels = height as u64 * width as u64;
    if pixels > max_pixels {
        let reason = format!(
            "{field} has {height}x{width} pixels, which are {pixels}; this server takes {max_pixels} at most"
        );
        return Err(Refusal::unfit(field, reason));
    }
    PictureFile::decoded(&bytes, field).map_err(refused)
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgba, RgbaImage};
    use pixelflow::pipeline::Begin;

    use super::*;
    use crate::serve::asked::Asked;
    use crate::serve::event::base64;

    fn file(image: impl Into<DynamicImage>) -> FileAsked {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
        FileAsked(bytes.into_inner())
    }

    fn picture(alpha: u8) -> FileAsked {
        file(RgbaImage::from_fn(2, 1, |x, _| Rgba([9, 8, 7, if x == 0 { 255 } else { alpha }])))
    }

    fn grey() -> FileAsked {
        file(GrayImage::from_fn(2, 1, |x, _| Luma([[0, 255][x as usize]])))
    }

    /// The right half is transparent.
    fn clear() -> FileAsked {
        file(image::GrayAlphaImage::from_fn(2, 1, |x, _| LumaA([7, [255, 0][x as usize]])))
    }

    #[test]
    fn every_api_has_its_own_meaning_of_a_mask() {
        let (white, transparent) = (MaskRule::White, MaskRule::Transparent);
        let [opaque, inverted] = [false, true].map(|is_inverted| MaskRule::Opaque { is_inverted });
        for (rule, image, mask, expected) in [
            (white, picture(255), Some(grey()), Some([0, 255])),
            (white, picture(255), Some(clear()), Some([0, 255])),
            (white, picture(0), None, None),
            (transparent, picture(255), Some(clear()), Some([0, 255])),
            (transparent, picture(155), None, Some([0, 100])),
            (transparent, picture(255), None, None),
            (opaque, picture(255), Some(grey()), Some([0, 255])),
            (opaque, picture(255), Some(clear()), Some([255, 0])),
            (inverted, picture(255), Some(grey()), Some([255, 0])),
            (inverted, picture(255), Some(clear()), Some([0, 255])),
        ] {
            let asked = EditAsked { image, mask, rule, ..EditAsked::default() };
            let (edit, _) = asked.edit(2).unwrap();
            let found = edit.mask.map(|mask| mask.grey.to_vec());
            assert_eq!(found, expected.map(Vec::from), "{rule:?}");
            let strength = if expected.is_some() { 1.0 } else { 0.6 };
            assert_eq!(edit.begin, Begin::Strength(strength), "{rule:?}");
        }
        let all = EditAsked { mask: Some(grey()), image: picture(255), ..EditAsked::default() };
        let refused = EditAsked { rule: transparent, ..all }.edit(2).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("edit.mask"));
        assert!(refused.message.contains("nothing transparent"), "{refused:?}");
    }

    #[test]
    fn files_come_in_base64_or_data_urls_and_say_what_is_left_out() {
        let FileAsked(bytes) = picture(40);
        let text = base64(&bytes);
        let url = format!("data:image/png;base64,{text}");
        for written in [text.as_str(), text.trim_end_matches('='), &url] {
            let body = serde_json::json!({"edit": {"image": written, "from_stage": 1}}).to_string();
            let asked = Asked::parse(body.as_bytes()).unwrap();
            let (edit, notes) = asked.edit.unwrap().edit(2).unwrap();
            assert_eq!((edit.picture.size, edit.begin), ([1, 2], Begin::Stage(1)));
            assert_eq!(*edit.picture.rgb, [9, 8, 7, 9, 8, 7]);
            assert_eq!(notes, ["edit.image: its transparency is left out, as in training"]);
        }
    }
}
