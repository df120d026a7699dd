//! The number formats that a model computes in.

use burn::tensor::Element;
use bytemuck::Pod;
use half::slice::HalfFloatSliceExt;
use half::vec::HalfBitsVecExt;
use half::{bf16, f16};

use super::DType;

/// A float that tensors are stored or computed in.
pub(super) trait Float: Pod + Element {
    /// The format's name in files.
    const STORED: DType;

    /// So many zeros, in memory that is not touched yet.
    fn zeros(count: usize) -> Vec<Self>;

    /// Values as `f32`.
    fn widen(values: &[Self], into: &mut [f32]);

    /// Values rounded from `f32`.
    fn round(values: &[f32], into: &mut [Self]);

    /// Whether no value is infinite or undefined.
    fn all_finite(values: &[Self]) -> bool;
}

/// Whether in none of `bits` all bits of `exponent` are set; without a branch, so that it vectorises.
macro_rules! no_full_exponent {
    ($values:expr, $exponent:expr) => {
        !$values
            .iter()
            .fold(false, |found, value| found | (value.to_bits() & $exponent == $exponent))
    };
}

impl Float for f64 {
    const STORED: DType = DType::F64;

    fn zeros(count: usize) -> Vec<Self> {
        vec![0.0; count]
    }

    fn widen(values: &[Self], into: &mut [f32]) {
        for (value, into) in values.iter().zip(into) {
            *into = *value as f32;
        }
    }

    fn round(values: &[f32], into: &mut [Self]) {
        for (value, into) in values.iter().zip(into) {
            *into = f64::from(*value);
        }
    }

    fn all_finite(values: &[Self]) -> bool {
        no_full_exponent!(values, 0x7ff0_0000_0000_0000)
    }
}

impl Float for f32 {
    const STORED: DType = DType::F32;

    fn zeros(count: usize) -> Vec<Self> {
        vec![0.0; count]
    }

    fn widen(values: &[Self], into: &mut [f32]) {
        into.copy_from_slice(values);
    }

    fn round(values: &[f32], into: &mut [Self]) {
        into.copy_from_slice(values);
    }

    fn all_finite(values: &[Self]) -> bool {
        no_full_exponent!(values, 0x7f80_0000)
    }
}

/// Both halves convert by the vector instructions that `half` knows.
macro_rules! half {
    ($half:ty, $stored:expr, $exponent:expr) => {
        impl Float for $half {
            const STORED: DType = $stored;

            fn zeros(count: usize) -> Vec<Self> {
                vec![0_u16; count].reinterpret_into()
            }

            fn widen(values: &[Self], into: &mut [f32]) {
                values.convert_to_f32_slice(into);
            }

            fn round(values: &[f32], into: &mut [Self]) {
                into.convert_from_f32_slice(values);
            }

            fn all_finite(values: &[Self]) -> bool {
                no_full_exponent!(values, $exponent)
            }
        }
    };
}

half!(f16, DType::F16, 0x7c00);
half!(bf16, DType::BF16, 0x7f80);

#[cfg(test)]
mod tests {
    use super::*;

    fn finds_what_is_not_finite<F: Float>() {
        let sound = [0.0, -1.0, 60_000.0, 1e-7, -0.0, 2.5, 3.0, 4.0, 5.0];
        for place in 0..sound.len() {
            for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut wide = sound;
                let mut values = F::zeros(wide.len());
                F::round(&wide, &mut values);
                assert!(F::all_finite(&values));
                wide[place] = wrong;
                F::round(&wide, &mut values);
                assert!(!F::all_finite(&values), "{wrong} at {place}");
            }
        }
    }

    #[test]
    fn every_format_finds_what_is_not_finite() {
        finds_what_is_not_finite::<f64>();
        finds_what_is_not_finite::<f32>();
        finds_what_is_not_finite::<f16>();
        finds_what_is_not_finite::<bf16>();
    }
}
