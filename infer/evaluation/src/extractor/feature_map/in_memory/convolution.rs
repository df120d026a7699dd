//! Convolutions of one image: products of matrices that read the map where it is.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::Arch;

use super::MemoryMap;
use crate::extractor::convolution::{Convolution, Form};
use crate::extractor::feature_map::Activation;

/// Sums that are made at a time: as many stay in the second cache.
const MOST_SUMS: usize = 1 << 16;

/// A convolution's weights, channels of the result innermost.
#[derive(Clone, Debug)]
pub(crate) struct MemoryWeights {
    /// `[kernel height, kernel width, inputs or 1, outputs]`
    weight: Vec<f32>,
    /// `[outputs]`
    bias: Vec<f32>,
    form: Form,
}

impl MemoryWeights {
    /// Turns the weights.
    pub(super) fn new(Convolution { weight, bias, form }: Convolution) -> Self {
        let [outputs, inputs, height, width] = form.shape();
        let terms = inputs * height * width;
        let at = |i: usize| {
            let (tap, input, output) = (i / outputs / inputs, i / outputs % inputs, i % outputs);
            weight[output * terms + input * height * width + tap]
        };
        let weight = (0..weight.len()).map(at).collect();
        Self { weight, bias, form }
    }

    /// Convolves a map.
    pub(super) fn convolve(&self, map: &MemoryMap, activation: Activation) -> MemoryMap {
        let border = self.form.border(map.size);
        let padded = map.padded(border);
        let Form { kernel, stride, outputs, .. } = self.form;
        let size = [0, 1].map(|axis| (padded.size[axis] - kernel[axis]) / stride + 1);
        let mut values = vec![0.0; size[0] * size[1] * outputs];
        if self.form.depthwise {
            Arch::new()
                .dispatch(|| self.channel_by_channel(&padded, size[1], activation, &mut values));
        } else {
            self.all_channels(&padded, size[1], activation, &mut values);
        }
        MemoryMap { size, channels: outputs, values }
    }

    /// `out[y, x] = activation(b + sum_j W_j in[s y + j, s x ..])`, where the places that a row of the kernel
    /// covers lie one after the other in memory, and so are one column of a matrix.
    ///
    /// With a step of one the columns of all rows are one matrix: those between two rows are computed too, and
    /// left out.
    fn all_channels(
        &self,
        map: &MemoryMap,
        width: usize,
        activation: Activation,
        values: &mut [f32],
    ) {
        let Form { inputs, outputs, kernel, stride, .. } = self.form;
        let row_width = if stride == 1 { map.size[1] } else { width };
        let rows_at_once = if stride == 1 { (MOST_SUMS / (row_width * outputs)).max(1) } else { 1 };
        let height = values.len() / (width * outputs);
        let mut sums = vec![0.0; rows_at_once.min(height) * row_width * outputs];
        let terms = kernel[1] * inputs;
        for (block, values) in values.chunks_mut(rows_at_once * width * outputs).enumerate() {
            let rows = values.len() / (width * outputs);
            let places = (rows - 1) * row_width + width;
            for (row, weight) in self.weight.chunks_exact(terms * outputs).enumerate() {
                let start = (block * rows_at_once * stride + row) * map.size[1] * inputs;
                let columns = MatRef::from_column_major_slice_with_stride(
                    &map.values[start..],
                    terms,
                    places,
                    stride * inputs,
                );
                let weight = MatRef::from_column_major_slice(weight, outputs, terms);
                let sums = &mut sums[..places * outputs];
                let sums = MatMut::from_column_major_slice_mut(sums, outputs, places);
                let accumulate = if row == 0 { Accum::Replace } else { Accum::Add };
                matmul(sums, accumulate, weight, columns, 1.0, Par::Seq);
            }
            Arch::new().dispatch(|| {
                for (values, sums) in
                    values.chunks_exact_mut(width * outputs).zip(sums.chunks(row_width * outputs))
                {
                    for (values, sums) in
                        values.chunks_exact_mut(outputs).zip(sums.chunks_exact(outputs))
                    {
                        for ((value, sum), bias) in values.iter_mut().zip(sums).zip(&self.bias) {
                            *value = sum + bias;
                        }
                        activation.apply(values);
                    }
                }
            });
        }
    }

    /// `out[y, x] = activation(b + sum_ij w_ij in[s y + i, s x + j])`, channel by channel.
    #[allow(clippy::inline_always)] // What stays outside is compiled without the wide vectors.
    #[inline(always)]
    fn channel_by_channel(
        &self,
        map: &MemoryMap,
        width: usize,
        activation: Activation,
        values: &mut [f32],
    ) {
        let Form { outputs: channels, kernel, stride, .. } = self.form;
        for (y, values) in values.chunks_exact_mut(width * channels).enumerate() {
            for (x, values) in values.chunks_exact_mut(channels).enumerate() {
                values.copy_from_slice(&self.bias);
                for (tap, weight) in self.weight.chunks_exact(channels).enumerate() {
                    let [i, j] = [tap / kernel[1], tap % kernel[1]];
                    let place = (stride * y + i) * map.size[1] + stride * x + j;
                    let inputs = &map.values[place * channels..][..channels];
                    for ((value, input), weight) in values.iter_mut().zip(inputs).zip(weight) {
                        *value += input * weight;
                    }
                }
                activation.apply(values);
            }
        }
    }
}
