//! How far a conversion has come, on the terminal.

use pixelflow::weights::{TensorFile, TensorInfo};
use pixelflow_host::progress::{ProgressBar, percent_bar};

/// A bar over the bytes that are read, once for writing and once for reading back; it is silent where
/// there is no terminal.
#[derive(Debug)]
pub struct ConvertProgress {
    bar: ProgressBar,
    what: String,
}

impl ConvertProgress {
    /// A bar over all tensors of a file; `what` is done with them.
    pub fn new(file: &TensorFile, what: &str) -> Self {
        let bytes: u64 = file.tensors().values().map(TensorInfo::size_in_bytes).sum();
        Self { bar: percent_bar(2 * bytes), what: what.to_owned() }
    }

    /// Says what is going on.
    pub(super) fn stage(&self, stage: &str) {
        self.bar.set_message(format!("{}: {stage}", self.what));
    }

    /// So many bytes more were read.
    pub(super) fn advance(&self, bytes: usize) {
        self.bar.inc(bytes as u64);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
