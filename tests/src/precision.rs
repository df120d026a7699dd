//! The precision in which a model computes.

use std::fmt;
use std::str::FromStr;

use burn::tensor::DType;
use serde::{Deserialize, Serialize};

use crate::{Limits, Manifest, TEN};

/// The format of weights and activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE single precision.
    #[default]
    F32,
    /// IEEE half precision: 11 significant bits.
    F16,
    /// The upper half of single precision: 8 significant bits.
    Bf16,
}

impl Precision {
    /// All of them, the most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Bf16];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// Burn's name for it.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Largest relative error of rounding to it.
    pub fn unit_roundoff(self) -> f64 {
        match self {
            Self::F32 => 2_f64.powi(-24),
            Self::F16 => 2_f64.powi(-11),
            Self::Bf16 => 2_f64.powi(-8),
        }
    }

    /// The nearest value of this format.
    pub fn round(self, x: f64) -> f64 {
        match self {
            Self::F32 => f64::from(x as f32),
            Self::F16 => half::f16::from_f64(x).to_f64(),
            Self::Bf16 => half::bf16::from_f64(x).to_f64(),
        }
    }

    /// What a result of a whole model may be off in this precision; `None` in f32, where the
    /// manifest records the error of each result.
    ///
    /// Ten times the largest error that the manifest records of the reference's bf16 forward passes,
    /// times the ratio of the unit roundoffs.
    pub fn limits(self, manifest: &Manifest) -> Option<Limits> {
        if self == Self::F32 {
            return None;
        }
        let recorded = manifest.entries.iter().flat_map(|entry| {
            let errors = entry.field("err_f32_vs_f64").and_then(|e| e.as_object());
            let low = |(key, value): (&String, &serde_json::Value)| {
                key.contains("bf16")
                    .then(|| value.get("rel_l2")?.as_f64())?
            };
            errors.into_iter().flatten().filter_map(low)
        });
        let (error, place) = recorded
            .max_by(f64::total_cmp)
            .map_or((REFERENCE_BF16, "REFERENCE_BF16"), |worst| {
                (worst, "the manifest's worst bf16 autocast error")
            });
        let ratio = self.unit_roundoff() / Self::Bf16.unit_roundoff();
        let basis = if self == Self::Bf16 {
            format!("10 x {place}")
        } else {
            format!("10 x {place} x {ratio}")
        };
        Some(Limits::relative(TEN * error * ratio, basis))
    }
}

/// Relative error of the reference's bf16 forward passes against its f32, where a manifest records
/// none: the upper end of what was seen.
pub(crate) const REFERENCE_BF16: f64 = 0.9e-2;

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|p| p.name() == text);
        known.ok_or_else(|| format!("`{text}` is no precision; there are f32, f16 and bf16"))
    }
}
