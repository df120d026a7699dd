//! The number format that a user asks for.

use std::fmt;
use std::str::FromStr;

use burn::tensor::DType;
use serde::{Deserialize, Serialize};

use crate::weights;

/// A format of weights and activations, as a user asks for it.
///
/// A model whose file has its matrices in eight bits keeps them so in every format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// All formats; the last is none of floats.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Bf16, Self::Int8];

    /// The format's name: `f32`, `f16`, `bf16` or `int8`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// Burn's name of the format in which the model computes.
    pub const fn dtype(self) -> DType {
        match self {
            Self::F32 | Self::Int8 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// What files call the format; `None` for int8, which is not one format.
    pub const fn stored(self) -> Option<weights::DType> {
        match self {
            Self::F32 => Some(weights::DType::F32),
            Self::F16 => Some(weights::DType::F16),
            Self::Bf16 => Some(weights::DType::BF16),
            Self::Int8 => None,
        }
    }

    /// Bytes of a number in which the model computes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::F32 | Self::Int8 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

impl fmt::Display for NumberFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NumberFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| format!("`{text}` is not f32, f16, bf16 or int8"))
    }
}
