//! GPU backends, with and without kernel fusion: all operations in their portable form.

use burn::tensor::backend::Backend;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use burn_fusion::{Fusion, FusionBackend};

use super::PixelFlowBackend;

impl<R, F, I, BT> PixelFlowBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
    Self: Backend,
{
}

impl<B: FusionBackend> PixelFlowBackend for Fusion<B> where Self: Backend {}
