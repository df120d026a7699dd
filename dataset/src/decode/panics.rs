//! Decoders that panic: an image is refused, and nothing is printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught below.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives, or what it says when it panics.
///
/// The process keeps its panic hook: it is only asked about panics that nobody catches here.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                hook(panic);
            }
        }));
    });
    let before = CAUGHT.replace(true);
    // What a panic leaves half done is dropped with it.
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(before);
    done.map_err(|panic| format!("its decoder failed ({})", message(&*panic)))
}

/// What a panic has said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}
