//! Weights in another file, number format, or number of files.
//!
//! [`copy_tensors`] writes one file and reads it back; [`Conversion`] puts one or several of them,
//! their index and the model's description in place, all or nothing; a [`ConversionReport`] says
//! what rounding has changed.

mod conversion;
mod copy;
mod int8;
mod progress;
mod report;
mod size;
mod target;

pub use conversion::Conversion;
pub use copy::{PlannedTensor, copy_tensors, planned};
pub use int8::ToInt8;
pub use progress::ConvertProgress;
pub use report::{ConversionReport, TensorReport};
pub use size::parse_size;
pub use target::ConvertTarget;
