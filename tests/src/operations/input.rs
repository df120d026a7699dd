//! An input of an operation.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};
use pixelflow::noise::{Key, Purpose};

use super::{Matrix, Tape};
use crate::Precision;

/// Seed of all values.
const SEED: u64 = 11;

/// A matrix that an operation is given; vectors are matrices of one row.
#[derive(Clone, Debug)]
pub struct Input {
    shape: [usize; 2],
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// Normal numbers times a factor, in the precision of the case, with a gradient. Blocks of
    /// columns have names and widths.
    Normals { factor: f64, blocks: Vec<(&'static str, usize)> },
    /// Numbers in f32 without a gradient.
    Constant(Vec<f64>),
}

impl Input {
    /// Normal numbers, whose gradient is compared.
    pub fn normals(name: &'static str, shape: [usize; 2]) -> Self {
        Self::blocks(shape[0], &[(name, shape[1])])
    }

    /// Normal numbers, cut into blocks of columns: what the model gets by `narrow`.
    pub fn blocks(rows: usize, blocks: &[(&'static str, usize)]) -> Self {
        let columns = blocks.iter().map(|block| block.1).sum();
        let (factor, blocks) = (1.0, blocks.to_vec());
        Self { shape: [rows, columns], content: Content::Normals { factor, blocks } }
    }

    /// The same, multiplied.
    #[must_use]
    pub fn times(mut self, by: f64) -> Self {
        if let Content::Normals { factor, .. } = &mut self.content {
            *factor *= by;
        }
        self
    }

    /// A row of f32 numbers without a gradient.
    pub fn constant(values: Vec<f64>) -> Self {
        Self { shape: [1, values.len()], content: Content::Constant(values) }
    }

    /// The values, rounded to the format they are in; `place` tells the inputs of a case apart.
    pub(super) fn values(&self, place: usize, precision: Precision) -> Vec<f64> {
        match &self.content {
            Content::Normals { factor, .. } => {
                let [rows, columns] = self.shape;
                let normals = normals(place as u64, rows * columns);
                let value = |normal: f64| precision.round(normal * factor);
                normals.into_iter().map(value).collect()
            }
            Content::Constant(values) => values.clone(),
        }
    }

    /// The values on a tape.
    pub(super) fn on_tape<'t>(&self, tape: &'t Tape, values: &[f64]) -> Matrix<'t> {
        Matrix::input(tape, values, self.shape[1])
    }

    /// The values on a device.
    pub(super) fn on_device<B: Backend>(
        &self,
        values: &[f64],
        precision: Precision,
        device: &B::Device,
    ) -> Tensor<B, 2> {
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let data = TensorData::new(values, self.shape);
        match self.content {
            Content::Normals { .. } => {
                Tensor::from_data(data, (device, precision.dtype())).require_grad()
            }
            Content::Constant(_) => Tensor::from_data(data, (device, DType::F32)),
        }
    }

    /// Names of the blocks with a gradient.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.named_blocks().iter().map(|block| block.0)
    }

    /// The gradient, cut into the blocks.
    pub(super) fn cut(&self, gradient: &[f64]) -> Vec<Vec<f64>> {
        let mut first = 0;
        let block = |&(_, width): &(&str, usize)| {
            let columns = first..first + width;
            first += width;
            let rows = gradient.chunks_exact(self.shape[1]);
            rows.flat_map(|row| &row[columns.clone()]).copied().collect()
        };
        self.named_blocks().iter().map(block).collect()
    }

    fn named_blocks(&self) -> &[(&'static str, usize)] {
        match &self.content {
            Content::Normals { blocks, .. } => blocks,
            Content::Constant(_) => &[],
        }
    }
}

/// Normal numbers.
pub(super) fn normals(index: u64, count: usize) -> Vec<f64> {
    crate::tensors::widen(&Key::new(SEED, index, Purpose::Testing).normals(count))
}
