//! Bars on the terminal; they are silent where there is none.

use indicatif::{ProgressBar, ProgressStyle};

/// Parts of a share that a bar can tell apart.
const PARTS: u64 = 1000;

/// A bar to `length` in `indicatif`'s template.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A bar that shows per cent of `length`, which means nothing to the user.
pub fn percent_bar(length: u64) -> ProgressBar {
    bar(length, "{bar:32} {percent:>3}%  {eta} left  {msg}")
}

/// A bar that counts to `length`.
pub fn counting_bar(length: u64, message: &'static str) -> ProgressBar {
    bar(length, "{bar:32} {pos} of {len}  {eta} left  {msg}").with_message(message)
}

/// A bar over a share, 0..1, of something that cannot be counted.
#[derive(Debug)]
pub struct ShareBar(ProgressBar);

impl ShareBar {
    /// A bar for something called `message`.
    pub fn new(message: &'static str) -> Self {
        Self(percent_bar(PARTS).with_message(message))
    }

    /// Shows the share that is done.
    pub fn set(&self, share: f64) {
        self.0.set_position((share.clamp(0.0, 1.0) * PARTS as f64) as u64);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
