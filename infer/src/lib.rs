//! Drawing images with a PixelFlow model.
//!
//! [`model_source`] finds a model, on the disk or through the [`hub`], [`draw`] makes images, [`destination`]
//! writes them; a [`recipe`] says everything a [`picture`] was drawn from. [`prompts`] become states
//! of a text encoder, which [`caption_images`] are drawn from: [`evaluation`] measures how well the
//! images follow their captions, a [`layout`] lays them out for public evaluators. [`commands`] put
//! these together; [`convert`] writes weights anew.

pub mod arguments;
pub mod assets;
mod cache_folder;
pub mod caption_images;
pub mod classes;
pub mod commands;
pub mod convert;
pub mod destination;
pub mod draw;
pub mod drawing_setup;
mod error;
pub mod evaluation;
pub mod grid;
pub mod hub;
pub mod layout;
pub mod model_source;
pub mod npz;
pub mod picture;
pub mod progress;
pub mod prompts;
pub mod recipe;

pub use error::{Error, Result};
