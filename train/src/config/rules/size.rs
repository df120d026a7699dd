//! Sizes of the images.

use pixelflow::cascade::{Cascade, CascadeConfig};
use pixelflow_dataset::Buckets;

use super::Problems;
use crate::config::TrainConfig;

/// Every side must divide into patches at every stage, and once more into halves.
pub(super) fn rules(problems: &mut Problems, config: &TrainConfig, cascade: &Cascade) {
    let patch = config.model.patch_size.max(1);
    let CascadeConfig { stages, .. } = config.cascade;
    let lowest = patch * cascade.reduction(0);
    // A training pair starts from the image at half its stage's resolution.
    let multiple = if patch.is_multiple_of(2) { lowest } else { 2 * lowest };
    let mut side = |key, side: usize| {
        let below = side / multiple * multiple;
        let nearest =
            if below == 0 || side - below > multiple / 2 { below + multiple } else { below };
        let fix = format!(
            "it must be a multiple of {multiple} (patch_size {patch}, {stages} stages), at most \
             4096; {nearest} is the nearest"
        );
        let fits = side > 0 && side.is_multiple_of(multiple) && side <= 4096;
        problems.require(fits, key, side, fix);
    };
    side("data.resolution", config.data.resolution);
    for size in &config.data.buckets {
        for length in size {
            side("data.buckets", *length);
        }
    }
    if !config.data.buckets.is_empty()
        && let Err(error) = Buckets::new(config.data.buckets.clone())
    {
        problems.require(false, "data.buckets", "invalid", error.to_string());
    }
}
