//! Products of matrices in bf16, with sums in f32, on processors that multiply bf16 (`avx512_bf16`: AMD Zen 4, Intel
//! Cooper Lake and Sapphire Rapids, and later).
//!
//! The instruction multiplies two pairs of bf16 and adds both products to a sum in f32. So both sides are copied into
//! pairs of neighbouring terms first: the left side into blocks of 8 rows, the right side into panels of 48 columns, of
//! at most 1152 terms at a time, which stay in the caches.
//!
//! # Unsafe code
//! The rest of the workspace forbids it; here it is what the instruction takes, in `tile` alone: a function that is
//! compiled for these processors is called, after it was asked whether this is one; and 64 bytes become a vector.

mod matrix;
mod pack;
mod product;
mod tile;

pub use matrix::Matrix;
pub use product::{is_supported, product};
