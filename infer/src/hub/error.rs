//! What can go wrong with files from the Hub.

use std::path::PathBuf;

use hf_hub::api::sync::ApiError;

use super::HubName;

/// Files cannot be fetched from the Hub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A variable of the environment that makes no sense.
    #[error("{variable} is `{value}`, it must be {expected}")]
    Setting {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Nothing may be fetched, and the files are not there.
    #[error(
        "{name} is not in {}, and HF_HUB_OFFLINE says to fetch nothing; unset it to fetch the files",
        cache.display()
    )]
    Offline {
        /// The repository.
        name: HubName,
        /// Folder of the cache.
        cache: PathBuf,
    },
    /// The files are not there, and nobody has allowed to fetch them.
    #[error("{name} is not in {}", cache.display())]
    NotFetched {
        /// The repository.
        name: HubName,
        /// Folder of the cache.
        cache: PathBuf,
    },
    /// The server has no such repository, or does not show it.
    #[error(
        "{endpoint} has no repository {name}, or does not show it to everyone; check the name and its \
         revision, or set HF_TOKEN if it is private"
    )]
    NoRepository {
        /// The server.
        endpoint: String,
        /// The repository.
        name: HubName,
    },
    /// The repository lacks a file.
    #[error("{name} has no {wanted}; it has {found}")]
    NoFile {
        /// The repository.
        name: HubName,
        /// The files any of which would do.
        wanted: String,
        /// What it has instead.
        found: String,
    },
    /// The user may not have the files.
    #[error(
        "{endpoint} refuses {name}; accept its conditions on its page there, and set HF_TOKEN to a \
         token that may read it"
    )]
    Refused {
        /// The server.
        endpoint: String,
        /// The repository.
        name: HubName,
    },
    /// The server cannot be reached, or the connection was lost.
    #[error(
        "cannot fetch {name} from {endpoint}: {reason}; check the network and try again (what has \
         been fetched is kept), or give the path of files that are here"
    )]
    Unreachable {
        /// The server.
        endpoint: String,
        /// The repository.
        name: HubName,
        /// What went wrong.
        reason: String,
    },
    /// The server says what makes no sense.
    #[error("{endpoint} does not answer like the Hub about {name}: {reason}")]
    BadAnswer {
        /// The server.
        endpoint: String,
        /// The repository.
        name: HubName,
        /// What was wrong.
        reason: String,
    },
    /// What was fetched is not what the server announced. It was removed.
    #[error("{file} of {name} arrived damaged: {reason}; it was removed, try again")]
    Damaged {
        /// The repository.
        name: HubName,
        /// The file.
        file: String,
        /// How it differs.
        reason: String,
    },
    /// The cache cannot be written.
    #[error("cannot keep files of the Hub in {}: {reason}; HF_HOME names another folder", path.display())]
    Cache {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
}

impl HubError {
    /// The error for what the crate `hf-hub` says.
    pub(super) fn of(
        error: &ApiError,
        endpoint: &str,
        name: &HubName,
        cache: &std::path::Path,
    ) -> Self {
        let (endpoint, name) = (endpoint.to_owned(), name.clone());
        match error {
            ApiError::TooManyRetries(last) => Self::of(last, &endpoint, &name, cache),
            ApiError::RequestError(request) => match request.as_ref() {
                ureq::Error::StatusCode(401 | 404) => Self::NoRepository { endpoint, name },
                ureq::Error::StatusCode(403) => Self::Refused { endpoint, name },
                ureq::Error::Json(error) => {
                    Self::BadAnswer { endpoint, name, reason: error.to_string() }
                }
                other => Self::Unreachable { endpoint, name, reason: other.to_string() },
            },
            // Sockets fail with these kinds; all others are the disk's.
            ApiError::IoError(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::UnexpectedEof
                        | std::io::ErrorKind::ConnectionReset
                        | std::io::ErrorKind::ConnectionAborted
                        | std::io::ErrorKind::BrokenPipe
                        | std::io::ErrorKind::TimedOut
                        | std::io::ErrorKind::Other
                ) =>
            {
                Self::Unreachable { endpoint, name, reason: error.to_string() }
            }
            ApiError::IoError(error) => {
                Self::Cache { path: cache.to_owned(), reason: error.to_string() }
            }
            ApiError::LockAcquisition(path) => Self::Cache {
                path: path.clone(),
                reason: "another program is fetching it".to_owned(),
            },
            other => Self::BadAnswer { endpoint, name, reason: other.to_string() },
        }
    }
}

impl From<HubError> for crate::Error {
    fn from(error: HubError) -> Self {
        Self::Hub(Box::new(error))
    }
}
