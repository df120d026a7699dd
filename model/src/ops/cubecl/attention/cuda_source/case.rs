//! What the kernels are given, and what they shall find.

use half::{bf16, f16};

use super::super::DType;
use super::variant::Variant;
use crate::noise::{Key, Purpose};

pub const HEADS: usize = 2;
/// Lengths of the examples: some longer than any tile, one shorter than a vector.
pub const QUERIES: [usize; 3] = [70, 3, 33];
pub const KEYS: [usize; 3] = [81, 20, 130];

/// A matrix of the kernel's, with room after each row if it is one of several side by side.
pub struct Matrix {
    values: Vec<f64>,
    pub columns: usize,
    pub stride: usize,
}

impl Matrix {
    fn new(values: Vec<f64>, columns: usize, stride: usize) -> Self {
        Self { values, columns, stride }
    }

    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    pub fn bytes(&self, dtype: DType) -> Vec<u8> {
        let row = |row: &[f64]| {
            let gap = vec![f64::from(f32::MAX); self.stride - self.columns];
            let all = row.iter().chain(&gap).copied();
            all.flat_map(|x| encode(x, dtype)).collect::<Vec<u8>>()
        };
        self.values.chunks(self.columns).flat_map(row).collect()
    }
}

pub fn encode(x: f64, dtype: DType) -> Vec<u8> {
    match dtype {
        DType::F16 => f16::from_f64(x).to_le_bytes().to_vec(),
        DType::BF16 => bf16::from_f64(x).to_le_bytes().to_vec(),
        _ => (x as f32).to_le_bytes().to_vec(),
    }
}

pub fn decode(bytes: &[u8], dtype: DType) -> Vec<f64> {
    match dtype {
        DType::F16 => {
            let halves = bytes.as_chunks().0.iter();
            halves.map(|bytes| f16::from_le_bytes(*bytes).to_f64()).collect()
        }
        DType::BF16 => {
            let halves = bytes.as_chunks().0.iter();
            halves.map(|bytes| bf16::from_le_bytes(*bytes).to_f64()).collect()
        }
        _ => {
            let floats = bytes.as_chunks().0.iter();
            floats.map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
        }
    }
}

/// What the kernels are given, all exact in their format, and what they shall find.
pub struct Case {
    pub q: Matrix,
    pub k: Matrix,
    pub v: Matrix,
    pub grad_output: Matrix,
    pub bias: Vec<f64>,
    pub output: Vec<f64>,
    pub lse: Vec<f64>,
    pub delta: Vec<f64>,
    pub grad_q: Vec<f64>,
    pub grad_k: Vec<f64>,
    pub grad_v: Vec<f64>,
}

impl Case {
    pub fn new(variant: Variant) -> Self {
        let width = HEADS * variant.head_dim;
        let (queries, keys): (usize, usize) = (QUERIES.iter().sum(), KEYS.iter().sum());
        let normals = |seed, count| {
            let normals = Key::new(seed, 0, Purpose::InitialNoise).normals(count);
            let exact = |x: f32| decode(&encode(f64::from(x), variant.dtype), variant.dtype)[0];
            normals.into_iter().map(exact).collect::<Vec<f64>>()
        };
        let matrix =
            |seed, tokens, stride| Matrix::new(normals(seed, tokens * width), width, stride);
        let mut k = matrix(2, keys, 2 * width);
        // Scores that rise along each example, by much: the largest so far is often surpassed.
        for (row, values) in k.values.chunks_mut(width).enumerate() {
            let growth = f64::from(1 << (row / 16 % 4));
            for value in values {
                *value *= growth;
            }
        }
        let mut case = Self {
            q: matrix(1, queries, 3 * width),
            k,
            v: matrix(3, keys, width),
            grad_output: matrix(4, queries, width),
            bias: if variant.bias { normals(5, keys) } else { vec![0.0; keys] },
            output: vec![0.0; queries * width],
            lse: vec![0.0; queries * HEADS],
            delta: vec![0.0; queries * HEADS],
            grad_q: vec![0.0; queries * width],
            grad_k: vec![0.0; keys * width],
            grad_v: vec![0.0; keys * width],
        };
        case.solve(variant.head_dim);
        case
    }

    /// Attention and its gradients by their definition.
    fn solve(&mut self, head_dim: usize) {
        let width = HEADS * head_dim;
        let scale = 1.0 / (head_dim as f64).sqrt();
        let (mut query, mut key) = (0, 0);
        for (queries, keys) in QUERIES.into_iter().zip(KEYS) {
            for (row, head) in (query..query + queries).flat_map(|q| [(q, 0), (q, 1)]) {
                let of = |token: usize| token * width + head * head_dim;
                let range = |token| of(token)..of(token) + head_dim;
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let q = &self.q.values[range(row)];
                let grad_output = &self.grad_output.values[range(row)];
                let score = |j| dot(q, &self.k.values[range(j)]) * scale + self.bias[j];
                let scores: Vec<f64> = (key..key + keys).map(score).collect();
                let largest = scores.iter().copied().fold(f64::MIN, f64::max);
                let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
                let lse = largest + total.ln();
                let weights: Vec<f64> = scores.iter().map(|score| (score - lse).exp()).collect();
                let grad_weights: Vec<f64> =
                    (key..key + keys).map(|j| dot(grad_output, &self.v.values[range(j)])).collect();
                let delta = dot(&weights, &grad_weights);
                self.lse[row * HEADS + head] = lse;
                self.delta[row * HEADS + head] = delta;
                for (j, (weight, grad_weight)) in (key..).zip(weights.iter().zip(&grad_weights)) {
                    let grad_score = weight * (grad_weight - delta) * scale;
                    for d in 0..head_dim {
                        let (at, own) = (of(j) + d, of(row) + d);
                        self.output[own] += weight * self.v.values[at];
                        self.grad_q[own] += grad_score * self.k.values[at];
                        self.grad_k[at] += grad_score * self.q.values[own];
                        self.grad_v[at] += weight * self.grad_output.values[own];
                    }
                }
            }
            (query, key) = (query + queries, key + keys);
        }
    }
}
