//! PixelFlow in a browser: a [`Painter`] holds a model, a [`Painting`] makes its images step by step.
//!
//! Built for `wasm32-unknown-unknown` by `cargo xtask web`, and called by a worker, so that the page answers while it
//! computes. Requests and events are JSON: a request has the form of [`pixelflow::Request`], an event what the
//! worker makes one of the server's (`infer serve`) of. Here is no file, clock, thread or generator of random numbers.

mod painter;
mod painting;

pub use painter::Painter;
pub use painting::Painting;

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of this crate, which recipes name.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
