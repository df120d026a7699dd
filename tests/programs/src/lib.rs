//! Running the real programs in tests: what they print, refuse and leave behind.

mod markup;
mod reference;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

pub use markup::assert_self_contained;
pub use reference::{CONFIG_YAML, converted_model, reference_files, reference_model};

/// Root of the repository, in which the programs are started.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A program by the path of its file, which a test knows as `env!("CARGO_BIN_EXE_…")`.
#[derive(Clone, Copy, Debug)]
pub struct Program(pub &'static str);

/// A program that has been run to its end.
#[derive(Debug)]
pub struct Run {
    command: String,
    /// Its exit status.
    pub status: ExitStatus,
    /// The text of its standard output.
    pub printed: String,
    /// The text of its standard error.
    pub message: String,
}

impl Program {
    /// Copies the program.
    ///
    /// # Panics
    /// If it cannot be.
    pub fn install(self, path: &Path) {
        // Another process copies: a program that this one has open for writing, which a test beside it may
        // pass on to its children, cannot be started.
        let copied = Command::new("cp").arg(self.0).arg(path).status().expect("there is `cp`");
        assert!(copied.success(), "{} cannot be copied to {}", self.0, path.display());
    }

    /// The command with these arguments, in the root of the repository.
    pub fn command(self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.0);
        command.current_dir(ROOT).args(arguments);
        command
    }

    /// Runs it with these arguments.
    pub fn run(self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs it where no file can have more than so many blocks.
    ///
    /// That is what a full disk is to the program: a write that fails.
    pub fn run_on_a_full_disk(self, blocks: usize, arguments: &[&str]) -> Run {
        let script = format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@""#);
        Run::of(Program("sh").command(&["-c", &script, self.0]).args(arguments))
    }

    /// Runs it where its standard error is a terminal; the message is what that shows.
    ///
    /// # Panics
    /// If there are no terminals, or it cannot be started.
    #[cfg(unix)]
    pub fn run_on_a_terminal(self, arguments: &[&str]) -> Run {
        self.on_a_terminal(arguments, false)
    }

    /// Runs it where both outputs are one terminal; the message is what that shows.
    ///
    /// # Panics
    /// If there are no terminals, or it cannot be started.
    #[cfg(unix)]
    pub fn run_in_a_terminal(self, arguments: &[&str]) -> Run {
        self.on_a_terminal(arguments, true)
    }

    #[cfg(unix)]
    fn on_a_terminal(self, arguments: &[&str], is_output_too: bool) -> Run {
        let terminal = nix::pty::openpty(None, None).expect("there are terminals");
        let mut command = self.command(arguments);
        let output = if is_output_too {
            terminal.slave.try_clone().expect("a terminal has several ends").into()
        } else {
            Stdio::piped()
        };
        command.env("TERM", "xterm").stdout(output).stderr(terminal.slave);
        let running = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let line = format!("{command:?}");
        // With it goes our own end of what it writes to: then reading ends, in an error on Linux.
        drop(command);
        let mut shown = Vec::new();
        let _ = File::from(terminal.master).read_to_end(&mut shown);
        let output = running.wait_with_output().expect("it can be waited for");
        Run::ended(line, &Output { stderr: shown, ..output })
    }
}

impl Run {
    /// Runs a command.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self::ended(format!("{command:?}"), &output)
    }

    fn ended(command: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            command,
            status: output.status,
            printed: text(&output.stdout),
            message: text(&output.stderr),
        }
    }

    /// Asserts that it has succeeded.
    ///
    /// # Panics
    /// If it has not.
    #[expect(clippy::return_self_not_must_use)]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{} failed: {}", self.command, self.message);
        self
    }

    /// Asserts that it has refused its input: it failed without a panic, and its message has all of
    /// these parts.
    ///
    /// # Panics
    /// If it has not.
    pub fn refused(&self, parts: &[&str]) {
        assert!(!self.status.success(), "{} was accepted", self.command);
        assert!(!self.message.contains("panicked"), "{} panics: {}", self.command, self.message);
        for part in parts {
            let message = &self.message;
            assert!(message.contains(part), "{}: `{part}` is not in: {message}", self.command);
        }
    }
}

/// A path as an argument.
///
/// # Panics
/// If it is not UTF-8.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// The sorted names of what is in a folder, hidden files included.
///
/// # Panics
/// If it cannot be read.
pub fn listing(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let names = fs::read_dir(folder).and_then(|entries| entries.map(|e| e.map(name)).collect());
    let mut names: Vec<_> = names.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    names.sort();
    names
}
