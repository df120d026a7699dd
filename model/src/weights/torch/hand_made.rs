//! `.pt` files made by hand, for tests.

use std::io::{Cursor, Write};

use tempfile::TempPath;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::opcode as op;

/// A pickle in the making.
#[derive(Clone)]
pub(super) struct Pickle(Vec<u8>);

impl Pickle {
    /// Of protocol 2, as `torch.save` writes.
    pub(super) fn new() -> Self {
        Self(vec![op::PROTO, 2])
    }

    pub(super) fn op(mut self, opcode: u8) -> Self {
        self.0.push(opcode);
        self
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.op(op::BINUNICODE).raw(&(text.len() as u32).to_le_bytes()).raw(text.as_bytes())
    }

    pub(super) fn integer(self, value: i64) -> Self {
        self.op(op::LONG1).raw(&[8]).raw(&value.to_le_bytes())
    }

    pub(super) fn global(self, module: &str, name: &str) -> Self {
        self.op(op::GLOBAL).raw(format!("{module}\n{name}\n").as_bytes())
    }

    fn integers(self, values: &[i64]) -> Self {
        values.iter().fold(self.op(op::MARK), |pickle, value| pickle.integer(*value)).op(op::TUPLE)
    }

    pub(super) fn tensor(self, tensor: &Tensor) -> Self {
        self.global("torch._utils", "_rebuild_tensor_v2")
            .op(op::MARK)
            .op(op::MARK)
            .text("storage")
            .global("torch", tensor.storage_class)
            .text(tensor.storage)
            .text("cpu")
            .integer(tensor.storage_count)
            .op(op::TUPLE)
            .op(op::BINPERSID)
            .integer(tensor.offset)
            .integers(&tensor.shape)
            .integers(&tensor.strides)
            .op(op::NEWFALSE)
            .global("collections", "OrderedDict")
            .op(op::EMPTY_TUPLE)
            .op(op::REDUCE)
            .op(op::TUPLE)
            .op(op::REDUCE)
    }

    /// A dictionary of tensors.
    pub(super) fn tensors(self, tensors: &[(&str, Tensor)]) -> Self {
        let start = self.global("collections", "OrderedDict").op(op::EMPTY_TUPLE).op(op::REDUCE);
        tensors
            .iter()
            .fold(start.op(op::MARK), |pickle, (name, tensor)| pickle.text(name).tensor(tensor))
            .op(op::SETITEMS)
    }

    pub(super) fn stop(self) -> Vec<u8> {
        self.op(op::STOP).0
    }
}

/// What a pickle says about a tensor, true or not.
#[derive(Clone)]
pub(super) struct Tensor {
    pub(super) storage_class: &'static str,
    pub(super) storage: &'static str,
    pub(super) storage_count: i64,
    pub(super) offset: i64,
    pub(super) shape: Vec<i64>,
    pub(super) strides: Vec<i64>,
}

impl Tensor {
    /// A row-major 2x3 matrix of `f32`, alone in storage 0.
    pub(super) fn matrix() -> Self {
        Self {
            storage_class: "FloatStorage",
            storage: "0",
            storage_count: 6,
            offset: 0,
            shape: vec![2, 3],
            strides: vec![3, 1],
        }
    }
}

/// The pickle of a `state_dict`.
pub(super) fn state_dict(tensors: &[(&str, Tensor)]) -> Vec<u8> {
    Pickle::new().tensors(tensors).stop()
}

/// The bytes of six `f32`: 0 to 5.
pub(super) fn six_floats() -> Vec<u8> {
    (0..6).flat_map(|value| (value as f32).to_le_bytes()).collect()
}

/// A zip archive of these files.
pub(super) fn archive(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A `.pt` file of a pickle and storage 0.
pub(super) fn pt(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    archive(CompressionMethod::Stored, &[("archive/data.pkl", pickle), ("archive/data/0", storage)])
}

/// A file of these bytes, removed when the path is dropped.
pub(super) fn file(bytes: &[u8]) -> TempPath {
    let mut file = tempfile::Builder::new().suffix(".pt").tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.into_temp_path()
}
