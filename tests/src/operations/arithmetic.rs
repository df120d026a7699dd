//! How the results of elementary operations are rounded.

use crate::Precision;

/// How every elementary result is rounded, and every value that a tensor keeps.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic {
    /// Rounds the result of one addition, multiplication, root …, forward and backward.
    pub round: fn(f64) -> f64,
    /// Rounds what is written to a tensor of the model, and the gradient of that tensor.
    pub store: fn(f64) -> f64,
}

impl Arithmetic {
    /// f64: the truth.
    pub const EXACT: Self = Self { round: |x| x, store: |x| x };

    /// What a plain implementation makes of tensors in `precision`: it computes in f32, one step
    /// after the other.
    pub const fn plain(precision: Precision) -> Self {
        Self {
            round: |x| Precision::F32.round(x),
            store: match precision {
                Precision::F32 => |x| Precision::F32.round(x),
                Precision::F16 => |x| Precision::F16.round(x),
                Precision::Bf16 => |x| Precision::Bf16.round(x),
            },
        }
    }
}
