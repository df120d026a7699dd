//! Code that is generic over the backend: the same function on the CPU, and on whatever GPU Burn has a
//! backend for. `cargo run -p burn-pixelflow --example backend`.

use burn_flex::{Flex, FlexDevice};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Pipeline, Request};

/// Draws images of a class and gives the darkest one. The bound is all that a backend needs: `Flex`,
/// `Wgpu`, `Cuda` and the others have it, with or without `Fusion`, and `Autodiff` of each.
fn darkest<B: PixelFlowBackend>(
    model: &str,
    class: usize,
    device: &B::Device,
) -> pixelflow::Result<Option<Vec<u8>>> {
    let mut pipeline = Pipeline::<B>::open(model, device)?;
    let request = Request::class(class).count(3);
    let images: Vec<Vec<u8>> =
        pipeline.draw(&request)?.map(|image| Ok(image?.rgb)).collect::<pixelflow::Result<_>>()?;
    Ok(images.into_iter().min_by_key(|rgb| rgb.iter().map(|&v| u64::from(v)).sum::<u64>()))
}

fn main() -> pixelflow::Result<()> {
    let image = darkest::<Flex>("assets/demo/model", 3, &FlexDevice)?;
    println!("the darkest of three has {} bytes", image.map_or(0, |rgb| rgb.len()));
    Ok(())
}
