//! The model's operations, each written once, on a tape.
//!
//! They follow the paper's formulas and know nothing of Burn or of the model's code. `store` marks
//! the tensors that an implementation in low precision keeps in that precision.

mod activation;
mod adamw;
mod attention;
mod linear;
mod loss;
mod modulation;
mod muon;
mod norm;
mod prediction;
mod rotary;

pub use activation::{bias_gelu, silu};
pub use adamw::{adamw, squared_norm};
pub use attention::packed_attention;
pub use linear::{dequantise, linear, select};
pub use loss::loss_per_example;
pub use modulation::{add, gated_add};
pub use muon::muon;
pub use norm::{EPSILON, ada_layer_norm, ada_rms_norm, rms_norm};
pub use prediction::{LEAST, velocity_to_end};
pub use rotary::{angles, norm_rotate};

/// Which example each token belongs to.
fn example_of_tokens(lengths: &[usize]) -> impl Iterator<Item = usize> + '_ {
    let tokens = |(example, &length): (usize, &usize)| std::iter::repeat_n(example, length);
    lengths.iter().enumerate().flat_map(tokens)
}
