//! A [`Matrix`] as a part of a module.
//!
//! What Burn derives for an enum would put the name of the variant into the names of the parameters;
//! here a float matrix is visited as if it were the parameter itself.

use burn::module::{
    AutodiffModule, Content, HasAutodiffModule, Module, ModuleDisplay, ModuleDisplayDefault,
    ModuleMapper, ModuleVisitor, Param,
};
use burn::record::Record;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

use super::{Int8Matrix, Matrix};

/// The values of a [`Matrix`].
#[derive(Record)]
pub enum MatrixRecord<B: Backend> {
    /// Of floats.
    Float(Param<Tensor<B, 2>>),
    /// Of whole numbers in eight bits.
    Int8(<Int8Matrix<B> as Module<B>>::Record),
}

impl<B: Backend> Module<B> for Matrix<B> {
    type Record = MatrixRecord<B>;

    fn collect_devices(&self, devices: Vec<B::Device>) -> Vec<B::Device> {
        match self {
            Self::Float(matrix) => matrix.collect_devices(devices),
            Self::Int8(matrix) => matrix.collect_devices(devices),
        }
    }

    fn fork(self, device: &B::Device) -> Self {
        match self {
            Self::Float(matrix) => Self::Float(matrix.fork(device)),
            Self::Int8(matrix) => Self::Int8(matrix.fork(device)),
        }
    }

    fn to_device(self, device: &B::Device) -> Self {
        match self {
            Self::Float(matrix) => Self::Float(matrix.to_device(device)),
            Self::Int8(matrix) => Self::Int8(matrix.to_device(device)),
        }
    }

    fn visit<V: ModuleVisitor<B>>(&self, visitor: &mut V) {
        match self {
            Self::Float(matrix) => matrix.visit(visitor),
            Self::Int8(matrix) => matrix.visit(visitor),
        }
    }

    fn map<M: ModuleMapper<B>>(self, mapper: &mut M) -> Self {
        match self {
            Self::Float(matrix) => Self::Float(Module::map(matrix, mapper)),
            Self::Int8(matrix) => Self::Int8(matrix.map(mapper)),
        }
    }

    /// # Panics
    /// If the record is of the other format.
    fn load_record(self, record: MatrixRecord<B>) -> Self {
        match (self, record) {
            (Self::Float(matrix), MatrixRecord::Float(record)) => {
                Self::Float(matrix.load_record(record))
            }
            (Self::Int8(matrix), MatrixRecord::Int8(record)) => {
                Self::Int8(matrix.load_record(record))
            }
            _ => panic!("a matrix in eight bits and one of floats"),
        }
    }

    fn into_record(self) -> MatrixRecord<B> {
        match self {
            Self::Float(matrix) => MatrixRecord::Float(matrix.into_record()),
            Self::Int8(matrix) => MatrixRecord::Int8(matrix.into_record()),
        }
    }
}

impl<B: AutodiffBackend> AutodiffModule<B> for Matrix<B> {
    type InnerModule = Matrix<B::InnerBackend>;

    fn valid(&self) -> Matrix<B::InnerBackend> {
        match self {
            Self::Float(matrix) => Matrix::Float(matrix.valid()),
            Self::Int8(matrix) => Matrix::Int8(matrix.valid()),
        }
    }

    fn from_inner(matrix: Matrix<B::InnerBackend>) -> Self {
        match matrix {
            Matrix::Float(matrix) => Self::Float(AutodiffModule::from_inner(matrix)),
            Matrix::Int8(matrix) => Self::Int8(AutodiffModule::from_inner(matrix)),
        }
    }
}

impl<B: AutodiffBackend> HasAutodiffModule<B> for Matrix<B::InnerBackend> {
    type TrainModule = Matrix<B>;
}

impl<B: Backend> ModuleDisplayDefault for Matrix<B> {
    fn content(&self, content: Content) -> Option<Content> {
        match self {
            Self::Float(matrix) => matrix.content(content),
            Self::Int8(matrix) => matrix.content(content),
        }
    }

    fn num_params(&self) -> usize {
        self.dims().iter().product()
    }
}

impl<B: Backend> ModuleDisplay for Matrix<B> {}
