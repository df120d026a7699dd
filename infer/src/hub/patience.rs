//! Waiting for a server no longer than there is hope, which `hf-hub` does not see to.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// What work tells whoever waits for it.
enum News<T> {
    Alive,
    Done(T),
}

/// Shows that work goes on.
pub(super) struct Pulse(Box<dyn Fn() + Send>);

impl Pulse {
    pub(super) fn beat(&self) {
        self.0();
    }
}

/// Does work on a thread of its own and waits for it as long as its [`Pulse`] is never silent for
/// longer than `patience`. After that, `None`: the thread is left behind until its connection ends.
///
/// # Panics
/// If the work does.
pub(super) fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce(Pulse) -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = channel();
    let beats: Sender<News<T>> = sender.clone();
    let worker = thread::spawn(move || {
        // Nobody may be listening any more.
        let pulse = Pulse(Box::new(move || drop(beats.send(News::Alive))));
        drop(sender.send(News::Done(work(pulse))));
    });
    loop {
        match receiver.recv_timeout(patience) {
            Ok(News::Alive) => {}
            Ok(News::Done(result)) => return Some(result),
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => match worker.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => unreachable!("it sends its result before it ends"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Long enough for a busy machine to beat in time.
    const SHORT: Duration = Duration::from_secs(1);

    #[test]
    fn work_may_take_long_if_it_is_not_silent() {
        let work = |pulse: Pulse| {
            for _ in 0..6 {
                thread::sleep(SHORT / 4);
                pulse.beat();
            }
            7
        };
        assert_eq!(within(SHORT, work), Some(7));
        let silent = |_| thread::sleep(10 * SHORT);
        assert_eq!(within(SHORT, silent), None);
    }

    #[test]
    #[should_panic(expected = "of work")]
    fn a_panic_of_work_is_ours() {
        // A busy machine takes its time over a panic.
        within(60 * SHORT, |_| panic!("of work"));
    }
}
