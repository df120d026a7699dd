//! `--preview`: the images in the terminal, while they are drawn.

use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use image::DynamicImage;
use pixelflow::sampler::StepDone;
use pixelflow_host::output::note;

use super::sheet::sheet;
use super::{Frame, FrameViewer};
use crate::Result;

/// The least time between two frames: a slow terminal shall not hold up the drawing.
const PAUSE: Duration = Duration::from_millis(100);

/// Shows frames one over the other, by kitty's or iTerm2's protocol or as sixels where the terminal says that it
/// knows one of them, else as half blocks.
#[derive(Debug)]
pub struct TerminalView {
    /// Height and width of an image in the picture.
    side: [u32; 2],
    last: Option<Instant>,
    /// Rows that the newest frame takes.
    rows: u32,
    is_done: bool,
    protocols: Protocols,
}

/// Which protocols a terminal may know, by the variables that it sets. It is asked about those alone: one that knows
/// none may not answer, and who waits for it waits forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Protocols {
    kitty: bool,
    sixel: bool,
}

impl Protocols {
    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["TERM", "TERM_PROGRAM"].map(|name| variable(name).unwrap_or_default());
        let is_one = |known: &[&str]| {
            names.iter().any(|name| known.iter().any(|known| name.to_lowercase().contains(known)))
        };
        Self {
            kitty: is_one(&["kitty", "ghostty", "wezterm"])
                || variable("KITTY_WINDOW_ID").is_some(),
            sixel: is_one(&["foot", "mlterm", "contour", "sixel", "yaft"]),
        }
    }
}

impl TerminalView {
    /// A view of images of this size; none where the standard output is no terminal, which is said.
    #[expect(clippy::disallowed_methods, reason = "it is asked, nothing is written")]
    pub fn new(side: [u32; 2]) -> Option<Self> {
        if !stdout().is_terminal() {
            note(
                "note: --preview shows images in a terminal, and the output is none: it is left out",
            );
            return None;
        }
        let protocols = Protocols::of(|name| std::env::var(name).ok());
        Some(Self { side, last: None, rows: 0, is_done: false, protocols })
    }

    /// Columns and rows of the terminal that a frame may take: a line is left for the bar.
    fn room() -> (u32, u32) {
        let (columns, rows) = viuer::terminal_size();
        (u32::from(columns).max(8), u32::from(rows).saturating_sub(2).clamp(4, 40))
    }
}

impl FrameViewer for TerminalView {
    fn wants(&self, done: &StepDone) -> bool {
        let is_time = || self.last.is_none_or(|last| last.elapsed() >= PAUSE);
        !self.is_done && (done.stage_is_done || is_time())
    }

    #[expect(clippy::disallowed_methods, reason = "pixels are written, no text of anybody")]
    fn show(&mut self, frame: &Frame) -> Result<()> {
        let picture = DynamicImage::from(sheet(&frame.images, self.side));
        let (columns, rows) = Self::room();
        // A half block is half a row: as many columns as twice the rows look square.
        let wide = 2 * rows * picture.width() / picture.height().max(1);
        let width = if wide <= columns { None } else { Some(columns) };
        let height = if width.is_none() { Some(rows) } else { None };
        let config = viuer::Config {
            width,
            height,
            absolute_offset: false,
            restore_cursor: false,
            use_kitty: self.protocols.kitty,
            use_sixel: self.protocols.sixel,
            ..viuer::Config::default()
        };
        if self.rows > 0 {
            let _ = write!(stdout(), "\x1b[{}A\r", self.rows);
        }
        match viuer::print(&picture, &config) {
            Ok((_, rows)) => self.rows = rows,
            Err(error) => {
                self.is_done = true;
                note(format_args!("note: --preview: the terminal shows no more images: {error}"));
            }
        }
        self.last = Some(Instant::now());
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_that_may_know_a_protocol_is_asked() {
        let protocols = |name: &str, value: &str| {
            let Protocols { kitty, sixel } =
                Protocols::of(|asked| (asked == name).then(|| value.to_owned()));
            [kitty, sixel]
        };
        assert_eq!(protocols("TERM", "xterm-256color"), [false; 2]);
        assert_eq!(protocols("TERM", "xterm-kitty"), [true, false]);
        assert_eq!(protocols("TERM_PROGRAM", "WezTerm"), [true, false]);
        assert_eq!(protocols("KITTY_WINDOW_ID", "1"), [true, false]);
        assert_eq!(protocols("TERM", "foot"), [false, true]);
    }
}
