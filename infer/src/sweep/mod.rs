//! `infer sweep`: which sampler settings draw best for how many network calls.
//!
//! A [`grid`] is the product of lists of settings; each of its [`cell`]s is measured and kept in a [`ledger`],
//! whose [`record`] says what its numbers depend on. [`front`] finds what nothing else beats, a [`confirmation`]
//! measures the best again, and a [`report`] shows all of it: a table, a [`heat_map`], a [`quality_plot`].

pub mod cell;
pub mod confirmation;
pub mod front;
pub mod grid;
pub mod heat_map;
pub mod ledger;
mod markdown;
pub mod picture;
mod pixels;
mod progress;
pub mod quality_plot;
pub mod record;
pub mod report;
mod scale;

pub use progress::SweepProgress;
