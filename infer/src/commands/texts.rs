//! The texts of a recipe, encoded.

use pixelflow::weights::TextEncoderFiles;

use crate::Result;
use crate::device::Device;
use crate::prompts::{EncodePrompts, EncodedTexts, PromptCache};
use crate::recipe::{Recipe, RecipeRow};

/// Encodes prompts and negative prompts of all rows; `None` for classes.
///
/// The encoder is loaded and gone again before the model itself is loaded.
pub(super) fn encode(
    device: Device,
    recipe: &Recipe,
    files: Option<&TextEncoderFiles>,
) -> Result<Option<EncodedTexts>> {
    let (Some(files), Some(encoder)) = (files, &recipe.text_encoder) else {
        return Ok(None);
    };
    let of_row = |row: &'_ RecipeRow| {
        let prompt = row.prompt.clone().unwrap_or_default();
        [prompt, row.negative.clone().unwrap_or_default()]
    };
    let texts: Vec<String> = recipe.rows.iter().flat_map(of_row).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let encoded = device.run(EncodePrompts {
        files,
        texts: &texts,
        dtype: encoder.dtype.dtype(),
        cache: PromptCache::of_encoder(&encoder.cache_key()),
    })?;
    for (text, cut) in encoded.cut() {
        let beginning: String = text.chars().take(40).collect();
        eprintln!(
            "note: `{beginning}…` is longer than {} tokens; its last {cut} are not seen",
            files.tokenizer.max_tokens()
        );
    }
    for row in &recipe.rows {
        let prompt = row.prompt.as_deref().unwrap_or_default();
        let unknown = files.tokenizer.unknown_words(prompt);
        let unknown = unknown.map_err(pixelflow::Error::from)?;
        if !unknown.is_empty() {
            eprintln!(
                "note: the text encoder has never seen {}; they are drawn as any unknown word",
                unknown.join(", ")
            );
        }
    }
    Ok(Some(encoded))
}
