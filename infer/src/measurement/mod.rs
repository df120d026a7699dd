//! Measuring how good images are: from the user's folders and files to a table of metrics.
//!
//! A [`Side`](side::Side) is a set of images, or their statistics. A [`network`] makes features of its images,
//! which are [`gathered`] and kept in a [`cache`](feature_cache); [`compare`](compare::compare) makes metrics of
//! two sides, and a [`report`] says them: as a table, or as [`facts`], which JSON has. A [`result_file`] is such a
//! report read again; a [`difference_table`] says which differences of two are more than chance. [`partial_sums`]
//! are those of one process of many. A [`quality_meter`]
//! does it all for who draws images, the training program. What a network, a protocol and a metric are is said in
//! `pixelflow_evaluation`.

pub mod compare;
pub mod difference;
pub mod difference_table;
pub mod drawn_images;
pub mod facts;
pub mod feature_cache;
pub mod gathered;
pub mod metric;
pub mod network;
pub mod partial_sums;
pub mod quality_meter;
pub mod repeats;
pub mod report;
pub mod result_file;
pub mod scaled_images;
pub mod side;
