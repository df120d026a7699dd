//! Loss on images that training does not see.

use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::Loader;
use pixelflow_host::interrupt::Interrupt;

use crate::Result;
use crate::config::CheckedConfig;
use crate::network::Network;
use crate::step::{ExampleLosses, evaluate};
use crate::texts::TextSource;

/// Losses of the first batches: the same images, stages, times and noise every time. `None` if the
/// user has interrupted it.
///
/// # Errors
/// What the loader says.
pub fn validate<B: PixelFlowBackend>(
    network: &Network<B>,
    loader: &Loader,
    text: &TextSource,
    config: &CheckedConfig,
    interrupt: &Interrupt,
    device: &B::Device,
) -> Result<Option<ExampleLosses>> {
    let settings = config.settings();
    let whole = (loader.records() / settings.train.batch_size).max(1) as u64;
    let mut all = ExampleLosses::default();
    for batch in loader.stream(0..settings.validation.batches.min(whole)) {
        for part in text.attach(batch?, loader, settings.train.gradient_accumulation)? {
            if interrupt.is_wanted() {
                return Ok(None);
            }
            all.extend(evaluate(network, &part, device));
        }
    }
    Ok(Some(all))
}
