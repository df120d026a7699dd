//! Where a page's images are computed: on the processor or, in a build with the feature `webgpu`, on the graphics card.
//!
//! A build knows one of both, so that a browser without WebGPU loads no program for it.

#[cfg(feature = "webgpu")]
mod graphics_card;
#[cfg(not(feature = "webgpu"))]
mod processor;

#[cfg(feature = "webgpu")]
pub use graphics_card::{Chosen, open};
#[cfg(not(feature = "webgpu"))]
pub use processor::{Chosen, open};
