//! `infer evaluate model --partial`: draws a share of the images and writes their sums.

use std::path::Path;

use pixelflow_evaluation::statistics::Origin;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::samples::Samples;
use super::share::Share;
use crate::Result;
use crate::arguments::EvaluateModelArguments;
use crate::hub::Fetching;
use crate::measurement::network::{Identity, NetworkFile};
use crate::progress::CaptionProgress;

/// Draws and writes; gives a line that says what there is, or nothing after Ctrl-C.
///
/// # Errors
/// Those of [`Samples::prepare`], [`NetworkFile::find`] and [`Share`].
pub(super) fn evaluate_model_share(
    arguments: &EvaluateModelArguments,
    partial: &Path,
) -> Result<Option<String>> {
    let EvaluateModelArguments { drawing, network, images, shard, .. } = arguments;
    let prepared = Samples::prepare(arguments)?.refuse_idle_guide()?;
    let file = NetworkFile::find(network)?;
    let mut samples = prepared.open(Fetching::Allowed)?;
    let settings = settings(arguments, &samples);
    let origin = origin(&file.identity, &settings, *images);
    let counts = (u64::from(*images), u64::from(drawing.batch));
    let share = Share::open((partial, *shard), counts, origin, settings)?;
    let mut progress = CaptionProgress::new(share.missing());
    let (sampler, device) = (samples.sampler().clone(), samples.device());
    let network = (file, device, drawing.batch as usize);
    let filled = share.fill(network, |network, numbers, interrupt, take| {
        let drawing = (&sampler, drawing.seed, numbers);
        samples.extract(drawing, network, &mut progress, interrupt, take).map(drop)
    });
    progress.finish();
    filled
}

/// Everything besides the network that decides the images, and which are computed together.
fn settings(arguments: &EvaluateModelArguments, samples: &Samples) -> Map<String, Value> {
    let drawn_with = serde_json::to_value(samples.drawn_with());
    let Ok(Value::Object(mut settings)) = drawn_with else {
        unreachable!("settings are JSON with names")
    };
    // Model, guide and text encoder are known by their hashes, wherever they lie.
    settings.shift_remove("model");
    if let Some(Value::Object(guide)) = settings.get_mut("guide") {
        guide.shift_remove("model");
    }
    if let Some(Value::Object(encoder)) = settings.get_mut("text_encoder") {
        encoder.shift_remove("folder");
    }
    settings.insert("seed".to_owned(), arguments.drawing.seed.into());
    settings.insert("labels".to_owned(), arguments.labels.to_string().into());
    settings.insert("subjects".to_owned(), samples.subjects_said().into());
    settings.insert("batch".to_owned(), arguments.drawing.batch.into());
    settings
}

/// Who makes statistics of drawn images: their settings stand for them.
fn origin(identity: &Identity, settings: &Map<String, Value>, images: u32) -> Origin {
    let said = serde_json::json!({ "images": images, "settings": settings }).to_string();
    let digest = Sha256::digest(said);
    let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
    identity.origin(format!("{first:016x}"))
}
