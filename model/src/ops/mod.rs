//! The operations between the matrix products, which a backend may implement natively.
//!
//! Each has one portable form, written with Burn's tensors in `portable`; that form defines the
//! result. [`PixelFlowBackend`] lets a backend replace it.

mod adamw;
mod attention_form;
mod attention_inputs;
mod autodiff;
mod backend;
#[cfg(feature = "cubecl")]
mod cubecl;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "cubecl")]
mod fusion;
mod muon;
mod portable;
#[cfg(all(test, feature = "flex"))]
mod tests;

pub use adamw::{AdamWStep, ParameterState, adamw, squared_norm};
pub use attention_form::AttentionForm;
pub use attention_inputs::{Attended, AttentionInputs, AttentionLayout};
pub use backend::PixelFlowBackend;
pub use muon::{MatrixState, MuonStep, muon};

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor, TensorPrimitive};

use crate::Segments;
use crate::layers::Rope;

/// `LN(x) (1 + scale) + shift`: layer norm without parameters, modulated per example.
///
/// # Shapes
/// - x and output: `[tokens, width]`
/// - shift, scale: `[examples, width]`
pub fn ada_layer_norm<B: PixelFlowBackend>(
    x: Tensor<B, 2>,
    shift: Tensor<B, 2>,
    scale: Tensor<B, 2>,
    segments: &Segments,
) -> Tensor<B, 2> {
    wrap(B::ada_layer_norm(unwrap(x), unwrap(shift), unwrap(scale), segments))
}

/// `RMS(x) weight (1 + scale) + shift`: RMS norm with a weight, modulated per example.
///
/// # Shapes
/// - x and output: `[tokens, width]`
/// - weight: `[width]`
/// - shift, scale: `[examples, width]`
pub fn ada_rms_norm<B: PixelFlowBackend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    shift: Tensor<B, 2>,
    scale: Tensor<B, 2>,
    segments: &Segments,
) -> Tensor<B, 2> {
    wrap(B::ada_rms_norm(unwrap(x), unwrap(weight), unwrap(shift), unwrap(scale), segments))
}

/// RMS norm over all heads, then rotary embedding per head: what queries and keys go through.
///
/// # Shapes
/// - x and output: `[tokens, heads * head_dim]`
/// - weight: `[heads * head_dim]`
pub fn norm_rotate<B: PixelFlowBackend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    rope: &Rope<B>,
) -> Tensor<B, 2> {
    let (cos, sin) = (unwrap(rope.cos.clone()), unwrap(rope.sin.clone()));
    wrap(B::norm_rotate(unwrap(x), unwrap(weight), cos, sin))
}

/// `h + gate y`, gated per example.
///
/// # Shapes
/// - h, y and output: `[tokens, width]`
/// - gate: `[examples, width]`
pub fn gated_add<B: PixelFlowBackend>(
    h: Tensor<B, 2>,
    gate: Tensor<B, 2>,
    y: Tensor<B, 2>,
    segments: &Segments,
) -> Tensor<B, 2> {
    wrap(B::gated_add(unwrap(h), unwrap(gate), unwrap(y), segments))
}

/// `gelu(x + bias)` with the tanh form of GELU.
///
/// # Shapes
/// - x and output: `[tokens, features]`
/// - bias: `[features]`
pub fn bias_gelu<B: PixelFlowBackend>(x: Tensor<B, 2>, bias: Option<Tensor<B, 1>>) -> Tensor<B, 2> {
    wrap(B::bias_gelu(unwrap(x), bias.map(unwrap)))
}

/// `x weight + bias`; of 16 bits, sums are in f32.
///
/// # Shapes
/// - x: `[rows, inputs]`
/// - weight: `[inputs, outputs]`
/// - bias: `[outputs]`
/// - output: `[rows, outputs]`
pub fn linear<B: PixelFlowBackend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
) -> Tensor<B, 2> {
    match weight.dtype() {
        DType::BF16 | DType::F16 => {
            wrap(B::linear_in_half(unwrap(x), unwrap(weight), bias.map(unwrap)))
        }
        _ => burn::tensor::module::linear(x, weight, bias),
    }
}

/// A matrix in eight bits as floats.
///
/// # Shapes
/// - words: `[inputs / 4, outputs]`, as [`Int8Matrix`](crate::layers::Int8Matrix) has them
/// - scale: `[outputs]`, f32
/// - output: `[inputs, outputs]`
pub fn dequantise<B: PixelFlowBackend>(
    words: Tensor<B, 2, Int>,
    scale: Tensor<B, 1>,
    dtype: DType,
) -> Tensor<B, 2> {
    wrap(B::dequantise(words.into_primitive(), unwrap(scale), dtype))
}

/// Attention in which every query sees the keys of its own example.
///
/// `softmax(q k' / sqrt(head_dim) + bias) v`, per head and example.
///
/// # Shapes
/// - q and output: `[queries, heads * head_dim]`, cut as the layout says
/// - k, v: `[keys, heads * head_dim]`, cut as it says
/// - bias: `[keys]`, added to all scores of a key
pub fn packed_attention<B: PixelFlowBackend>(
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    layout: &AttentionLayout,
) -> Tensor<B, 2> {
    let inputs =
        AttentionInputs { q: unwrap(q), k: unwrap(k), v: unwrap(v), bias: bias.map(unwrap) };
    wrap(B::packed_attention(inputs, layout).output)
}

/// Computes `f` in f32 and returns to the precision of `x`.
pub(crate) fn in_f32<B: Backend, const D: usize>(
    x: Tensor<B, D>,
    f: impl FnOnce(Tensor<B, D>) -> Tensor<B, D>,
) -> Tensor<B, D> {
    match x.dtype() {
        DType::F32 | DType::F64 => f(x),
        low => f(x.cast(DType::F32)).cast(low),
    }
}

fn wrap<B: Backend, const D: usize>(primitive: B::FloatTensorPrimitive) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

fn unwrap<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> B::FloatTensorPrimitive {
    tensor.into_primitive().tensor()
}
