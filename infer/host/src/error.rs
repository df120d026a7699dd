//! What can go wrong between a program and its machine, and what to do about it.

use std::io;

use pixelflow::durable::said;

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No device has this name.
    #[error(
        "--device {name}: there is no such device; it is auto, cpu, wgpu, vulkan, metal, cuda or \
         rocm, or one of several such as cuda:1"
    )]
    UnknownDevice {
        /// The name.
        name: String,
    },
    /// The program was compiled without a device.
    #[error(
        "--device {name}: this program was compiled without it; \
         add --features {feature} to the cargo command (compiled in: {compiled})"
    )]
    NotCompiledIn {
        /// The device.
        name: String,
        /// The feature to add.
        feature: &'static str,
        /// What there is.
        compiled: String,
    },
    /// A device is compiled in and does not work.
    #[error("--device {name} does not work here: {reason}; it needs {requirement}")]
    DoesNotWork {
        /// The device.
        name: String,
        /// What went wrong when it was tried.
        reason: String,
        /// What must be installed.
        requirement: &'static str,
    },
    /// `--device auto` found nothing.
    #[error("no device works here:{reasons}\nadd --features flex to the cargo command for the CPU")]
    NoDevice {
        /// Why each did not, a line each.
        reasons: String,
    },
    /// A device does not compute in a format of numbers.
    #[error("{argument} {format}: this device does not compute in it; take another, or f32")]
    UnsupportedFormat {
        /// The argument that names the format.
        argument: &'static str,
        /// The format.
        format: String,
    },
    /// Standard output takes nothing more.
    #[error("cannot write standard output: {reason}")]
    Output {
        /// What the operating system said, and what helps.
        reason: String,
    },
    /// The operating system does not let signals be caught.
    #[error("cannot watch for Ctrl-C: {reason}")]
    Signals {
        /// What it said.
        reason: String,
    },
}

/// What the operating system said when something was written, and what helps.
pub fn explain(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; free some space, or write to another place"
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists => "; name a place that can be written to",
        _ => "",
    };
    format!("{}{advice}", said(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_read_only_folder_come_with_advice() {
        let explained = |kind| explain(&io::Error::from(kind));
        let full = explained(io::ErrorKind::StorageFull);
        assert!(full.ends_with("; free some space, or write to another place"), "{full}");
        let closed = explained(io::ErrorKind::ReadOnlyFilesystem);
        assert!(closed.ends_with("; name a place that can be written to"), "{closed}");
        assert!(!explained(io::ErrorKind::NotFound).contains(';'));
    }

    #[test]
    fn the_path_of_a_hidden_file_is_left_out() {
        let error = tempfile::tempdir_in("nowhere").unwrap_err();
        assert!(error.to_string().contains(" at path \""), "{error}");
        assert_eq!(explain(&error), explain(&io::Error::from_raw_os_error(2)));
    }
}
