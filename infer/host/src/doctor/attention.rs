//! Whether a device's attention runs, and is right.

use burn::tensor::{DType, Tensor, TensorData};
use pixelflow::Segments;
use pixelflow::noise::{Key, Purpose};
use pixelflow::ops::{AttentionForm, AttentionLayout, PixelFlowBackend, packed_attention};

use crate::device::OnBackend;

/// Tokens of two examples.
const LENGTHS: [usize; 2] = [37, 64];
const HEADS: usize = 2;
/// As the XL model's.
const HEAD_DIM: usize = 72;

/// Attention in a format, compared with its formula in f64.
pub(super) struct TryAttention(pub DType);

/// How attention is computed, and the largest error in proportion to the largest value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tried {
    pub form: AttentionForm,
    pub error: f64,
}

impl OnBackend for TryAttention {
    /// `None` if the device does not compute in the format.
    type Output = Option<Tried>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self(dtype) = self;
        if !B::supports_dtype(&device, dtype) {
            return None;
        }
        let tokens: usize = LENGTHS.iter().sum();
        let width = HEADS * HEAD_DIM;
        // The values that the device has, in whatever format.
        let tensor = |index| {
            let values = Key::new(1, index, Purpose::Testing).normals(tokens * width);
            let data = TensorData::new(values, [tokens, width]).convert_dtype(dtype);
            let exact: Vec<f64> = data.iter::<f64>().collect();
            (Tensor::<B, 2>::from_data(data, (&device, dtype)), exact)
        };
        let [(q, q_exact), (k, k_exact), (v, v_exact)] = [0, 1, 2].map(tensor);
        let segments = Segments::new(LENGTHS.to_vec());
        let layout = AttentionLayout::new(&segments, &segments, HEADS);
        let found = packed_attention(q, k, v, None, &layout).into_data();
        let expected = attention(&q_exact, &k_exact, &v_exact);
        let largest = expected.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let errors = found.iter::<f64>().zip(&expected).map(|(found, value)| (found - value).abs());
        // What is not a number is the worst error.
        let error = errors.fold(0.0, |most: f64, error| if error <= most { most } else { error });
        Some(Tried { form: B::attention_form(HEAD_DIM, dtype, &device), error: error / largest })
    }
}

/// `softmax(q k' / sqrt(head_dim)) v` of each head and example.
fn attention(q: &[f64], k: &[f64], v: &[f64]) -> Vec<f64> {
    let width = HEADS * HEAD_DIM;
    let mut output = vec![0.0; q.len()];
    let mut first = 0;
    for length in LENGTHS {
        for (head, query) in
            (0..HEADS).flat_map(|head| (first..first + length).map(move |q| (head, q)))
        {
            let at = |of: &[f64], token: usize, feature: usize| {
                of[token * width + head * HEAD_DIM + feature]
            };
            let score = |key: usize| {
                let product = (0..HEAD_DIM).map(|f| at(q, query, f) * at(k, key, f)).sum::<f64>();
                (product / (HEAD_DIM as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = (first..first + length).map(score).collect();
            let sum: f64 = scores.iter().sum();
            for feature in 0..HEAD_DIM {
                let weighted = scores.iter().zip(first..).map(|(s, key)| s * at(v, key, feature));
                output[query * width + head * HEAD_DIM + feature] = weighted.sum::<f64>() / sum;
            }
        }
        first += length;
    }
    output
}
