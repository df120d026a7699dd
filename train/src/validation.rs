//! Loss on images that training does not see.

use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::Loader;

use crate::Result;
use crate::network::Network;
use crate::step::{ExampleLosses, evaluate};
use crate::texts::TextSource;

/// Losses of the first `batches` batches: the same images, stages, times and noise every time.
///
/// # Errors
/// What the loader says.
pub fn validate<B: PixelFlowBackend>(
    network: &Network<B>,
    loader: &Loader,
    text: &TextSource,
    batches: u64,
    device: &B::Device,
) -> Result<ExampleLosses> {
    let mut all = ExampleLosses { losses: Vec::new(), stages: Vec::new() };
    for batch in loader.stream(0..batches) {
        let ExampleLosses { losses, stages } =
            evaluate(network, &text.attach(batch?, loader)?, device);
        all.losses.extend(losses);
        all.stages.extend(stages);
    }
    Ok(all)
}
