//! Dormand and Prince's fifth-order method with adaptive steps.

mod per_image;
mod reference;
mod tableau;

pub(super) use per_image::{ImagePlace, PerImage};
pub(super) use reference::{Batch, BatchPlace};
pub use reference::{Dopri5, dopri5_reference};
pub use tableau::Tolerance;
