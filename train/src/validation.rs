//! Loss on images that training does not see.

use pixelflow::ops::PixelFlowBackend;

use crate::Result;
use crate::config::CheckedConfig;
use crate::data::Data;
use crate::network::Network;
use crate::step::{ExampleLosses, evaluate};

/// Losses of the first batches: the same images, stages, times and noise every time. `None` if between
/// two parts of a batch `goes_on` says no.
///
/// # Errors
/// What the loader and `goes_on` say.
///
/// # Panics
/// If there are no images for validation.
pub fn validate<B: PixelFlowBackend>(
    network: &Network<B>,
    config: &CheckedConfig,
    data: &Data,
    device: &B::Device,
    goes_on: &mut dyn FnMut() -> Result<bool>,
) -> Result<Option<ExampleLosses>> {
    let settings = config.settings();
    let loader = data.validation.as_ref().expect("it is due only if there are images");
    let whole = (loader.records() / settings.train.batch_size).max(1) as u64;
    let mut all = ExampleLosses::default();
    for batch in loader.stream(0..settings.validation.batches.min(whole)) {
        let parts = settings.train.gradient_accumulation;
        for part in data.validation_text().attach(batch?, loader, parts)? {
            if !goes_on()? {
                return Ok(None);
            }
            all.extend(evaluate(network, &part, device));
        }
    }
    Ok(Some(all))
}
