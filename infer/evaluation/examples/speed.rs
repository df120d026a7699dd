//! Images a second through Inception-v3 and EfficientNet-Lite0 on the CPU: `speed INCEPTION.pth BATCH`.
//!
//! Any weights will do; the shipped ones are taken for the second.

use std::path::Path;
use std::time::Instant;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::Tensor;
use pixelflow_evaluation::Protocol;
use pixelflow_evaluation::extractor::{EfficientNetLite0, Extractor, Inception};

/// The best of some batches: others use the machine as well.
fn measure(network: &impl Extractor<Flex>, batch: usize) {
    let side = network.preparation().side;
    let x = Tensor::<Flex, 4>::zeros([batch, 3, side, side], &FlexDevice) + 0.5;
    let once = |_| {
        let start = Instant::now();
        let _ = network.forward(x.clone()).features.into_data();
        start.elapsed().as_secs_f64()
    };
    let best = (0..5).map(once).fold(f64::INFINITY, f64::min);
    println!("{}: {:.1} images a second, batches of {batch}", network.name(), batch as f64 / best);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let weights = arguments.next();
    let batch = arguments.next().map_or(Ok(16), |batch| batch.parse())?;
    let shipped =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/efficientnet-lite0/model.safetensors");
    measure(&EfficientNetLite0::<Flex>::open(Some(Path::new(shipped)), &FlexDevice)?, batch);
    let weights = weights.as_deref().map(Path::new);
    measure(&Inception::<Flex>::open(weights, Protocol::Adm, &FlexDevice)?, batch);
    Ok(())
}
