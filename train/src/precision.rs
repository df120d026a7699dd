//! Mixed precision: a step computes with a copy of the weights in 16 bits, and updates those in f32.
//!
//! Micikevicius et al., arXiv 1710.03740. These are the only casts of training: what the copy computes in f32 all the
//! same (norms, softmax, modulation, loss) is the model's own affair, and the same in drawing.

use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, FloatDType, Tensor};
use serde::{Deserialize, Serialize};

/// The number format of a step's products, of attention and of what the backward pass keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits, as everything else.
    #[default]
    F32,
    /// 16 bits with the range of 32.
    Bf16,
    /// 16 bits with a small range: the loss is scaled.
    F16,
}

impl Precision {
    /// Burn's name of it.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }

    /// Burn's name of what is not f32.
    fn narrow(self) -> Option<FloatDType> {
        match self {
            Self::F32 => None,
            Self::Bf16 => Some(FloatDType::BF16),
            Self::F16 => Some(FloatDType::F16),
        }
    }

    /// What a step computes with: the module itself, or a copy in this format, whose gradients are
    /// [brought back](Self::widen).
    pub fn working_copy<A: AutodiffBackend, M: Module<A>>(self, module: &M) -> M {
        let copy = module.clone();
        match self.narrow() {
            None => copy,
            Some(format) => copy.map(&mut Narrow(format)),
        }
    }

    /// The gradients of a working copy as those of the weights, in f32, times `factor`.
    pub fn widen<A: AutodiffBackend, M: AutodiffModule<A>>(
        self,
        module: &M,
        gradients: GradientsParams,
        factor: f64,
    ) -> GradientsParams {
        if self == Self::F32 {
            return gradients;
        }
        let mut widen = Widen { narrow: gradients, wide: GradientsParams::new(), factor };
        module.valid().visit(&mut widen);
        widen.wide
    }
}

/// Casts every parameter. Those of the copy are leaves of its graph: their gradients come in its format.
struct Narrow(FloatDType);

impl<A: AutodiffBackend> ModuleMapper<A> for Narrow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let (id, value, mapper) = param.consume();
        let value = Tensor::from_inner(value.inner().cast(self.0)).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

struct Widen {
    narrow: GradientsParams,
    wide: GradientsParams,
    factor: f64,
}

impl<B: Backend> ModuleVisitor<B> for Widen {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.narrow.remove::<B, D>(param.id) {
            self.wide.register::<B, D>(param.id, gradient.cast(FloatDType::F32) * self.factor);
        }
    }
}
