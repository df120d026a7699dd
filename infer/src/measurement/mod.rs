//! Measuring how good images are: from the user's folders and files to a table of metrics.
//!
//! A [`Side`](side::Side) is a set of images, or their statistics. A [`network`] makes features of its images,
//! which are [`gathered`] and kept in a [`cache`](feature_cache); [`compare`](compare::compare) makes metrics of
//! two sides, and a [`report`] says them. [`partial_sums`] are those of one process of many; a [`quality_meter`]
//! does it all for who draws images, the training program. What a network, a protocol and a metric are is said in
//! `pixelflow_evaluation`.

pub mod compare;
pub mod drawn_images;
pub mod feature_cache;
pub mod gathered;
pub mod metric;
pub mod network;
pub mod partial_sums;
pub mod quality_meter;
pub mod repeats;
pub mod report;
pub mod scaled_images;
pub mod side;
