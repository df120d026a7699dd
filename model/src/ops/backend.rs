//! Our extension of Burn's `Backend`.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{DType, Tensor};

use super::{
    AdamWStep, Attended, AttentionForm, AttentionInputs, AttentionLayout, portable, unwrap, wrap,
};
use crate::Segments;

/// A backend that can run and train the model.
///
/// Every method has a portable body, so `impl PixelFlowBackend for MyBackend {}` is enough; a
/// native body must return the same numbers. The functions of [`ops`](crate::ops) document
/// formulas and shapes. The `_backward` methods take the inputs that the gradient depends on, then
/// the gradient of the output, and return the gradients of the inputs.
#[allow(missing_docs)] // Documented at the functions of the same name.
pub trait PixelFlowBackend: Backend {
    fn ada_layer_norm(
        x: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        segments: &Segments,
    ) -> FloatTensor<Self> {
        let (x, shift, scale) = (wrap(x), wrap(shift), wrap(scale));
        unwrap(portable::ada_layer_norm::<Self>(x, shift, scale, segments))
    }

    /// Gradients of x, shift and scale.
    fn ada_layer_norm_backward(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        segments: &Segments,
    ) -> [FloatTensor<Self>; 3] {
        let (x, scale, gradient) = (wrap(x), wrap(scale), wrap(gradient));
        portable::ada_layer_norm_backward::<Self>(x, scale, gradient, segments).map(unwrap)
    }

    fn ada_rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        segments: &Segments,
    ) -> FloatTensor<Self> {
        let (x, weight, shift, scale) = (wrap(x), wrap(weight), wrap(shift), wrap(scale));
        unwrap(portable::ada_rms_norm::<Self>(x, weight, shift, scale, segments))
    }

    /// Gradients of x, shift, scale and weight.
    fn ada_rms_norm_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        segments: &Segments,
    ) -> [FloatTensor<Self>; 4] {
        let (x, weight, scale, gradient) = (wrap(x), wrap(weight), wrap(scale), wrap(gradient));
        let ([x, shift, scale], weight) =
            portable::ada_rms_norm_backward::<Self>(x, weight, scale, gradient, segments);
        [unwrap(x), unwrap(shift), unwrap(scale), unwrap(weight)]
    }

    fn norm_rotate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        unwrap(portable::norm_rotate::<Self>(wrap(x), wrap(weight), wrap(cos), wrap(sin)))
    }

    /// Gradients of x and weight.
    fn norm_rotate_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2] {
        let (x, weight, gradient) = (wrap(x), wrap(weight), wrap(gradient));
        let (x, weight) =
            portable::norm_rotate_backward::<Self>(x, weight, wrap(cos), wrap(sin), gradient);
        [unwrap(x), unwrap(weight)]
    }

    fn gated_add(
        h: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        y: FloatTensor<Self>,
        segments: &Segments,
    ) -> FloatTensor<Self> {
        unwrap(portable::gated_add::<Self>(wrap(h), wrap(gate), wrap(y), segments))
    }

    /// Gradients of gate and y; that of h is the gradient itself.
    fn gated_add_backward(
        gate: FloatTensor<Self>,
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        segments: &Segments,
    ) -> [FloatTensor<Self>; 2] {
        let (gate, y, gradient) = (wrap(gate), wrap(y), wrap(gradient));
        portable::gated_add_backward::<Self>(gate, y, gradient, segments).map(unwrap)
    }

    fn bias_gelu(x: FloatTensor<Self>, bias: Option<FloatTensor<Self>>) -> FloatTensor<Self> {
        unwrap(portable::bias_gelu::<Self>(wrap(x), bias.map(wrap)))
    }

    /// Gradients of x and bias.
    fn bias_gelu_backward(
        x: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2] {
        let (x, bias) =
            portable::bias_gelu_backward::<Self>(wrap(x), bias.map(wrap), wrap(gradient));
        [unwrap(x), unwrap(bias)]
    }

    fn linear_in_half(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        unwrap(portable::linear_in_half::<Self>(wrap(x), wrap(weight), bias.map(wrap)))
    }

    /// Gradients of x and weight; that of the bias is the sum of the gradient's rows.
    fn linear_in_half_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2] {
        let (x, weight, gradient) = (wrap(x), wrap(weight), wrap(gradient));
        portable::linear_in_half_backward::<Self>(x, weight, gradient).map(unwrap)
    }

    fn dequantise(
        words: IntTensor<Self>,
        scale: FloatTensor<Self>,
        dtype: DType,
    ) -> FloatTensor<Self> {
        let words = Tensor::from_primitive(words);
        unwrap(portable::dequantise::<Self>(words, wrap(scale), dtype))
    }

    fn packed_attention(inputs: AttentionInputs<Self>, layout: &AttentionLayout) -> Attended<Self> {
        portable::packed_attention(inputs, layout)
    }

    /// Gradients of q, k and v.
    fn packed_attention_backward(
        inputs: AttentionInputs<Self>,
        attended: Attended<Self>,
        gradient: FloatTensor<Self>,
        layout: &AttentionLayout,
    ) -> [FloatTensor<Self>; 3] {
        portable::packed_attention_backward(inputs, attended, gradient, layout)
    }

    /// Parameter, first and second moment and moving average after the step.
    fn adamw(
        state: [FloatTensor<Self>; 4],
        gradient: FloatTensor<Self>,
        clip: FloatTensor<Self>,
        step: &AdamWStep,
    ) -> [FloatTensor<Self>; 4] {
        portable::adamw::<Self>(state.map(wrap), wrap(gradient), wrap(clip), step).map(unwrap)
    }

    /// How packed attention is computed for heads of this size in this format.
    fn attention_form(_head_dim: usize, _dtype: DType, _device: &Self::Device) -> AttentionForm {
        AttentionForm::Portable
    }

    fn squared_norm(x: FloatTensor<Self>) -> FloatTensor<Self> {
        unwrap(portable::squared_norm::<Self>(wrap(x)))
    }
}
