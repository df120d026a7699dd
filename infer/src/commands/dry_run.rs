//! `infer sample --dry-run`: what drawing would need in memory.

use pixelflow::NumberFormat;
use pixelflow::memory::{DrawingBytes, EncodingBytes};
use pixelflow::ops::{AttentionForm, PixelFlowBackend};
use pixelflow::text::MAX_TOKENS;
use pixelflow::weights::is_int8;
use pixelflow_host::device::{Device, DeviceKind, OnBackend, available_memory};

use crate::arguments::SampleArguments;
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
    source: &ModelSource,
    [height, width]: [usize; 2],
    rows: &[RecipeRow],
    device: Device,
) -> Result<String> {
    let config = &source.description.model;
    let images = (rows.len() * arguments.count as usize).min(arguments.batch as usize);
    let tokens = height * width / config.patch_size.pow(2);
    let portable =
        device.run(ScoresInMemory { head_dim: config.attention_head_dim, dtype: arguments.dtype });
    let element = arguments.dtype.bytes();
    // A dry run fetches no weights to look into.
    let is_int8 = arguments.dtype == NumberFormat::Int8
        || (source.is_here() && is_int8(&source.files()?.open()?));
    // With guidance every image is computed twice.
    let in_format = |images: usize, is_int8: bool| {
        let floats = DrawingBytes::new(config, 2 * images, tokens, element, portable);
        if is_int8 { floats.with_int8(config, element) } else { floats }
    };
    let of = |images: usize| in_format(images, is_int8);
    let needed = of(images);
    let mut text = format!(
        "{:.1} million parameters: {}; {images} images of {height}x{width} at once: {}; together {}",
        config.parameters() as f64 / 1e6,
        gigabytes(needed.weights),
        gigabytes(needed.passing),
        gigabytes(needed.peak())
    );
    let encoding =
        if source.description.is_text() { encoding(arguments, source, rows)? } else { 0 };
    if encoding > 0 {
        text = format!("{text}; the text encoder before it {}", gigabytes(encoding));
    }
    let free = (device.kind == DeviceKind::Cpu).then(available_memory).flatten();
    let Some(free) = free else {
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
        let fitting = (1..images).rev().find(|&fewer| of(fewer).peak() <= free);
        let advice = match fitting {
            Some(fewer) => format!("--batch {fewer} fits"),
            None if !is_int8 && in_format(1, true).peak() <= free => {
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

fn gigabytes(bytes: u64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

/// Whether a device's attention has scores in memory.
struct ScoresInMemory {
    head_dim: usize,
    dtype: NumberFormat,
}

impl OnBackend for ScoresInMemory {
    type Output = bool;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> bool {
        B::attention_form(self.head_dim, self.dtype.dtype(), &device) == AttentionForm::Portable
    }
}
