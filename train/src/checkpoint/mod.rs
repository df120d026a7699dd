//! Checkpoints: everything a run needs to go on bit for bit.
//!
//! A checkpoint is a folder `step-00001000` that appears all at once: its files are written to a
//! hidden folder beside it, made durable, and the folder is renamed. A program that is killed at
//! any moment leaves whole checkpoints, and at most one hidden folder that the next start removes.

mod adapters;
mod averages;
mod flat_tensors;
mod load;
mod moments;
mod save;
mod state;
mod store;

pub use load::load;
pub use save::save;
pub use state::{Due, State, modified};
pub use store::Store;

/// The optimiser's moments.
pub const OPTIMIZER: &str = "optimizer.safetensors";
/// The averages for `train ema`, of a run that keeps them.
pub const AVERAGES: &str = "averages.safetensors";
/// The adapters, of a run that trains them.
pub const ADAPTERS: &str = "adapters.safetensors";
/// What the weights do not say, see [`State`].
pub const STATE: &str = "state.json";
