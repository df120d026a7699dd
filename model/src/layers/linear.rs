//! The linear layer.

use burn::module::{Initializer, Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{Matrix, MatrixFormat};
use crate::ops::{self, PixelFlowBackend};

/// `x weight + bias`.
#[derive(Module, Debug)]
pub struct Linear<B: Backend> {
    /// The matrix, `[inputs, outputs]`.
    pub weight: Matrix<B>,
    /// `[outputs]`.
    pub bias: Option<Param<Tensor<B, 1>>>,
}

impl<B: Backend> Linear<B> {
    /// A layer whose values come later, from [`crate::initialisation`] or a file.
    pub(crate) fn uninitialised(
        inputs: usize,
        outputs: usize,
        bias: bool,
        format: MatrixFormat,
        device: &B::Device,
    ) -> Self {
        Self {
            weight: Matrix::uninitialised(inputs, outputs, format, device),
            bias: bias.then(|| Initializer::Zeros.init([outputs], device)),
        }
    }
}

impl<B: PixelFlowBackend> Linear<B> {
    /// Applies the layer to every row.
    ///
    /// # Shapes
    /// - x: `[rows, inputs]`
    /// - output: `[rows, outputs]`
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let bias = self.bias.as_ref().map(Param::val);
        let weight = self.weight.val();
        alike(x, weight.dims()[1], |x| ops::linear(x, weight, bias))
    }
}

/// Products of no more results than this may be made by other means: the CPU's have a kernel for them.
const SMALL_PRODUCT: usize = 256;

/// A product whose rows do not depend on how many there are: few rows are followed by zeros.
///
/// Backends make products of few rows, or of one, by other means. The CPU adds their terms in another
/// order, so that an image would depend on what is drawn beside it (in f16, and with Dopri5, pixels
/// show it); wgpu's product of a single row is wrong in f16, by 70 % where an image is a single token.
/// The doubt: what a product with a vector would save is lost.
pub(super) fn alike<B: Backend>(
    x: Tensor<B, 2>,
    outputs: usize,
    product: impl FnOnce(Tensor<B, 2>) -> Tensor<B, 2>,
) -> Tensor<B, 2> {
    let [rows, inputs] = x.dims();
    let least = 2.max(SMALL_PRODUCT / outputs.max(1) + 1);
    if rows == 0 || rows >= least {
        return product(x);
    }
    // Not `repeat_dim`, whose gradient in Burn 0.21 is that of rows repeated one by one.
    let zeros = Tensor::<B, 2>::zeros([least - rows, inputs], &x.device()).cast(x.dtype());
    product(Tensor::cat(vec![x, zeros], 0)).narrow(0, 0, rows)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{DType, TensorData};
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::noise::{Key, Purpose};

    #[test]
    fn a_row_is_the_same_alone_and_among_others() {
        let (inputs, rows) = (72, 9);
        let tensor = |number, shape: [usize; 2], dtype| {
            let values = Key::new(1, number, Purpose::Testing).normals(shape[0] * shape[1]);
            let data = TensorData::new(values, shape);
            Tensor::<Flex, 2>::from_data(data, &FlexDevice).cast(dtype)
        };
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            for outputs in [3, 32, 150] {
                let x = tensor(1, [rows, inputs], dtype);
                // In both orders of memory.
                let transposed = tensor(2, [outputs, inputs], dtype).transpose();
                for weight in [tensor(2, [inputs, outputs], dtype), transposed] {
                    let product = |x: Tensor<Flex, 2>| {
                        alike(x, outputs, |x| ops::linear(x, weight.clone(), None))
                    };
                    let together = product(x.clone()).into_data();
                    for count in [1, 3] {
                        let some = |first| product(x.clone().narrow(0, first, count));
                        let apart = (0..rows).step_by(count).map(some).collect();
                        let apart = Tensor::cat(apart, 0).into_data();
                        assert_eq!(apart, together, "{dtype:?}, {outputs} outputs, {count} rows");
                    }
                }
            }
        }
    }
}
