//! Signals: Ctrl-C asks a program to come to an end, and a second one ends it at once; SIGUSR1 asks it
//! to save.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::output::note;
use crate::{Error, Result};

/// Exit code of a program ended by Ctrl-C, as shells count it.
const EXIT_CODE: u8 = 130;
/// Signals in so short a time are one: `timeout`, `srun` and containers send theirs to the program and
/// to its group.
const ONE_SIGNAL: Duration = Duration::from_millis(1500);

/// What the user wants of the program while it works.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
    save: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C, and for the system's requests to end; says `ending` when one comes.
    ///
    /// # Errors
    /// [`Error::Signals`] where the system does not allow it, or a program listens twice.
    pub fn listen(ending: &'static str) -> Result<Self> {
        let interrupt = Self::default();
        let wanted = Arc::clone(&interrupt.wanted);
        let mut first: Option<Instant> = None;
        let handler = move || {
            let since = first.get_or_insert_with(Instant::now).elapsed();
            if since > ONE_SIGNAL {
                std::process::exit(EXIT_CODE.into());
            }
            if !wanted.swap(true, Ordering::SeqCst) {
                // A terminal shows ^C.
                note("");
                note(format_args!("{ending}; press Ctrl-C again to stop at once"));
            }
        };
        let failed = |reason: String| Error::Signals { reason };
        ctrlc::set_handler(handler).map_err(|error| failed(error.to_string()))?;
        #[cfg(unix)]
        unix::on_save_request(Arc::clone(&interrupt.save))
            .map_err(|error| failed(error.to_string()))?;
        Ok(interrupt)
    }

    /// Whether the program is to stop.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst)
    }

    /// Whether somebody has asked the program to save since this was last called: with SIGUSR1, as
    /// `srun` does some time before it takes the machine away.
    pub fn take_save_request(&self) -> bool {
        self.save.swap(false, Ordering::SeqCst)
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

/// Keeps signals from ending the program that are no request to end: SIGUSR1, SIGXFSZ, and SIGHUP if `nohup` has
/// had it ignored. Call it before there are threads, which inherit it.
pub(crate) fn block_harmless() {
    #[cfg(unix)]
    unix::block_harmless();
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use nix::sys::signal::{SigSet, Signal};

    pub(super) fn block_harmless() {
        let mut blocked = SigSet::from(Signal::SIGUSR1);
        // A file that has become too large for `ulimit -f` is an error of the write, as a full disk is.
        blocked.add(Signal::SIGXFSZ);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if ignores_hangup(&status) {
            blocked.add(Signal::SIGHUP);
        }
        // Where it cannot be, signals do what they did.
        let _ = blocked.thread_block();
    }

    /// Whether `/proc/self/status` says that SIGHUP is ignored.
    fn ignores_hangup(status: &str) -> bool {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & 1 << (Signal::SIGHUP as u32 - 1) != 0)
    }

    /// Sets a flag whenever SIGUSR1 comes, which is blocked everywhere.
    pub(super) fn on_save_request(wanted: Arc<AtomicBool>) -> io::Result<()> {
        let signals = SigSet::from(Signal::SIGUSR1);
        let wait = move || {
            while signals.wait().is_ok() {
                wanted.store(true, Ordering::SeqCst);
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
    }
}
