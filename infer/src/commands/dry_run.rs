//! `infer sample --dry-run`: what drawing would need in memory.

use pixelflow::memory::EncodingBytes;
use pixelflow::text::MAX_TOKENS;
use pixelflow_host::device::Device;

use crate::arguments::SampleArguments;
use crate::drawing_memory::{DrawingMemory, free_memory, gigabytes};
use crate::model_source::ModelSource;
use crate::prompts::text_encoder_config;
use crate::recipe::RecipeRow;
use crate::{Error, Result};

/// A line that says what is needed, and what is free.
///
/// The text encoder is gone before the model is loaded, so the larger of both counts.
///
/// # Errors
/// [`Error::Argument`] with what would fit if it does not, and what describing the text encoder says.
pub(super) fn dry_run(
    arguments: &SampleArguments,
    (source, guide): (&ModelSource, Option<&ModelSource>),
    [height, width]: [usize; 2],
    rows: &[RecipeRow],
    device: Device,
) -> Result<String> {
    let images = (rows.len() * arguments.count as usize).min(arguments.batch as usize);
    let memory = DrawingMemory::of(source, guide, [height, width], arguments.dtype, device)?;
    let needed = memory.bytes(images);
    let millions = |source: &ModelSource| source.description.model.parameters() as f64 / 1e6;
    let guides = guide.map_or_else(String::new, |guide| {
        format!(" and the guide's {:.1} million", millions(guide))
    });
    let mut text = format!(
        "{:.1} million parameters{guides}: {}; {images} images of {height}x{width} at once: {}; together {}",
        millions(source),
        gigabytes(needed.weights),
        gigabytes(needed.passing),
        gigabytes(needed.peak())
    );
    let encoding =
        if source.description.is_text() { encoding(arguments, source, rows)? } else { 0 };
    if encoding > 0 {
        text = format!("{text}; the text encoder before it {}", gigabytes(encoding));
    }
    let Some(free) = free_memory(device) else {
        return Ok(text);
    };
    let too_much = |argument, value: String, advice: &str| {
        Err(Error::Argument {
            argument,
            value,
            reason: format!("{text}, but {} are free; {advice}", gigabytes(free)),
        })
    };
    if encoding > free {
        let format = arguments.text.dtype(arguments.dtype);
        let value = format!("{format:?}").to_lowercase();
        return too_much("--text-dtype", value, "take bf16, or a smaller encoder");
    }
    if needed.peak() > free {
        let advice = match memory.fitting(images - 1, free) {
            Some(fewer) => format!("--batch {fewer} fits"),
            None if !memory.is_int8() && memory.in_int8().bytes(1).peak() <= free => {
                "take --batch 1 --dtype int8".to_owned()
            }
            None => "take a smaller --size".to_owned(),
        };
        return too_much("--batch", arguments.batch.to_string(), &advice);
    }
    Ok(format!("{text}; {} are free", gigabytes(free)))
}

/// Bytes of encoding the prompts, if each letter were a token: they are not read by a tokenizer here,
/// which would have to be fetched.
fn encoding(arguments: &SampleArguments, source: &ModelSource, rows: &[RecipeRow]) -> Result<u64> {
    let config = text_encoder_config(source, arguments.text.text_encoder.as_deref())?;
    let most = (source.description.text.as_ref()).map_or(MAX_TOKENS, |text| text.max_tokens);
    let texts = rows.iter().flat_map(|row| [&row.prompt, &row.negative]);
    let letters = texts.flatten().map(|text| text.chars().count() + 1);
    let length = letters.max().unwrap_or(1).min(most);
    let format = arguments.text.dtype(arguments.dtype);
    Ok(EncodingBytes::new(&config, [1, length], format.dtype()).peak())
}
