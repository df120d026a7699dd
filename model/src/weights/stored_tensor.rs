//! A tensor in its file: where its values are, and how to get at any of them.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use bytemuck::Pod;
use crc32fast::Hasher;

use super::{DType, TensorInfo, positioned};

/// A tensor whose values, in row-major order, are still to be read.
#[derive(Debug)]
pub(super) struct StoredTensor<'f> {
    pub(super) info: &'f TensorInfo,
    place: Place<'f>,
    /// Whether values have their most significant byte first.
    big_endian: bool,
}

#[derive(Debug)]
enum Place<'f> {
    /// From byte `start` on, and what the checksum over all of it must be.
    File { file: &'f File, start: u64, checksum: Option<u32> },
    /// In memory: read already, because it is not in one piece there, or never in a file.
    Memory(Cow<'f, [u8]>),
}

impl<'f> StoredTensor<'f> {
    pub(super) fn in_file(
        info: &'f TensorInfo,
        file: &'f File,
        start: u64,
        checksum: Option<u32>,
        big_endian: bool,
    ) -> Self {
        Self { info, place: Place::File { file, start, checksum }, big_endian }
    }

    pub(super) fn in_memory(
        info: &'f TensorInfo,
        bytes: impl Into<Cow<'f, [u8]>>,
        big_endian: bool,
    ) -> Self {
        Self { info, place: Place::Memory(bytes.into()), big_endian }
    }

    /// Number of values.
    pub(super) fn count(&self) -> usize {
        self.info.shape.iter().product()
    }

    /// Number format of the values.
    pub(super) fn dtype(&self) -> DType {
        self.info.dtype
    }

    /// Reads values from number `first` on, as this machine has them; their bytes go into `checksum`.
    pub(super) fn read<S: Pod>(
        &self,
        first: usize,
        into: &mut [S],
        checksum: &mut Hasher,
    ) -> io::Result<()> {
        let size = size_of::<S>();
        let bytes = bytemuck::cast_slice_mut(into);
        self.read_bytes(first * size, bytes, checksum)?;
        if self.big_endian != cfg!(target_endian = "big") {
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Ok(())
    }

    /// Reads bytes from byte `first` on, as they are stored.
    fn read_bytes(&self, first: usize, into: &mut [u8], checksum: &mut Hasher) -> io::Result<()> {
        match &self.place {
            Place::File { file, start, checksum: expected } => {
                positioned::read_exact_at(file, into, start + first as u64)?;
                if expected.is_some() {
                    checksum.update(into);
                }
            }
            Place::Memory(bytes) => into.copy_from_slice(&bytes[first..first + into.len()]),
        }
        Ok(())
    }

    /// Reads bytes from byte `first` on, each value with its least significant byte first.
    pub(super) fn read_little_endian(
        &self,
        first: usize,
        into: &mut [u8],
        checksum: &mut Hasher,
    ) -> io::Result<()> {
        self.read_bytes(first, into, checksum)?;
        if self.big_endian {
            into.chunks_exact_mut(self.dtype().size_in_bytes()).for_each(<[u8]>::reverse);
        }
        Ok(())
    }

    /// Compares the checksum of all bytes with what the file says.
    pub(super) fn verify(&self, checksum: Hasher) -> io::Result<()> {
        match &self.place {
            Place::File { checksum: Some(expected), .. } if checksum.finalize() != *expected => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "invalid checksum"))
            }
            _ => Ok(()),
        }
    }
}
