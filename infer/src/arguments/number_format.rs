//! Formats of weights and activations.

use burn::tensor::DType;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A format of weights and activations.
///
/// A model whose file has its matrices in eight bits keeps them so in every format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats.
    F16,
    /// 16-bit floats with the range of 32 bits.
    Bf16,
    /// Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats.
    Int8,
}

impl NumberFormat {
    /// Burn's name of the format in which the model computes.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 | Self::Int8 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Bytes of a number in which the model computes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 | Self::Int8 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// `f32`, `f16` or `bf16`.
///
/// # Errors
/// What may be written instead.
pub fn float_format(text: &str) -> Result<NumberFormat, String> {
    let format = NumberFormat::from_str(text, true).ok();
    format
        .filter(|format| *format != NumberFormat::Int8)
        .ok_or_else(|| format!("`{text}` is not f32, f16 or bf16"))
}
