//! Packed attention alone.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use pixelflow::Segments;
use pixelflow::ops::{AttentionLayout, PixelFlowBackend, packed_attention};

use super::flop;
use super::measure::{Settings, measure};
use super::record::Record;

/// XL's heads.
const HEADS: usize = 16;
const HEAD_DIM: usize = 72;

/// Forward for inference; then forward and backward together, less forward.
pub fn run<B: PixelFlowBackend>(
    settings: &Settings,
    tokens: usize,
    device: &B::Device,
) -> Vec<Record> {
    let images = settings.images(tokens);
    let segments = Segments::uniform(images, tokens);
    let layout = AttentionLayout::new(&segments, &segments, HEADS);
    let shape = [images * tokens, HEADS * HEAD_DIM];
    let random = || {
        let values = Tensor::<B, 2>::random(shape, Distribution::Normal(0.0, 1.0), device);
        values.cast(settings.dtype.dtype())
    };
    let (q, k, v, gradient) = (random(), random(), random(), random());
    let forward = measure::<B>(settings, device, || {
        let (q, k, v) = (q.clone(), k.clone(), v.clone());
        let _ = packed_attention(q, k, v, None, &layout);
    });
    let tracked = |x: &Tensor<B, 2>| Tensor::<Autodiff<B>, 2>::from_inner(x.clone()).require_grad();
    let both = measure::<B>(settings, device, || {
        let (q, k, v) = (tracked(&q), tracked(&k), tracked(&v));
        let out = packed_attention(q, k, v, None, &layout);
        let product = out * Tensor::from_inner(gradient.clone());
        let _ = product.sum().backward();
    });
    let backward = both.iter().zip(&forward).map(|(both, forward)| both - forward);
    let flop = images as u64 * flop::attention(HEADS, tokens, HEAD_DIM);
    let case = [("tokens", tokens), ("batch", images), ("heads", HEADS), ("head_dim", HEAD_DIM)];
    vec![
        Record::new(
            settings,
            "attention.backward",
            &case,
            backward.collect(),
            flop::BACKWARD * flop,
        ),
        Record::new(settings, "attention.forward", &case, forward, flop),
    ]
}
