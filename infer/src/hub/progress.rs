//! How far fetching has come, on the terminal.

use hf_hub::api::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar over the bytes of one file; it is silent where there is no terminal.
pub(super) struct FetchProgress(ProgressBar);

impl FetchProgress {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template(
            "{bar:32} {percent:>3}%  {eta} left  {msg}, {bytes} of {total_bytes}",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }
}

impl Progress for FetchProgress {
    fn init(&mut self, size: usize, filename: &str) {
        self.0.set_length(size as u64);
        self.0.set_position(0);
        self.0.set_message(format!("fetching {filename}"));
    }

    fn update(&mut self, size: usize) {
        self.0.inc(size as u64);
    }

    fn finish(&mut self) {
        self.0.finish_and_clear();
    }
}
