//! Every tensor operation of the model, forward and backward, against f64 on the host.
//!
//! Each formula is written once, in [`mod@reference`], on a [`Tape`] of scalars that knows nothing of
//! Burn. Evaluated in f64 it gives the truth; evaluated with every step rounded as a plain
//! implementation would round it, it gives the error of such an implementation. A backend may be
//! off by ten times that error.
//!
//! - [`Arithmetic`], [`Tape`], [`Scalar`], [`Matrix`]: numbers that remember how they were computed.
//! - [`mod@reference`]: the formulas.
//! - [`Case`], [`Input`]: an operation with its inputs, and how it is checked.
//! - [`cases`]: all of them.

mod arithmetic;
mod case;
pub mod cases;
mod input;
mod limits;
mod matrix;
mod optimiser;
mod permutations;
pub mod reference;
mod scalar;
mod shapes;
mod tape;
#[cfg(test)]
mod tests;

pub use arithmetic::Arithmetic;
pub use case::Case;
pub use cases::check;
pub use input::Input;
pub use matrix::Matrix;
pub use scalar::Scalar;
pub use tape::Tape;
