//! A panel on the terminal: a bar, lines below it, and a picture.

use std::fmt::Display;
use std::time::Duration;

use indicatif::{ProgressBar as Drawn, ProgressStyle};

use crate::half_blocks::{Colors, half_blocks};
use crate::output::{has_terminal, one_line};
use crate::progress::{add, remove};

/// How often a bar is drawn that nobody moves.
const TICK: Duration = Duration::from_secs(1);
/// Rows of a terminal that a picture leaves to messages.
const ROWS_ABOVE: usize = 6;

/// A bar with lines and a picture below it; silent where there is no terminal.
#[derive(Debug)]
pub struct Panel {
    bar: Drawn,
    lines: Vec<Drawn>,
    picture: Vec<Drawn>,
}

impl Panel {
    /// A panel whose bar, in `indicatif`'s template, goes to `length`, over so many lines.
    pub fn new(length: u64, template: &str, lines: usize) -> Self {
        let style = ProgressStyle::with_template(template);
        let bar =
            Drawn::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let bar = add(bar);
        bar.enable_steady_tick(TICK);
        let lines = (0..lines).map(|_| row()).collect();
        Self { bar, lines, picture: Vec::new() }
    }

    /// Shows how far it has come.
    pub fn set_position(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// Shows a message behind the bar.
    pub fn set_message(&self, message: impl Display) {
        self.bar.set_message(one_line(message));
    }

    /// Shows a line below the bar, counted from 0.
    pub fn set_line(&self, number: usize, line: impl Display) {
        self.lines[number].set_message(one_line(line));
    }

    /// Width and height in pixels that a picture may have; `None` where none is shown: without a terminal, in a small
    /// one, or where `NO_COLOR` is set.
    pub fn room(&self) -> Option<(u32, u32)> {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let (rows, columns) = console::Term::stderr().size_checked().filter(|_| has_terminal())?;
        let taken = ROWS_ABOVE + 1 + self.lines.len();
        let rows = usize::from(rows).checked_sub(taken).filter(|&rows| rows >= 4)?;
        (!is_plain && columns >= 16).then_some((u32::from(columns) - 1, 2 * rows as u32))
    }

    /// Shows a picture below the lines, in place of the one before.
    pub fn set_picture(&mut self, pixels: &[[u8; 3]], width: usize) {
        let rows = half_blocks(pixels, width, Colors::of(|name| std::env::var(name).ok()));
        while self.picture.len() < rows.len() {
            self.picture.push(row());
        }
        for row in self.picture.split_off(rows.len()) {
            remove(&row);
        }
        for (row, line) in self.picture.iter().zip(rows) {
            row.set_message(line);
        }
    }

    /// Removes the panel.
    pub fn finish_and_clear(&self) {
        for bar in self.picture.iter().rev().chain(self.lines.iter().rev()).chain([&self.bar]) {
            bar.finish_and_clear();
            remove(bar);
        }
    }
}

/// A line of a panel; what is longer than the terminal is wide is cut.
fn row() -> Drawn {
    let style = ProgressStyle::with_template("{wide_msg}");
    add(Drawn::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())))
}
