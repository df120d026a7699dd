//! A bound on what is read while the directory of a zip archive is looked for.
//!
//! The crate `zip` tries every place that looks like the end of a directory. A small file can have
//! many, each with a long directory that turns out to be broken, and keep it busy for hours.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most bytes that are read for the directory; that of a checkpoint has less than a megabyte.
const MAX_DIRECTORY: u64 = 64 << 20;

/// A reader that refuses to go on when its allowance is used up.
#[derive(Debug)]
pub(super) struct BoundedReader<R> {
    inner: BufReader<R>,
    allowance: Arc<AtomicU64>,
}

/// Lifts the bound of a reader that something else owns by now.
pub(super) struct Bound(Arc<AtomicU64>);

impl<R: Read> BoundedReader<R> {
    pub(super) fn new(inner: R) -> (Self, Bound) {
        let allowance = Arc::new(AtomicU64::new(MAX_DIRECTORY));
        let bound = Bound(Arc::clone(&allowance));
        let inner = BufReader::new(inner);
        (Self { inner, allowance }, bound)
    }
}

impl Bound {
    pub(super) fn lift(self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowance = self.allowance.load(Ordering::Relaxed);
        if allowance == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "no readable directory at its end, as if the file was cut short",
            ));
        }
        let count = self.inner.read(buffer)?;
        if allowance != u64::MAX {
            let left = allowance.saturating_sub(count as u64);
            self.allowance.store(left, Ordering::Relaxed);
        }
        Ok(count)
    }
}

impl<R: Seek> Seek for BoundedReader<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
