//! Bars on the terminal; they are silent where there is none. All messages are written above them.

use std::cell::Cell;
use std::fmt::Display;
use std::sync::LazyLock;

use indicatif::{MultiProgress, ProgressBar as Drawn, ProgressDrawTarget, ProgressStyle};

use crate::output::{follows, note, one_line};

/// Parts of a share that a bar can tell apart.
const PARTS: u64 = 1000;

/// All bars of the program, one below the other.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

thread_local! {
    /// Whether this thread has hidden the bars already.
    static IS_ABOVE: Cell<bool> = const { Cell::new(false) };
}

/// Hides all bars while something is written to the terminal.
pub(crate) fn above_bars<T>(write: impl FnOnce() -> T) -> T {
    if IS_ABOVE.replace(true) {
        return write();
    }
    let written = BARS.suspend(write);
    IS_ABOVE.set(false);
    written
}

/// A bar among the program's, below those that there are.
pub(crate) fn add(bar: Drawn) -> Drawn {
    if follows() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        return bar;
    }
    BARS.add(bar)
}

/// Removes a bar from the program's.
pub(crate) fn remove(bar: &Drawn) {
    BARS.remove(bar);
}

/// A bar whose message is one line without commands to the terminal, wherever it comes from.
#[derive(Clone, Debug)]
pub struct ProgressBar(Drawn);

impl ProgressBar {
    /// The bar with another message.
    #[must_use]
    pub fn with_message(self, message: impl Display) -> Self {
        self.set_message(message);
        self
    }

    /// Shows another message.
    pub fn set_message(&self, message: impl Display) {
        self.0.set_message(one_line(message));
    }

    /// Shows how far it goes.
    pub fn set_length(&self, length: u64) {
        self.0.set_length(length);
    }

    /// Shows how far it has come.
    pub fn set_position(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Shows that it has come so much further.
    pub fn inc(&self, more: u64) {
        self.0.inc(more);
    }

    /// Writes a message to standard error, above the bar.
    pub fn note(&self, message: impl Display) {
        note(message);
    }

    /// Hides the bar while something else writes to the terminal.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        above_bars(write)
    }

    /// Removes the bar.
    pub fn finish_and_clear(&self) {
        self.0.finish_and_clear();
        remove(&self.0);
    }
}

/// A bar to `length` in `indicatif`'s template.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar(add(Drawn::new(length).with_style(style)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_above_the_bars_may_write_a_message_meanwhile() {
        let bar = counting_bar(2, "bar");
        assert_eq!(bar.suspend(|| above_bars(|| 1)), 1);
        // The next time they are hidden anew.
        assert!(!IS_ABOVE.get());
    }
}
