//! Two-dimensional rotary position embedding.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

use crate::Example;

/// Cosines and sines of the angles of a grid's tokens, row-major.
///
/// The first half of the pairs turns with the column, the second with the row, each pair `i` of a
/// half by `position * 10000^(-4 i / head_dim)`; positions are integers whatever the resolution.
///
/// # Shapes
/// - outputs: `[height * width, head_dim / 2]`, one value a pair of features
pub fn rotary_table(height: usize, width: usize, head_dim: usize) -> (Vec<f32>, Vec<f32>) {
    let quarter = head_dim / 4;
    let frequency = |i: usize| 10_000_f64.powf(-(i as f64) / quarter as f64);
    let frequencies: Vec<f64> = (0..quarter).map(frequency).collect();
    let mut table = (Vec::new(), Vec::new());
    for row in 0..height {
        for column in 0..width {
            for position in [column, row] {
                for frequency in &frequencies {
                    let (sin, cos) = (position as f64 * frequency).sin_cos();
                    table.0.push(cos as f32);
                    table.1.push(sin as f32);
                }
            }
        }
    }
    table
}

/// The rotary table of a packed sequence, on a device.
#[derive(Clone, Debug)]
pub struct Rope<B: Backend> {
    /// `[positions, head_dim / 2]`. The sequence repeats the table: its number of tokens is a
    /// multiple of `positions` (a dense batch of one resolution stores the table once).
    pub cos: Tensor<B, 2>,
    /// `[positions, head_dim / 2]`.
    pub sin: Tensor<B, 2>,
}

impl<B: Backend> Rope<B> {
    /// The table of the examples' grids, one after the other.
    pub fn new(examples: &[Example], head_dim: usize, device: &B::Device) -> Self {
        let same = |a: &Example, b: &Example| a.height == b.height && a.width == b.width;
        let all_same = examples.windows(2).all(|pair| same(&pair[0], &pair[1]));
        let grids = if all_same { &examples[..examples.len().min(1)] } else { examples };
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for grid in grids {
            let table = rotary_table(grid.height, grid.width, head_dim);
            cos.extend(table.0);
            sin.extend(table.1);
        }
        let upload = |values: Vec<f32>| {
            let shape = [values.len() / (head_dim / 2), head_dim / 2];
            Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
        };
        Self { cos: upload(cos), sin: upload(sin) }
    }

    /// Turns every pair of neighbouring features of every head, in f32.
    ///
    /// `out[2i] = x[2i] cos - x[2i+1] sin`, `out[2i+1] = x[2i+1] cos + x[2i] sin`
    ///
    /// # Shapes
    /// - x and output: `[tokens, heads * head_dim]`
    pub fn apply(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let [tokens, width] = x.dims();
        let [positions, pairs] = self.cos.dims();
        let heads = width / (2 * pairs);
        let x = x.reshape([tokens / positions, positions, heads, pairs, 2]);
        let shape = [1, positions, 1, pairs, 1];
        let (cos, sin) = (self.cos.clone().reshape(shape), self.sin.clone().reshape(shape));
        let (even, odd) = (x.clone().narrow(4, 0, 1), x.narrow(4, 1, 1));
        let turned_even = even.clone() * cos.clone() - odd.clone() * sin.clone();
        let turned_odd = odd * cos + even * sin;
        Tensor::cat(vec![turned_even, turned_odd], 4).reshape([tokens, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_turns_the_first_half_and_the_row_the_second() {
        let (cos, sin) = rotary_table(2, 3, 8);
        let token = |row: usize, column: usize| (row * 3 + column) * 4;
        let at = token(1, 2);
        assert_eq!(sin[at], 2_f64.sin() as f32);
        assert_eq!(sin[at + 2], 1_f64.sin() as f32);
        assert_eq!(cos[at + 1], (2.0 * 0.01_f64).cos() as f32);
        assert_eq!(cos[token(0, 0)..token(0, 1)], [1.0; 4]);
    }
}
