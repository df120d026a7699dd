//! The program `infer`: drawing images with a PixelFlow model.
//!
//! `arguments` say what to do, `commands` do it. `model_source` finds a model, on the disk or through the
//! `hub`, and `guide` what it is guided away from; `drawing_setup` makes a pipeline of it, `draw` takes its images,
//! `destination` writes them; a `recipe` says everything that a `picture` was drawn from. `measurement` compares
//! images with real ones, a `certificate` holds what measuring them again needs, a `sweep` measures many settings,
//! `evaluation` how well images follow their captions; `layout` lays them out for public evaluators, `convert` writes
//! weights anew; a `shard` is the part of one process.
//!
//! The crate is a program: public are [`run`], and what training and tests share with it.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
pub mod assets;
mod cache_folder;
mod caption_images;
mod certificate;
mod classes;
mod commands;
mod convert;
mod destination;
mod differences;
mod draw;
mod drawing_memory;
mod drawing_setup;
mod edit_settings;
mod error;
mod evaluation;
mod foreign_path;
mod frames;
mod grid;
mod guide;
mod hub;
mod json_text;
mod layout;
mod lettering;
mod made_folders;
mod measurement;
mod model_source;
mod npz;
mod parameters_text;
mod picture;
mod picture_file;
mod program;
mod progress;
mod prompts;
mod recipe;
mod recipe_bounds;
mod serve;
mod shard;
mod sweep;

pub use arguments::{Arguments, float_format};
pub use certificate::Certificate;
pub use draw::rgb_image;
pub use error::{Error, Result};
pub use grid::{GridRow, labelled_grid};
pub use hub::HubName;
pub use measurement::quality_meter::{
    Measurement, PreparedMeter, QualityMeter, QualityMeterConfig, QualityMetric, QualityScore,
    RealImages,
};
pub use model_source::ModelSource;
pub use picture::{read_picture, write_picture};
pub use program::run;
pub use prompts::folder_of;
pub use recipe::{Arrangement, Recipe};
pub use sweep::front::{Point, best_within, pareto_front};
pub use sweep::heat_map::HeatMap;
pub use sweep::picture::Picture;
pub use sweep::quality_plot::QualityPlot;
