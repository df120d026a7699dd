//! What a file is by its first bytes, and the way on from formats that are not read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::WeightsError;
use crate::stand_in::stand_in;

/// Bytes that tell what a file is.
const START: u64 = 512;

/// How the formats that weights come in begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// The length of a header.
    Safetensors,
    /// A zip archive, as PyTorch writes them.
    Zip,
    /// Something else: what, and the way on.
    Foreign(&'static str),
    /// None of these.
    Unknown,
}

/// The first bytes of formats that are not read, from which byte on, and what to say.
const FOREIGN: [(usize, &[u8], &str); 13] = [
    (
        0,
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19",
        "it has the format of PyTorch before 1.6; save it anew in Python: torch.save(torch.load(OLD, \
         map_location=\"cpu\", weights_only=True), NEW)",
    ),
    (0, b"GGUF", GGUF),
    (0, b"tjgg", GGUF),
    (0, b"lmgg", GGUF),
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "it is an HDF5 file, as Keras writes them; write its arrays in Python under the model's names \
         with safetensors.numpy.save_file",
    ),
    (0, b"\x93NUMPY", "it is one array of NumPy; weights are many, with names: take safetensors"),
    (0, GZIP, "it is compressed by gzip; run gunzip on it first"),
    (0, b"BZh", "it is compressed by bzip2; run bunzip2 on it first"),
    (0, b"\xfd7zXZ\0", "it is compressed by xz; run unxz on it first"),
    (0, b"\x28\xb5\x2f\xfd", "it is compressed by zstd; run unzstd on it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it first"),
    (0, b"Rar!\x1a\x07", "it is a RAR archive; unpack it first"),
    (
        257,
        b"ustar",
        "it is a tar archive; unpack it first, or, if PyTorch before 0.1.10 wrote it, save it anew with \
         a later one",
    ),
];

const GZIP: &[u8] = b"\x1f\x8b\x08";
const GGUF: &str =
    "it is a GGUF file, quantised for llama.cpp; take the model's safetensors or .pt";
const PICKLE: &str = "it is a pickle that torch.save did not write; save the state_dict() of the model \
                      with torch.save";
const ONNX: &str = "it is an ONNX graph; take the model's safetensors or .pt";
const MSGPACK: &str = "it has the format of Flax, msgpack; save it in Python as safetensors under the \
                       model's names: safetensors.flax.save_file";
const TEXT: &str = "it is a text; weights are safetensors or a .pt";

impl FileKind {
    /// What a file is.
    ///
    /// # Errors
    /// [`WeightsError::Open`]; [`WeightsError::NotWeights`] for a [foreign](Self::Foreign) one.
    pub(super) fn of_file(path: &Path) -> Result<Self, WeightsError> {
        let mut start = Vec::new();
        File::open(path)
            .and_then(|file| file.take(START).read_to_end(&mut start))
            .map_err(|source| WeightsError::Open { path: path.to_owned(), source })?;
        match Self::of(&start) {
            Self::Foreign(reason) => {
                Err(WeightsError::NotWeights { path: path.to_owned(), reason: reason.to_owned() })
            }
            kind => Ok(kind),
        }
    }

    /// What begins with these bytes.
    fn of(start: &[u8]) -> Self {
        if start.is_empty() {
            return Self::Foreign("it is empty; download or write it again");
        }
        // Of a header's length in eight bytes, those beyond 16 MB are 0: nothing else begins so but gzip
        // without a date, and lengths are multiples of 8.
        if start.len() >= 8 && start[3..8] == [0; 5] && !start.starts_with(GZIP) {
            return Self::Safetensors;
        }
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            return Self::Zip;
        }
        let is_there =
            |at: usize, magic: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(magic));
        if let Some((.., reason)) = FOREIGN.iter().find(|(at, magic, _)| is_there(*at, magic)) {
            return Self::Foreign(reason);
        }
        if let Some(reason) = stand_in(start) {
            return Self::Foreign(reason);
        }
        match start {
            [0x80, 2..=5, ..] => Self::Foreign(PICKLE),
            // A version, then the name of what wrote it.
            [0x08, 1..=20, 0x12, ..] => Self::Foreign(ONNX),
            // A map whose first key is a text.
            [0x81..=0x8f, 0xa0..=0xbf | 0xd9, ..] | [0xde, _, _, 0xa0..=0xbf | 0xd9, ..] => {
                Self::Foreign(MSGPACK)
            }
            _ => Self::of_text(start),
        }
    }

    fn of_text(start: &[u8]) -> Self {
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with(['{', '[']) && !text.contains('\0') {
            return Self::Foreign(TEXT);
        }
        Self::Unknown
    }
}
