//! Files of weights.
//!
//! The native format is safetensors with the reference's parameter names and a
//! [`ModelDescription`] beside it, matrices in f32, f16, bf16 or eight bits; PyTorch's `.pt` files are read too. Loading is strict, holds one
//! tensor at a time, and never runs anything that a file brings along.

mod adapted;
mod adapter;
mod assemble;
mod assemble_int8;
mod class_to_text;
mod description;
mod dtype;
mod error;
mod file_hash;
mod file_kind;
mod float;
mod int8_file;
mod load;
mod memory_order;
mod mismatches;
mod model_folder;
mod other_classes;
mod parameters;
mod place;
mod positioned;
#[cfg(feature = "reference-config")]
mod reference_config;
mod rounding;
mod safetensors_file;
#[cfg(feature = "save")]
mod save;
#[cfg(feature = "save")]
mod save_int8;
#[cfg(all(feature = "save", feature = "tokenizer"))]
mod save_text_encoder;
mod sharded;
mod stored_tensor;
mod tensor_file;
mod tensor_info;
#[cfg(feature = "text")]
mod text_encoder;
#[cfg(feature = "text")]
mod text_encoder_contents;
mod text_encoder_weights;
#[cfg(feature = "torch")]
mod torch;
mod values;
mod wrappers;
#[cfg(feature = "save")]
mod writer;

#[cfg(all(test, feature = "flex"))]
mod int8_tests;
#[cfg(all(test, feature = "flex"))]
mod tests;

#[cfg(feature = "save")]
pub use adapter::save_adapter;
pub use adapter::{
    ADAPTER_CONFIG_FILE, ADAPTER_FILE, ADAPTER_FOLDER, Adapter, AdapterBase, AdapterConfig, LowRank,
};
#[cfg(all(test, feature = "flex"))]
pub(crate) use assemble::keyed_model;
pub use assemble::model_from;
pub use class_to_text::load_class_as_text;
pub use description::{ModelDescription, TextDescription};
pub use dtype::DType;
pub use error::WeightsError;
pub use file_hash::file_hash;
pub(crate) use file_hash::first_digits;
pub use int8_file::is_int8;
pub use load::{load_adapted, load_model};
pub use mismatches::Mismatches;
pub(crate) use model_folder::name_of;
pub use model_folder::{
    CHECKPOINTS_FOLDER, DESCRIPTION_FILE, EMA_FILE, INDEX_FILE, REFERENCE_DESCRIPTION_FILE,
    TEXT_ENCODER_FOLDER, TOKENIZER_FILE, WEIGHTS_FILE, checkpoint_name, checkpoint_steps,
    description_beside, weights_at,
};
pub use other_classes::load_with_classes;
#[cfg(all(test, feature = "flex"))]
pub(crate) use parameters::parameter_forms;
pub use parameters::{for_each_parameter, for_each_value, parameter_shapes};
#[cfg(feature = "reference-config")]
use reference_config::read_reference_config;
pub use rounding::{Rounding, Unconvertible, convert_values};
#[cfg(feature = "save")]
pub use save::save_model;
#[cfg(feature = "save")]
pub use save_int8::{convert_to_int8, save_model_int8};
#[cfg(all(feature = "save", feature = "tokenizer"))]
pub use save_text_encoder::save_text_encoder;
pub use sharded::{Shard, ShardIndex, plan_shards};
pub use tensor_file::{TensorFile, WeightSet};
pub use tensor_info::TensorInfo;
#[cfg(feature = "text")]
pub use text_encoder::TextEncoderFiles;
pub use text_encoder_weights::{load_text_encoder, read_text_encoder_config};
pub use values::Values;
#[cfg(feature = "save")]
pub use writer::SafetensorsWriter;
