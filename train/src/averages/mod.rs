//! Averages of the weights whose width is chosen after training (Karras et al., arXiv 2312.02696, section 3).
//!
//! A run keeps two [`PowerAverages`] and writes `snapshots` of both now and then; `train ema` makes any width of them
//! with the coefficients of a `fit`.

mod fit;
mod power_average;
mod power_averages;
mod reconstruction;
mod snapshots;

pub use power_averages::PowerAverages;
pub use reconstruction::{Reconstruction, reconstruct};
pub use snapshots::{AVERAGES_FOLDER, SNAPSHOT, write_snapshot};
