//! The operations and their gradients written with Burn's tensors, for any backend.
//!
//! These define the results. The gradients recompute what they need from the inputs, so that a
//! training step keeps no intermediate values between the forward and the backward pass.

mod ada_norm;
mod adamw;
mod attention;
mod dequantise;
mod gated_add;
mod gelu;
mod linear_in_half;
mod norm_rotate;
mod per_example;
mod precision;

pub(super) use ada_norm::{
    ada_layer_norm, ada_layer_norm_backward, ada_rms_norm, ada_rms_norm_backward,
};
pub(super) use adamw::{adamw, squared_norm};
pub(super) use attention::{packed_attention, packed_attention_backward};
pub(super) use dequantise::dequantise;
pub(super) use gated_add::{gated_add, gated_add_backward};
pub(super) use gelu::{bias_gelu, bias_gelu_backward};
pub(super) use linear_in_half::{bias_backward, linear_in_half, linear_in_half_backward};
pub(super) use norm_rotate::{norm_rotate, norm_rotate_backward};
