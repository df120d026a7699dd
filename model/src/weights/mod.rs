//! Files of weights.
//!
//! The native format is safetensors with the reference's parameter names and a
//! [`ModelDescription`] beside it; PyTorch's `.pt` files are read too. Loading is strict, holds one
//! tensor at a time, and never runs anything that a file brings along.

mod description;
mod dtype;
mod error;
mod load;
mod parameters;
mod reference_config;
mod safetensors_file;
mod tensor_file;
mod text_encoder;
mod torch;
mod writer;

#[cfg(all(test, feature = "flex"))]
mod tests;

pub use description::{DESCRIPTION_FILE, ModelDescription, TextDescription, WEIGHTS_FILE};
pub use dtype::DType;
pub use error::{Mismatches, WeightsError};
pub use load::{load_model, load_model_in, save_model};
pub use parameters::{for_each_parameter, model_from, model_in, parameter_shapes};
pub use reference_config::{ReferenceConfig, read_reference_config};
pub use tensor_file::{TensorFile, TensorInfo, WeightSet};
pub use text_encoder::{
    TEXT_ENCODER_FOLDER, TOKENIZER_FILE, TextEncoderFiles, load_text_encoder, save_text_encoder,
};
pub use writer::SafetensorsWriter;
pub(crate) use writer::write_text;
