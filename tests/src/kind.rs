//! Telling what a fixture is from what the manifest documents of it.

use crate::{Entry, Error, Manifest};

/// What a fixture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Constants of schedules and of guidance, as JSON.
    ScheduleConstants,
    /// The network timesteps of schedules.
    ScheduleTables,
    /// Tables of the rotary embedding, and vectors before and after it.
    Rope,
    /// Weights of a model.
    Model,
    /// Weights as PyTorch saves them.
    TorchFile,
    /// Sinusoids and the embeddings of timestep and resolution.
    Embeddings,
    /// The dense forward pass.
    Forward,
    /// A packed batch with the forward pass and the loss, maybe with gradients.
    TrainBatch,
    /// Packed batches without a model.
    Collate,
    /// Gradients of all parameters.
    Gradients,
    /// Parameters after some steps of the optimiser.
    TrainSteps,
    /// Sampling by Euler's method.
    Euler,
    /// Sampling by Dormand and Prince's method.
    Dopri5,
    /// An equation with a known solution, for the same method.
    Ode,
    /// Noise that is correlated within 2x2 blocks.
    BlockNoise,
    /// Features and the metrics of them.
    Metrics,
    /// Images and what Inception makes of them.
    Inception,
    /// Photos, cropped and normalised.
    Images,
    /// States of the T5 encoder.
    TextEncoder,
    /// Texts and their tokens.
    Tokens,
    /// Weights, configuration or tokenizer that fixtures of the two kinds before are made with.
    TextEncoderPart,
    /// A photo that fixtures of kind [`Images`](Kind::Images) are made from.
    Photo,
}

impl Kind {
    /// Whether its numbers come from a model whose precision can be lowered.
    ///
    /// Files and host arithmetic have no other precision; the optimiser works on f32 weights; and an
    /// adaptive solver of a tolerance of 1e-3 takes other steps where the velocity is off by as much.
    pub fn has_low_precision(self) -> bool {
        matches!(self, Self::Forward | Self::TrainBatch | Self::Gradients | Self::Euler)
    }
}

/// Name of a parameter that every model has.
pub(crate) const ANY_PARAMETER: &str = "patch_embed.proj.weight";

/// What a fixture is; `None` for one that this runner does not know.
pub fn kind(manifest: &Manifest, entry: &Entry) -> Option<Kind> {
    let has = |name| entry.has(name);
    let ends = |ending| entry.has_ending(ending);
    let field = |key| entry.field(key).is_some();
    let starts = |start: &str| entry.tensors().any(|name| name.starts_with(start));

    Some(if entry.ends_in("pt") || entry.ends_in("pth") {
        Kind::TorchFile
    } else if entry.ends_in("json") {
        return json(manifest, entry);
    } else if field("config_file") || entry.ends_in("model") {
        Kind::TextEncoderPart
    } else if ends("/input_ids") && ends("/out_masked") {
        Kind::TextEncoder
    } else if entry.ends_in("png") {
        Kind::Photo
    } else if starts("Timesteps_per_stage/") {
        Kind::ScheduleTables
    } else if has(ANY_PARAMETER) {
        if field("weights") { Kind::Gradients } else { Kind::Model }
    } else if has("xt") && has("model_out") {
        Kind::TrainBatch
    } else if ends("/xt") && field("collate") {
        Kind::Collate
    } else if entry.has_ending(ANY_PARAMETER) && starts("wd") {
        Kind::TrainSteps
    } else if has("init_noise") && field("stages") {
        Kind::Dopri5
    } else if has("init_noise") && field("steps") {
        Kind::Euler
    } else if has("y0") && has("sol_true") {
        Kind::Ode
    } else if has("z") && has("noise") {
        Kind::BlockNoise
    } else if ends("/x") && ends("/out") && field("weights") {
        Kind::Forward
    } else if ends("/cos") && ends("/sin") {
        Kind::Rope
    } else if has("timestep") && ends("_proj") {
        Kind::Embeddings
    } else if ends("/real_radii") && has("logits") {
        Kind::Metrics
    } else if field("weight_shapes") && field("procedural") {
        Kind::Inception
    } else if field("photos") || ends("/rgb") {
        Kind::Images
    } else {
        return None;
    })
}

/// What a JSON file is.
///
/// The manifest does not list the parts of JSON files, so the file itself is asked; one that cannot
/// be read is told by its description.
fn json(manifest: &Manifest, entry: &Entry) -> Option<Kind> {
    match super::cases::schedule::read(manifest, entry) {
        Ok(json) => {
            let has = |keys: &[&str]| keys.iter().all(|key| json.get(key).is_some());
            if has(&["configs"]) {
                Some(Kind::ScheduleConstants)
            } else if has(&["cases", "max_length"]) {
                Some(Kind::Tokens)
            } else if has(&["pre_tokenizer", "model"]) || has(&["d_model", "num_layers"]) {
                Some(Kind::TextEncoderPart)
            } else {
                None
            }
        }
        Err(Error::Fixture { .. } | Error::Unreadable { .. }) => {
            let says = |word| entry.description().contains(word);
            if says("Scheduler") {
                Some(Kind::ScheduleConstants)
            } else if says("ids and masks") {
                Some(Kind::Tokens)
            } else {
                None
            }
        }
        Err(_) => None,
    }
}
