//! The precision in which a model computes.

use std::fmt;
use std::str::FromStr;

use burn::tensor::DType;
use serde::{Deserialize, Serialize};

use pixelflow::NumberFormat;

use crate::{Kind, Limits, Manifest};

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

    /// A user's name for it.
    pub fn number_format(self) -> NumberFormat {
        match self {
            Self::F32 => NumberFormat::F32,
            Self::F16 => NumberFormat::F16,
            Self::Bf16 => NumberFormat::Bf16,
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
            // Not `from_f64` of the crate `half`, which drops what decides some ties.
            Self::F16 => nearest(x, 11, -14, 65_504.0),
            Self::Bf16 => nearest(x, 8, -126, f64::from(half::bf16::MAX)),
        }
    }

    /// What a result of a whole model may be off in this precision; `None` in f32, where the
    /// manifest records the error of each result.
    ///
    /// A multiple of the largest error that the manifest records of the reference's bf16 forward
    /// passes, times the ratio of the unit roundoffs: the reference rounds the operands of its products
    /// only, we round everything. Three times that for a forward pass, a layer, a loss (1.3 was seen,
    /// in f16 and bf16 alike); five times for what goes through several passes, a trajectory and
    /// gradients (3.6 was seen, of a bias whose gradient nearly cancels).
    pub fn limits(self, manifest: &Manifest, kind: Option<Kind>) -> Option<Limits> {
        if self == Self::F32 {
            return None;
        }
        let recorded = manifest.entries.iter().flat_map(|entry| {
            let errors = entry.field("err_f32_vs_f64").and_then(|e| e.as_object());
            let low = |(key, value): (&String, &serde_json::Value)| {
                key.contains("bf16").then(|| value.get("rel_l2")?.as_f64())?
            };
            errors.into_iter().flatten().filter_map(low)
        });
        let (error, place) =
            recorded.max_by(f64::total_cmp).map_or((REFERENCE_BF16, "REFERENCE_BF16"), |worst| {
                (worst, "the manifest's worst bf16 autocast error")
            });
        let ratio = self.unit_roundoff() / Self::Bf16.unit_roundoff();
        let times = if kind == Some(Kind::Forward) { 3.0 } else { 5.0 };
        let basis = if self == Self::Bf16 {
            format!("{times} x {place}")
        } else {
            format!("{times} x {place} x {ratio}")
        };
        Some(Limits::relative(times * error * ratio, basis))
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
/// The nearest number with `digits` binary digits, ties to even; infinite beyond the largest.
///
/// Below `2^least_exponent` digits are lost, as subnormal numbers lose them.
fn nearest(x: f64, digits: i32, least_exponent: i32, largest: f64) -> f64 {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    let last_digit = 2_f64.powi(exponent.max(least_exponent) + 1 - digits);
    let rounded = (x / last_digit).round_ties_even() * last_digit;
    if rounded.abs() > largest { f64::INFINITY.copysign(x) } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_to_even_whatever_lies_below() {
        let f16 = |x| Precision::F16.round(x);
        let tie = 1.0 + 2_f64.powi(-11);
        assert_eq!(f16(tie), 1.0);
        assert_eq!(f16(tie + 2_f64.powi(-50)), 1.0 + 2_f64.powi(-10));
        assert_eq!(f16(-65_519.0), -65_504.0);
        assert_eq!(f16(65_520.0), f64::INFINITY);
        assert_eq!(f16(2_f64.powi(-25)), 0.0);
        assert_eq!(f16(3.0 * 2_f64.powi(-25)), 2_f64.powi(-23));
        assert!(f16(f64::NAN).is_nan());
        let bf16 = |x| Precision::Bf16.round(x);
        assert_eq!(bf16(1.0 + 2_f64.powi(-8)), 1.0);
        assert_eq!(bf16(1.0 + 2_f64.powi(-8) + 2_f64.powi(-45)), 1.0 + 2_f64.powi(-7));
    }

    #[test]
    fn every_half_stays_as_it_is() {
        for bits in 0..=u16::MAX {
            let [f16, bf16] =
                [half::f16::from_bits(bits).to_f64(), half::bf16::from_bits(bits).to_f64()];
            if f16.is_finite() {
                assert_eq!(Precision::F16.round(f16), f16);
            }
            if bf16.is_finite() {
                assert_eq!(Precision::Bf16.round(bf16), bf16);
            }
        }
    }
}
