//! From image files to packed training batches.
//!
//! Data flows through this crate in the order of its modules:
//! 1. a [`source`] gives record `i` of a data set: pixels, label, caption;
//! 2. a [`transform`] scales, crops, flips and normalises it;
//! 3. the [`packing`] assigns examples to the stages of the cascade, makes a training pair of each
//!    and lays their tokens one behind the other;
//! 4. the [`loader`] does all that in parallel, ahead of the trainer.
//!
//! Every batch is a pure function of (seed, step): see [`loader`].

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod buckets;
mod decode;
mod error;
mod raster;

pub mod loader;
pub mod packing;
pub mod source;
pub mod survey;
pub mod transform;

#[cfg(test)]
mod testing;

pub use buckets::Buckets;
pub use decode::{MAX_PNG_EXTRAS, decode, image_size, is_image};
pub use error::{Error, Result};
pub use loader::{Batch, Loader, LoaderConfig};
pub use packing::{PackedBatch, PackedExample, Timesteps};
pub use raster::Raster;
pub use source::{Record, Source, SourceConfig};
pub use transform::{Transform, TransformConfig};
