//! Pictures of half blocks: a letter of a terminal is two pixels, one above the other.

use std::fmt::Write;

/// Colours that a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    /// 24 bits, as `COLORTERM` says.
    All,
    /// The 256 of xterm.
    Few,
}

impl Colors {
    /// What the variables of a terminal say.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let says_all = |value: String| value == "truecolor" || value == "24bit";
        if variable("COLORTERM").is_some_and(says_all) { Self::All } else { Self::Few }
    }

    /// The command that sets a colour: of the letter, 38, or of what is behind it, 48.
    fn command(self, plane: u8, [red, green, blue]: [u8; 3]) -> String {
        match self {
            Self::All => format!("\x1b[{plane};2;{red};{green};{blue}m"),
            Self::Few => {
                let number = ansi_colours::ansi256_from_rgb((red, green, blue));
                format!("\x1b[{plane};5;{number}m")
            }
        }
    }
}

/// The lines of a picture whose rows have `width` pixels; the lower half of the last line of an odd one is as it was.
pub(crate) fn half_blocks(pixels: &[[u8; 3]], width: usize, colors: Colors) -> Vec<String> {
    let rows: Vec<&[[u8; 3]]> = pixels.chunks_exact(width.max(1)).collect();
    let line = |pair: &[&[[u8; 3]]]| {
        let mut line = String::new();
        for (column, upper) in pair[0].iter().enumerate() {
            let lower = pair.get(1).map_or_else(String::new, |row| colors.command(48, row[column]));
            let _ = write!(line, "{}{lower}▀", colors.command(38, *upper));
        }
        line + "\x1b[0m"
    };
    rows.chunks(2).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_two_pixels_and_a_line_ends_without_colours() {
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        assert_eq!(
            half_blocks(&[red, blue], 1, Colors::All),
            ["\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m"]
        );
        assert_eq!(half_blocks(&[red, blue, red], 1, Colors::Few).len(), 2);
        assert_eq!(
            half_blocks(&[red, blue], 2, Colors::Few),
            ["\x1b[38;5;196m▀\x1b[38;5;21m▀\x1b[0m"]
        );
        assert!(half_blocks(&[], 0, Colors::All).is_empty());
    }

    #[test]
    fn a_terminal_that_says_nothing_has_few_colours() {
        let of = |value: Option<&str>| {
            Colors::of(|name| value.filter(|_| name == "COLORTERM").map(str::to_owned))
        };
        assert_eq!([of(None), of(Some("yes"))], [Colors::Few; 2]);
        assert_eq!([of(Some("truecolor")), of(Some("24bit"))], [Colors::All; 2]);
    }
}
