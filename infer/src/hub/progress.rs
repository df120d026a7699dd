//! How far fetching has come, on the terminal.

use hf_hub::api::Progress;
use pixelflow_host::progress::{ProgressBar, bar};

use super::patience::Pulse;

/// A bar over the bytes of one file, which is silent where there is no terminal; every byte is a sign
/// of life.
pub(super) struct FetchProgress {
    bar: ProgressBar,
    pulse: Pulse,
}

impl FetchProgress {
    pub(super) fn new(pulse: Pulse) -> Self {
        let bar = bar(0, "{bar:32} {percent:>3}%  {eta} left  {msg}, {bytes} of {total_bytes}");
        Self { bar, pulse }
    }
}

impl Progress for FetchProgress {
    fn init(&mut self, size: usize, filename: &str) {
        self.bar.set_length(size as u64);
        self.bar.set_position(0);
        self.bar.set_message(format!("fetching {filename}"));
    }

    fn update(&mut self, size: usize) {
        self.bar.inc(size as u64);
        self.pulse.beat();
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}
