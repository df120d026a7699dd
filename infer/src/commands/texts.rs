//! The texts of a recipe, encoded.

use std::collections::BTreeSet;

use pixelflow::text::TextTokenizer;
use pixelflow::weights::TextEncoderFiles;
use pixelflow_host::device::Device;

use crate::Result;
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
        dtype: encoder.dtype,
        cache: PromptCache::of_encoder(&encoder.cache_key()),
    })?;
    say_what_is_not_seen(&encoded, &files.tokenizer)?;
    Ok(Some(encoded))
}

/// Says on the terminal which texts are too long, and which words the encoder does not know.
pub(super) fn say_what_is_not_seen(
    encoded: &EncodedTexts,
    tokenizer: &TextTokenizer,
) -> Result<()> {
    for (text, cut) in encoded.cut() {
        let beginning: String = text.chars().take(40).collect();
        eprintln!(
            "note: `{beginning}...` is longer than {} tokens; its last {cut} are not seen",
            tokenizer.max_tokens()
        );
    }
    let mut unknown = BTreeSet::new();
    for text in encoded.texts() {
        unknown.extend(tokenizer.unknown_words(text).map_err(pixelflow::Error::from)?);
    }
    if !unknown.is_empty() {
        let words: Vec<String> = unknown.into_iter().collect();
        eprintln!(
            "note: the text encoder has never seen {}; they are drawn as any unknown word",
            words.join(", ")
        );
    }
    Ok(())
}
