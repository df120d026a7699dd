//! The frame of every program's `main`.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use crate::device::answer_probe;

/// Runs a program: answers a parent process that tries a device out, or does the program's `work` and
/// says its error, with which it exits with `failure`.
///
/// `work` reads the command line itself: a parent gives none.
pub fn run<E: Into<Box<dyn Error + Send + Sync>>>(
    failure: u8,
    work: impl FnOnce() -> Result<ExitCode, E>,
) -> ExitCode {
    answer_probe();
    work().unwrap_or_else(|error| {
        // Whoever does not read standard error any more still sees the exit code.
        let _ = writeln!(std::io::stderr(), "error: {}", message(&*error.into()));
        ExitCode::from(failure)
    })
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
