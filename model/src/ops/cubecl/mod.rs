//! GPU backends: packed attention in kernels of our own, all else in its portable form.

mod attention;

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};

use self::attention::Attention;
use super::{
    Attended, AttentionForm, AttentionInputs, AttentionLayout, PixelFlowBackend, portable,
};

impl<R, F, I, BT> PixelFlowBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
    Self: Backend<FloatTensorPrimitive = CubeTensor<R>, Device = R::Device>,
{
    fn packed_attention(inputs: AttentionInputs<Self>, layout: &AttentionLayout) -> Attended<Self> {
        match Attention::new(&inputs, layout) {
            Some(attention) => attention.forward(),
            None => portable::packed_attention(inputs, layout),
        }
    }

    fn packed_attention_backward(
        inputs: AttentionInputs<Self>,
        attended: Attended<Self>,
        gradient: CubeTensor<R>,
        layout: &AttentionLayout,
    ) -> [CubeTensor<R>; 3] {
        match Attention::new(&inputs, layout) {
            Some(attention) => attention.backward(attended, gradient),
            None => portable::packed_attention_backward(inputs, attended, gradient, layout),
        }
    }

    fn attention_form(head_dim: usize, dtype: DType, device: &R::Device) -> AttentionForm {
        if attention::is_possible(&R::client(device), head_dim, dtype) {
            AttentionForm::Native
        } else {
            AttentionForm::Portable
        }
    }
}
