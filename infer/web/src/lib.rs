//! PixelFlow in a browser: a `Painter` holds a model, a `Painting` makes its images step by step.
//!
//! Built for `wasm32-unknown-unknown` by `cargo xtask web`, and called by a worker, so that the page answers while it
//! computes. Requests and events are JSON: a request has the form of [`pixelflow::Request`], an event what the
//! worker makes one of the server's (`infer serve`) of. Here is no file, clock, thread or generator of random numbers.

#[cfg(feature = "bindings")]
mod device;
pub mod event;
#[cfg(feature = "bindings")]
mod painter;
#[cfg(feature = "bindings")]
mod painting;

// The page calls it before the first image, with the number of threads.
#[cfg(feature = "threads")]
pub use wasm_bindgen_rayon::init_thread_pool;

#[cfg(feature = "bindings")]
pub use painter::Painter;
#[cfg(feature = "bindings")]
pub use painting::Painting;

/// The version of this crate, which recipes name.
#[cfg_attr(feature = "bindings", wasm_bindgen::prelude::wasm_bindgen)]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
