//! How well drawn images follow their captions, measured without any other network.
//!
//! The [`attributes`] of a data set say what an image shows. Linear [`probes`](probe) learn from real
//! images to read each attribute off the pixels; then they read it off images drawn from the captions
//! of held-out records. The [`scores`](score) set that beside two limits: what the probes read off
//! the held-out records' own images, and what guessing reaches.

pub mod attributes;
pub mod captioned_images;
pub mod edits;
mod fit;
pub mod measure;
pub mod probe;
mod report;
pub mod score;
mod standardise;
mod telling_pixels;

pub use report::{comparison_grid, report_json, report_table};
