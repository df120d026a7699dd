//! The XL model at a reduced depth, and one of its blocks.

use burn::tensor::{Distribution, Tensor};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Context, PixelFlow, PixelFlowConfig, Preset};

use super::flop;
use super::format::in_format;
use super::measure::{Settings, measure};
use super::record::Record;

/// Classes of ImageNet.
const CLASSES: usize = 1000;
/// Depth of the whole model unless another is asked for; XL's is 28.
pub const DEPTH: usize = 2;
const TIMESTEP: f32 = 500.0;

/// The whole model at the depth that is asked for, then one block: models of depth 3 and 1 differ by two of them.
pub fn run<B: PixelFlowBackend>(
    settings: &Settings,
    tokens: usize,
    device: &B::Device,
) -> Vec<Record> {
    let images = settings.images(tokens);
    let lengths = vec![tokens; images];
    let case = [("tokens", tokens), ("batch", images), ("depth", settings.depth)];
    let whole = seconds::<B>(settings, tokens, settings.depth, device);
    let flop = flop::forward(&config(settings.depth), &lengths);
    let whole = Record::new(settings, "forward", &case, whole, flop);

    let [shallow, deep] = [1, 3].map(|depth| seconds::<B>(settings, tokens, depth, device));
    let block = deep.iter().zip(&shallow).map(|(deep, shallow)| (deep - shallow) / 2.0);
    let flop = flop::block(&config(1), &lengths);
    let block = Record::new(settings, "forward.block", &case[..2], block.collect(), flop);
    vec![whole, block]
}

fn config(depth: usize) -> PixelFlowConfig {
    PixelFlowConfig { depth, ..Preset::Xl.config(CLASSES) }
}

fn seconds<B: PixelFlowBackend>(
    settings: &Settings,
    tokens: usize,
    depth: usize,
    device: &B::Device,
) -> Vec<f64> {
    let config = config(depth);
    let model: PixelFlow<B> = config.init(1, device).expect("the shape of XL is valid");
    let model = in_format(model, settings.dtype.dtype());
    let images = settings.images(tokens);
    let side = config.patch_size * flop::side(tokens).unwrap_or(1);
    let shape = [images, config.in_channels, side, side];
    let pixels = Tensor::<B, 4>::random(shape, Distribution::Normal(0.0, 1.0), device);
    let context = Context::Class((0..images).collect());
    let timesteps = vec![TIMESTEP; images];
    measure::<B>(settings, device, || {
        let _ = model.forward(pixels.clone(), &timesteps, &context);
    })
}
