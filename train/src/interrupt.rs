//! Ctrl-C: save and exit; twice: exit at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Result};

/// Exit code of a program ended by Ctrl-C, as shells count it.
pub const EXIT_CODE: i32 = 130;

/// Whether the user wants the program to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C, and for the system's requests to end.
    ///
    /// # Errors
    /// [`Error::Signals`] where the system does not allow it.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let wanted = Arc::clone(&interrupt.wanted);
        let handler = move || {
            if wanted.swap(true, Ordering::SeqCst) {
                std::process::exit(EXIT_CODE);
            }
            eprintln!("\nstopping after this step and saving; press Ctrl-C again to stop at once");
        };
        ctrlc::set_handler(handler)
            .map_err(|error| Error::Signals { reason: error.to_string() })?;
        Ok(interrupt)
    }

    /// Whether the run is to stop after the current step.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst)
    }
}
