//! The frame of every program's `main`.

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::dash;
use crate::device::answer_probe;
use crate::interrupt::block_harmless;
use crate::output::{one_line, print, tell, write_note};

/// Runs a program: answers a parent process that tries a device out, or reads the command line, does
/// the program's `work` and says its error, with which it exits with `failure`.
pub fn run<A: Parser, E: Into<Box<dyn Error + Send + Sync>>>(
    failure: u8,
    work: impl FnOnce(A) -> Result<ExitCode, E>,
) -> ExitCode {
    answer_probe();
    block_harmless();
    let outcome = match A::try_parse() {
        Ok(arguments) => work(arguments).map_err(Into::into),
        Err(error) => answer::<A>(&error).map_err(Into::into),
    };
    outcome.unwrap_or_else(|error| {
        say_error(&*error);
        ExitCode::from(failure)
    })
}

/// Says what has ended the program.
pub fn say_error(error: &(dyn Error + 'static)) {
    tell(format_args!("error: {}", message(error)));
}

/// Prints the help that is asked for, or what is wrong with the command line.
fn answer<A: Parser>(error: &clap::Error) -> crate::Result<ExitCode> {
    if !error.use_stderr() {
        print(error.to_string().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    // The same, where what is quoted of the command line is in one line.
    let quotable = std::env::args_os().map(|argument| one_line(argument.to_string_lossy()));
    let text =
        A::try_parse_from(quotable).err().map_or_else(|| error.to_string(), |e| e.to_string());
    write_note(text.trim_end());
    if error.kind() == ErrorKind::UnknownArgument {
        let line: Vec<OsString> = std::env::args_os().collect();
        if let Some(hint) = dash::hint(&A::command(), &line) {
            write_note(format_args!("\n  tip: {}", one_line(hint)));
        }
    }
    Ok(ExitCode::from(error.exit_code() as u8))
}

/// The error and its causes, but those that it names itself.
fn message(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |said, cause| {
        let cause = cause.to_string();
        if said.contains(&cause) { said } else { format!("{said}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Said {
        text: &'static str,
        source: Option<Box<Said>>,
    }

    #[test]
    fn a_cause_is_named_once() {
        let said = |text, source: Option<Said>| Said { text, source: source.map(Box::new) };
        let cause = said("no such file", None);
        assert_eq!(message(&cause), "no such file");
        let error = said("cannot read a.json: no such file", Some(cause));
        let error = said("nothing was compared", Some(error));
        assert_eq!(message(&error), "nothing was compared: cannot read a.json: no such file");
    }
}
