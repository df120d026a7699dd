//! How good images are: FID and its relatives, and the networks they are measured with.
//!
//! A measurement runs through this crate in the order of its modules:
//! 1. [`images`] gives the images of a folder, a tar or an `.npz`;
//! 2. an [`extractor`] brings each to size and makes [`Features`] of it;
//! 3. [`statistics`] sum features up, exactly and in any order;
//! 4. [`metrics`] make a number of them: pure functions, one equation each.
//!
//! ```
//! use pixelflow_evaluation::metrics::frechet_distance;
//! use pixelflow_evaluation::{ExactSums, Features};
//!
//! let moments = |values| {
//!     let mut sums = ExactSums::empty(1);
//!     sums.add(&Features::new(1, values)?)?;
//!     sums.moments()
//! };
//! let distance = frechet_distance(&moments(vec![0.0, 2.0])?, &moments(vec![3.0, 5.0])?)?;
//! assert!((distance - 9.0).abs() < 1e-12);
//! # Ok::<(), pixelflow_evaluation::Error>(())
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod error;
pub mod extractor;
mod features;
pub mod images;
pub mod metrics;
pub mod statistics;

pub use error::{Error, Result};
pub use features::Features;
pub use statistics::{ExactSums, Moments, Origin, Protocol, Statistics};
