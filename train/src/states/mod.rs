//! States of all captions of a data set, made once by `train encode-text`.
//!
//! A folder with `states.json`, the [`StatesIndex`], and at most 256 safetensors of consecutive
//! records: tensor `0` is of the empty text, in the first file; tensor `N + 1` of record `N`.

mod batches;
mod command;
mod encode;
mod index;
mod reader;

pub use command::encode_captions;
pub use encode::EncodeText;
pub use index::StatesIndex;
pub use reader::StatesFolder;

/// The index of a folder.
const INDEX: &str = "states.json";

/// `states-00007.safetensors`.
fn file_name(file: usize) -> String {
    format!("states-{file:05}.safetensors")
}

/// What the states of a record are called; `None` stands for the empty text.
fn tensor_name(record: Option<usize>) -> String {
    record.map_or(0, |record| record + 1).to_string()
}
