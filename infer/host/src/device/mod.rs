//! Which device to compute on.
//!
//! Backends are chosen when the program is compiled (cargo features), devices when it is started
//! (`--device`). A device is tried out in a child process before it is used: a missing driver makes
//! some backends end the program instead of returning an error.

mod format;
mod memory;
mod name;
mod on_backend;
mod probe;
mod select;

pub use format::refuse_unsupported;
pub use memory::{available_memory, used_memory};
pub use name::{Choice, Device, DeviceKind};
pub use on_backend::OnBackend;
pub use probe::answer_probe;
pub use select::select;
