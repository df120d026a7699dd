//! The operations on the CPU: one pass over memory each, in parallel over tokens.
//!
//! f32, and bf16, which is widened to f32 and rounded once; f16 takes the portable form. Sums are taken in a fixed
//! order, so results do not depend on the number of threads.

// What runs under `rows::vectorised` must be inlined into it to be compiled for wide vectors.
#![allow(clippy::inline_always)]

mod ada_norm;
mod adamw;
mod attention;
mod backend;
mod dequantise;
mod gated_add;
mod gelu;
mod half;
mod linear;
mod norm_rotate;
mod product;
mod rows;
mod tensors;
mod token_chunks;
