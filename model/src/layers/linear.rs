//! The linear layer.

use burn::module::{Initializer, Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::module::linear;

use super::{Matrix, MatrixFormat};
use crate::ops::PixelFlowBackend;

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
        alike(x, |x| linear(x, self.weight.val(), bias))
    }
}

/// A product whose rows do not depend on how many there are: a single row goes as two.
///
/// Backends multiply a single row by other means. The CPU adds its terms in another order, so that an
/// image would depend on whether it is drawn alone (in f16 pixels show it); wgpu's result in f16 is
/// wrong, by 70 % where an image is a single token. The doubt: what a product with a vector would save
/// is lost.
pub(super) fn alike<B: Backend>(
    x: Tensor<B, 2>,
    product: impl FnOnce(Tensor<B, 2>) -> Tensor<B, 2>,
) -> Tensor<B, 2> {
    if x.dims()[0] == 1 { product(x.repeat_dim(0, 2)).narrow(0, 0, 1) } else { product(x) }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{DType, TensorData};
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::noise::{Key, Purpose};

    #[test]
    fn a_row_is_the_same_alone_and_among_others() {
        let (inputs, outputs, rows) = (72, 150, 5);
        let tensor = |number, shape: [usize; 2], dtype| {
            let values = Key::new(1, number, Purpose::Testing).normals(shape[0] * shape[1]);
            let data = TensorData::new(values, shape);
            Tensor::<Flex, 2>::from_data(data, &FlexDevice).cast(dtype)
        };
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            let (x, weight) =
                (tensor(1, [rows, inputs], dtype), tensor(2, [inputs, outputs], dtype));
            let product = |x: Tensor<Flex, 2>| alike(x, |x| x.matmul(weight.clone()));
            let alone = (0..rows).map(|row| product(x.clone().narrow(0, row, 1))).collect();
            let alone = Tensor::cat(alone, 0).into_data();
            assert_eq!(alone, product(x).into_data(), "{dtype:?}");
        }
    }
}
