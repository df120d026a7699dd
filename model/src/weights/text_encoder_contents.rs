//! The files of a text encoder as bytes, and the hashes that tell them from others.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::WeightsError;
use super::file_hash::{add_content, first_digits};

/// Configuration, tokenizer and weights of a text encoder, in this order.
#[derive(Debug)]
pub(super) enum EncoderContents {
    /// In these files.
    Files(Vec<PathBuf>),
    /// In memory.
    Memory([Arc<[u8]>; 3]),
}

/// What a hash reads.
trait Content: Read + Seek {}

impl<T: Read + Seek> Content for T {}

impl EncoderContents {
    /// 16 hex digits of the SHA-256 of all bytes, the length before those of each file.
    ///
    /// # Errors
    /// [`WeightsError::Open`].
    pub(super) fn hash(&self) -> Result<String, WeightsError> {
        self.hash_by(|hash, content, _| add_content(hash, content))
    }

    /// The same of some stretches of large files.
    ///
    /// # Errors
    /// [`WeightsError::Open`].
    pub(super) fn sampled_hash(&self) -> Result<String, WeightsError> {
        self.hash_by(|hash, content, length| {
            if length <= STRETCH * STRETCHES {
                add_content(hash, content)
            } else {
                add_stretches(hash, content, length)
            }
        })
    }

    fn hash_by(
        &self,
        add: impl Fn(&mut Sha256, &mut dyn Content, u64) -> io::Result<()>,
    ) -> Result<String, WeightsError> {
        let mut hash = Sha256::new();
        let mut add = |content: &mut dyn Content, length: u64| {
            hash.update(length.to_le_bytes());
            add(&mut hash, content, length)
        };
        match self {
            Self::Files(paths) => {
                for path in paths {
                    let open = |source| WeightsError::Open { path: path.clone(), source };
                    let mut file = File::open(path).map_err(open)?;
                    let length = file.metadata().map_err(open)?.len();
                    add(&mut file, length).map_err(open)?;
                }
            }
            Self::Memory(parts) => {
                for bytes in parts {
                    let open = |source| WeightsError::Open { path: "memory".into(), source };
                    add(&mut Cursor::new(bytes), bytes.len() as u64).map_err(open)?;
                }
            }
        }
        Ok(first_digits(hash))
    }
}

/// Bytes of a stretch.
const STRETCH: u64 = 1 << 20;
/// Stretches of a large file.
const STRETCHES: u64 = 64;

/// Adds evenly spaced stretches of a large file to a hash.
fn add_stretches(hash: &mut Sha256, mut content: impl Content, length: u64) -> io::Result<()> {
    let mut buffer = Vec::new();
    for stretch in 0..STRETCHES {
        buffer.clear();
        content.seek(SeekFrom::Start((length - STRETCH) / (STRETCHES - 1) * stretch))?;
        Read::by_ref(&mut content).take(STRETCH).read_to_end(&mut buffer)?;
        hash.update(&buffer);
    }
    Ok(())
}
