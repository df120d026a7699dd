//! Weights (placeholder until the module lands).
mod parameters;
pub use parameters::*;
/// Placeholder.
#[derive(Debug, thiserror::Error)]
#[error("placeholder")]
pub struct WeightsError;
