//! The one place that writes to the terminal: standard output, standard error, and messages of bars.
//!
//! Names, prompts, recipes and reasons come from files of strangers. A character that would command the
//! terminal, or turn the direction of what follows, is written as its escape; a newline in a value
//! cannot begin a line of ours, since all lines of a message but its first are indented.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::progress::above_bars;
use crate::{Error, Result};

/// The rank of a process that follows the first of its job; 0 for all that speak.
static FOLLOWER: AtomicUsize = AtomicUsize::new(0);

/// Makes this process silent, as one of several ranks that all would say the same: it only [`tell`]s.
pub fn follow(rank: usize) {
    FOLLOWER.store(rank, Ordering::Relaxed);
}

/// Whether this process leaves it to another to speak.
pub(crate) fn follows() -> bool {
    FOLLOWER.load(Ordering::Relaxed) > 0
}

/// Writes a message to standard error that concerns this rank alone.
pub fn tell(message: impl Display) {
    match FOLLOWER.load(Ordering::Relaxed) {
        0 => note(message),
        rank => write_note(indented(format_args!("rank {rank}: {message}"))),
    }
}

/// Writes a message to standard output.
///
/// # Errors
/// [`Error::Output`], but not if its reader has gone, as `head` goes: there is nobody left to tell.
pub fn say(message: impl Display) -> Result<()> {
    print(indented(message))
}

/// Writes a text to standard output whose lines are all ours: values in it have been through
/// [`one_line`].
///
/// # Errors
/// As [`say`].
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn print(text: impl Display) -> Result<()> {
    if follows() {
        return Ok(());
    }
    let text = escaped(text) + "\n";
    let write = || {
        let mut output = io::stdout().lock();
        output.write_all(text.as_bytes()).and_then(|()| output.flush())
    };
    // What is piped may wait for its reader, and messages must not wait with it.
    let written = if io::stdout().is_terminal() { above_bars(write) } else { write() };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Output { reason: error.to_string() })
        }
        _ => Ok(()),
    }
}

/// Writes a message to standard error. Nobody is told if that cannot be: work goes on without it.
pub fn note(message: impl Display) {
    if follows() {
        return;
    }
    write_note(indented(message));
}

/// Writes a text to standard error whose lines are all ours.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn write_note(text: impl Display) {
    let text = escaped(text) + "\n";
    let _ = above_bars(|| io::stderr().lock().write_all(text.as_bytes()));
}

/// Whether standard error is a terminal.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn has_terminal() -> bool {
    !follows() && io::stderr().is_terminal()
}

/// A value in one line: newlines and tabs are escaped too.
pub fn one_line(value: impl Display) -> String {
    escape(value, |_| false)
}

/// A text with its own newlines and tabs, and without other characters that command a terminal.
fn escaped(text: impl Display) -> String {
    escape(text, |letter| "\n\t".contains(letter))
}

/// A message whose lines are indented, but the first.
pub(crate) fn indented(message: impl Display) -> String {
    let message = escaped(message);
    let mut lines = message.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| {
        let margin = if line.is_empty() || line.starts_with("  ") { "" } else { "  " };
        text + "\n" + margin + line
    })
}

fn escape(text: impl Display, is_kept: impl Fn(char) -> bool) -> String {
    text.to_string().chars().fold(String::new(), |mut escaped, letter| {
        if is_command(letter) && !is_kept(letter) {
            escaped.extend(letter.escape_default());
        } else {
            escaped.push(letter);
        }
        escaped
    })
}

/// Whether a character commands the terminal, ends a line, turns the direction of letters, or is not seen.
fn is_command(letter: char) -> bool {
    let directions = ['\u{61c}', '\u{200e}', '\u{200f}'];
    // What nobody sees makes two names look equal. Not the joiners U+200C and U+200D nor the selectors of
    // variants, which scripts and emoji need.
    let invisible = [
        '\u{ad}', '\u{34f}', '\u{115f}', '\u{1160}', '\u{17b4}', '\u{17b5}', '\u{180e}',
        '\u{200b}', '\u{3164}', '\u{feff}', '\u{ffa0}',
    ];
    letter.is_control()
        || directions.contains(&letter)
        || invisible.contains(&letter)
        || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(letter, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_escaped() {
        let cases = [
            ("plain ü 猫 🐉", "plain ü 猫 🐉"),
            ("\x1b[31mred\x07", r"\u{1b}[31mred\u{7}"),
            ("a\u{9b}2J\x7f\0", r"a\u{9b}2J\u{7f}\u{0}"),
            ("safe\rforged", r"safe\rforged"),
            ("exe\u{202e}gnp", r"exe\u{202e}gnp"),
            ("\u{2066}x\u{2069}\u{2028}", r"\u{2066}x\u{2069}\u{2028}"),
            (
                "c\u{200b}a\u{ad}t\u{2061}\u{3164}\u{e0041}",
                r"c\u{200b}a\u{ad}t\u{2061}\u{3164}\u{e0041}",
            ),
            (
                "\u{645}\u{200c}\u{6cc} 👩\u{200d}🚒 ❤\u{fe0f}",
                "\u{645}\u{200c}\u{6cc} 👩\u{200d}🚒 ❤\u{fe0f}",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
            assert_eq!(one_line(text), expected);
        }
    }

    #[test]
    fn a_newline_in_a_value_begins_no_line_of_ours() {
        assert_eq!(one_line("cat\nerror: none\t"), r"cat\nerror: none\t");
        assert_eq!(indented("no cat\nerror: none\n\n  ours"), "no cat\n  error: none\n\n  ours");
    }
}
