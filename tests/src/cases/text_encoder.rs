//! The T5 encoder, and the cutting of texts into tokens.

use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::{T5Config, T5Encoder, TextTokenizer, relative_bucket};
use pixelflow::weights::{TensorFile, load_text_encoder};
use serde_json::Value;

use super::{download, schedule};
use crate::{Entry, Recorder, Result, Subject, Tensors};

/// Checks the encoder's states with and without a mask, and the kinds of distances.
///
/// # Errors
/// If the file, the weights or their configuration cannot be read.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let (config, encoder) = encoder::<B>(subject, device)?;
    let tensors = subject.open()?;
    if tensors.has("relative_position") {
        let bucket = |&distance: &i64| {
            let (buckets, most) =
                (config.relative_attention_num_buckets, config.relative_attention_max_distance);
            relative_bucket(distance, buckets, most) as f32
        };
        let distances = tensors.integers("relative_position")?;
        let found: Vec<f32> = distances.iter().map(bucket).collect();
        let expected = tensors.integers("relative_bucket")?;
        let expected: Vec<f32> = expected.iter().map(|&n| n as f32).collect();
        recorder.exact(subject.case("relative_bucket"), &found, &expected);
    }
    for prefix in subject.entry.prefixes() {
        if !tensors.has(&format!("{prefix}/input_ids")) {
            continue;
        }
        recorder.attempt(&subject.case(&prefix), |recorder| {
            states(subject, &tensors, &encoder, &prefix, recorder)
        });
    }
    Ok(())
}

/// The encoder of the folder, told by the configuration that its entry names.
fn encoder<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
) -> Result<(T5Config, T5Encoder<B>)> {
    let manifest = subject.manifest;
    let named = |entry: &&Entry| entry.text("config_file").is_some();
    let weights = manifest.entries.iter().find(named);
    let weights = weights.ok_or_else(|| {
        subject.entry.problem("the manifest has no weights with a `config_file`".to_owned())
    })?;
    let file = weights.text("config_file").unwrap_or_default();
    let text = std::fs::read_to_string(manifest.path(file));
    let config: T5Config = text
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
        .map_err(|reason| weights.problem(format!("{file}: {reason}")))?;
    let file = TensorFile::open(&manifest.path(&weights.file))?;
    let dtype = burn::tensor::DType::F32;
    let encoder = load_text_encoder(&file, &config, dtype, device)?;
    Ok((config, encoder))
}

/// The states of one batch: padded as stored, and packed as this crate uses them.
fn states<B: PixelFlowBackend>(
    subject: Subject<'_>,
    tensors: &Tensors,
    encoder: &T5Encoder<B>,
    prefix: &str,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let name = |part: &str| format!("{prefix}/{part}");
    let [batch, length] = tensors.dims(&name("input_ids"))?;
    let ids = tensors.integers(&name("input_ids"))?;
    let limits = subject.limits(prefix)?;
    let lengths: Vec<usize> = tensors
        .integers(&name("attention_mask"))?
        .chunks(length)
        .map(|mask| mask.iter().filter(|&&keep| keep == 1).count())
        .collect();
    for (part, kept) in [("out_masked", Some(&lengths)), ("out_no_mask", None)] {
        let name = name(part);
        let found = download(encoder.forward(&ids, [batch, length], kept));
        subject.compare(&name, &found, tensors, &limits, recorder)?;
    }
    // Without padding: the same states of what is not padding.
    let texts: Vec<Vec<u32>> = ids
        .chunks(length)
        .zip(&lengths)
        .map(|(ids, &kept)| ids[..kept].iter().map(|&id| id as u32).collect())
        .collect();
    let found = download(encoder.encode(&texts).states);
    let masked = name("out_masked");
    let padded = tensors.doubles(&tensors.truth(&masked))?;
    let rows = padded.chunks(length * encoder.width()).zip(&lengths);
    let expected: Vec<f64> =
        rows.flat_map(|(rows, &kept)| rows[..kept * encoder.width()].to_vec()).collect();
    recorder.compare(subject.case(&name("packed")), &found, &expected, &limits);
    Ok(())
}

/// Checks that texts are cut into the stored tokens, with the tokenizer beside the cases.
///
/// # Errors
/// If a file cannot be read or lacks what it should hold.
pub fn tokens(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let entry = subject.entry;
    let stored = schedule::read(subject.manifest, entry)?;
    let tokenizer = subject
        .manifest
        .entries
        .iter()
        .find(|other| is_tokenizer(&subject, other))
        .ok_or_else(|| entry.problem("the manifest has no tokenizer".to_owned()))?;
    let longest = stored.get("max_length").and_then(Value::as_u64);
    let longest = longest.ok_or_else(|| entry.problem("it has no `max_length`".to_owned()))?;
    let longest = longest as usize;
    // Of an encoder that has room for every token.
    let config = T5Config::small(32, 1, 1 << 20);
    let path = subject.manifest.path(&tokenizer.file);
    let tokenizer = TextTokenizer::read(&path, &config)
        .map_err(pixelflow::Error::from)?
        .with_max_tokens(longest);
    let cases = stored.get("cases").and_then(Value::as_array);
    let cases = cases.ok_or_else(|| entry.problem("it has no `cases`".to_owned()))?;
    for (number, case) in cases.iter().enumerate() {
        let name = subject.case(&format!("case{number}"));
        recorder.attempt(&name, |recorder| {
            let list = |key| -> Option<Vec<f32>> {
                let numbers = case.get(key)?.as_array()?.iter();
                numbers.map(|n| n.as_u64().map(|n| n as f32)).collect()
            };
            let problem = || entry.problem(format!("case {number} lacks text, ids or mask"));
            let text = case.get("text").and_then(Value::as_str).ok_or_else(problem)?;
            let ids = list("input_ids").ok_or_else(problem)?;
            let mask = list("attention_mask").ok_or_else(problem)?;
            let tokens = tokenizer.tokens(text).map_err(pixelflow::Error::from)?;
            let count = tokens.ids.len();
            let padded = |values: Vec<f32>| {
                let rest = longest.saturating_sub(values.len());
                [values, vec![0.0; rest]].concat()
            };
            let found = padded(tokens.ids.iter().map(|&id| id as f32).collect());
            recorder.exact(format!("{name}/ids"), &found, &ids);
            recorder.exact(format!("{name}/mask"), &padded(vec![1.0; count]), &mask);
            Ok(())
        });
    }
    Ok(())
}

/// Whether a file is a `tokenizer.json`.
fn is_tokenizer(subject: &Subject<'_>, entry: &Entry) -> bool {
    entry.ends_in("json")
        && schedule::read(subject.manifest, entry)
            .is_ok_and(|json| json.get("pre_tokenizer").is_some() && json.get("model").is_some())
}
