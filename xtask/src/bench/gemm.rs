//! The matrix products of a block alone: the rate that the device reaches at these sizes.

use burn::tensor::{Distribution, Tensor};
use pixelflow::ops::{PixelFlowBackend, linear};

use super::flop;
use super::measure::{Settings, measure};
use super::record::Record;

/// XL's.
const WIDTH: usize = 1152;

/// `[tokens, k]` by `[k, n]` of queries, keys and values, of the output, and of both halves of the
/// feed-forward layer; then all together.
pub fn run<B: PixelFlowBackend>(
    settings: &Settings,
    tokens: usize,
    device: &B::Device,
) -> Vec<Record> {
    let rows = settings.images(tokens) * tokens;
    let shapes: [(&str, usize, usize, u32); 3] =
        [("q", WIDTH, WIDTH, 4), ("fc1", WIDTH, 4 * WIDTH, 1), ("fc2", 4 * WIDTH, WIDTH, 1)];
    let random = |shape: [usize; 2]| {
        let values = Tensor::<B, 2>::random(shape, Distribution::Normal(0.0, 1.0), device);
        values.cast(settings.dtype.dtype())
    };
    let mut together = vec![0.0; settings.repeat];
    let mut total = 0;
    let mut records = Vec::new();
    for (name, k, n, times) in shapes {
        let (x, weight) = (random([rows, k]), random([k, n]));
        let seconds = measure::<B>(settings, device, || {
            let _ = linear(x.clone(), weight.clone(), None);
        });
        for (sum, second) in together.iter_mut().zip(&seconds) {
            *sum += f64::from(times) * second;
        }
        let flop = flop::matmul(rows, k, n);
        total += u64::from(times) * flop;
        let case = [("m", rows), ("k", k), ("n", n)];
        records.push(Record::new(settings, &format!("gemm.{name}"), &case, seconds, flop));
    }
    let case = [("m", rows), ("width", WIDTH)];
    records.push(Record::new(settings, "gemm.all", &case, together, total));
    records
}
