//! Ctrl-C: come to an end and exit; twice: exit at once.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Result};

/// Exit code of a program ended by Ctrl-C, as shells count it.
const EXIT_CODE: u8 = 130;

/// Whether the user wants the program to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C, and for the system's requests to end; says `ending` when one comes.
    ///
    /// # Errors
    /// [`Error::Signals`] where the system does not allow it, or a program listens twice.
    pub fn listen(ending: &'static str) -> Result<Self> {
        let interrupt = Self::default();
        let wanted = Arc::clone(&interrupt.wanted);
        let handler = move || {
            if wanted.swap(true, Ordering::SeqCst) {
                std::process::exit(EXIT_CODE.into());
            }
            eprintln!("\n{ending}; press Ctrl-C again to stop at once");
        };
        ctrlc::set_handler(handler)
            .map_err(|error| Error::Signals { reason: error.to_string() })?;
        Ok(interrupt)
    }

    /// Whether the program is to stop.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst)
    }

    /// Asks the program to stop, as Ctrl-C does.
    pub fn request(&self) {
        self.wanted.store(true, Ordering::SeqCst);
    }

    /// The exit code of a program that has stopped for it.
    pub fn exit_code() -> ExitCode {
        ExitCode::from(EXIT_CODE)
    }
}
