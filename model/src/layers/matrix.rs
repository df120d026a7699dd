//! The matrix of a linear layer, as floats or in eight bits.

use burn::module::{Initializer, Module, Param, ParamId};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor};

use crate::int8::IN_A_WORD;
use crate::ops::{self, PixelFlowBackend};

/// How the matrices of a model are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatrixFormat {
    /// In the format of all parameters.
    Float,
    /// In eight bits, taken to the format in which the model computes for each product.
    Int8(DType),
}

/// The matrix of a linear layer, `[inputs, outputs]`.
///
#[derive(Clone, Debug)]
pub enum Matrix<B: Backend> {
    /// Floats.
    Float(Param<Tensor<B, 2>>),
    /// Whole numbers in eight bits, for drawing only.
    Int8(Int8Matrix<B>),
}

/// A matrix in eight bits; see [`Int8Rows`](crate::int8::Int8Rows).
#[derive(Module, Debug)]
pub struct Int8Matrix<B: Backend> {
    /// Four values a word, `[inputs / 4, outputs]`.
    pub words: Param<Tensor<B, 2, Int>>,
    /// One factor an output in f32, `[outputs]`.
    pub scale: Param<Tensor<B, 1>>,
    /// The format of the floats that are made of it.
    #[module(skip)]
    dtype: DType,
}

impl<B: Backend> Matrix<B> {
    pub(super) fn uninitialised(
        inputs: usize,
        outputs: usize,
        format: MatrixFormat,
        device: &B::Device,
    ) -> Self {
        let shape = [inputs, outputs];
        match format {
            MatrixFormat::Float => Self::Float(Initializer::Zeros.init(shape, device)),
            MatrixFormat::Int8(dtype) => {
                Self::Int8(Int8Matrix::uninitialised(shape, dtype, device))
            }
        }
    }

    /// Inputs and outputs.
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Float(matrix) => matrix.lazy_shape().dims(),
            Self::Int8(matrix) => {
                let [quarter, outputs] = matrix.words.lazy_shape().dims();
                [quarter * IN_A_WORD, outputs]
            }
        }
    }

    /// Where it is.
    pub fn device(&self) -> B::Device {
        match self {
            Self::Float(matrix) => matrix.lazy_device(),
            Self::Int8(matrix) => matrix.words.lazy_device(),
        }
    }

    /// The format of what [`val`](Self::val) returns.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Float(matrix) => matrix.val().dtype(),
            Self::Int8(matrix) => matrix.dtype,
        }
    }
}

impl<B: PixelFlowBackend> Matrix<B> {
    /// Its values, `[inputs, outputs]`; of a matrix in eight bits they are made anew each time.
    pub fn val(&self) -> Tensor<B, 2> {
        match self {
            Self::Float(matrix) => matrix.val(),
            Self::Int8(matrix) => {
                ops::dequantise(matrix.words.val(), matrix.scale.val(), matrix.dtype)
            }
        }
    }
}

impl<B: Backend> Int8Matrix<B> {
    fn uninitialised([inputs, outputs]: [usize; 2], dtype: DType, device: &B::Device) -> Self {
        let shape = [inputs / IN_A_WORD, outputs];
        let zeros = move |device: &B::Device, _| Tensor::zeros(shape, (device, DType::I32));
        Self {
            words: Param::uninitialized(ParamId::new(), zeros, device.clone(), false, shape.into()),
            scale: Initializer::Zeros.init([outputs], device),
            dtype,
        }
    }
}
