//! Training.

pub mod optimizer;
pub mod step;
pub mod trainer;
