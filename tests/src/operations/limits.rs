//! How far a backend may be off.

use crate::{Difference, Limits, Precision, Recorded};

/// Ten times the error of the plain evaluation.
///
/// Storing a number in f32 costs up to 2^-24 of it; an error below that is chance, and counts as
/// that.
pub(super) fn limits(plain: &[f64], exact: &[f64], precision: Precision) -> Limits {
    let error = Difference::between(plain, exact);
    let rounding = Precision::F32.unit_roundoff();
    let largest = exact.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let least = (rounding * largest, rounding);
    let tensors = match precision {
        Precision::F32 => String::new(),
        low => format!(" on {low} tensors"),
    };
    let raised =
        if error.max_abs < least.0 || error.rel_l2 < least.1 { ", at least 2^-24" } else { "" };
    Limits::ten_times(&Recorded {
        max_abs: Some(error.max_abs.max(least.0)),
        rel_l2: Some(error.rel_l2.max(least.1)),
        place: format!("the error of f32 arithmetic{tensors}, step by step{raised}"),
    })
}
