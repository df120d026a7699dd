//! T5's initialisation.

use burn::tensor::backend::Backend;

use super::{T5Config, T5Encoder};
use crate::initialisation::{Rule, initialise as initialise_module};

/// The first random stream of an encoder: far behind those of a transformer of the same seed.
const FIRST_STREAM: u64 = 1 << 32;

/// Gives every parameter its initial value, as Hugging Face's T5 does.
pub(super) fn initialise<B: Backend>(
    encoder: T5Encoder<B>,
    config: &T5Config,
    seed: u64,
) -> T5Encoder<B> {
    initialise_module(encoder, seed, FIRST_STREAM, |name| rule(name, config))
}

/// Normal numbers, scaled so that scores of attention need no scale (Raffel et al. 2020).
fn rule(name: &str, config: &T5Config) -> Rule {
    let (width, features) = (config.d_model as f64, config.d_kv as f64);
    let deviation = match name {
        "embedding.weight" => 1.0,
        "relative_position.weight" => width.powf(-0.5),
        _ if name.contains("norm") => return Rule::Ones,
        _ if name.ends_with(".q.weight") => (width * features).powf(-0.5),
        _ if name.ends_with(".o.weight") => (config.inner_width() as f64).powf(-0.5),
        _ if name.ends_with(".wo.weight") => (config.d_ff as f64).powf(-0.5),
        _ => width.powf(-0.5),
    };
    Rule::Normal(deviation)
}
