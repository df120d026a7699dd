//! All cases: one file a kind of operation.

mod activation;
pub(super) mod attention;
mod dense;
mod modulation;
pub(super) mod norm;
pub(super) mod prediction;
pub(super) mod rotary;

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use pixelflow::Segments;
use pixelflow::ops::PixelFlowBackend;

use super::shapes::{Grids, lengths};
use super::{Case, optimiser, permutations};
use crate::{Precision, Recorder};

/// Checks every operation on a device, in tensors of the given precision.
///
/// Loss and optimiser are always f32: they are checked with `Precision::F32` only.
///
/// # Panics
/// If the recorder replaces limits by its own: these cases have limits for every precision.
pub fn check<A>(precision: Precision, device: &A::Device, recorder: &mut Recorder<'_>)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    assert!(!recorder.is_low_precision(), "a recorder without limits of its own is needed");
    for case in all::<A>(precision) {
        case.check(precision, device, recorder);
    }
    permutations::check::<A>(precision, device, recorder);
    if precision == Precision::F32 {
        optimiser::check::<A::InnerBackend>(device, recorder);
    }
}

/// The cases with gradients.
fn all<A: AutodiffBackend + PixelFlowBackend>(precision: Precision) -> Vec<Case<A>> {
    let mut cases = norm::cases();
    cases.extend(rotary::cases());
    cases.extend(modulation::cases());
    cases.extend(activation::cases());
    cases.extend(attention::cases());
    cases.extend(dense::cases());
    cases.extend(prediction::cases());
    if precision == Precision::F32 {
        cases.push(dense::loss());
    }
    cases
}

fn segments(grids: Grids) -> Segments {
    Segments::new(lengths(grids))
}

/// A matrix of one row as a vector.
fn vector<B: Backend>(row: &Tensor<B, 2>) -> Tensor<B, 1> {
    row.clone().squeeze_dim(0)
}

/// Some columns, as the model takes them from one projection.
fn columns<B: Backend>(x: &Tensor<B, 2>, block: usize, width: usize) -> Tensor<B, 2> {
    x.clone().narrow(1, block * width, width)
}
