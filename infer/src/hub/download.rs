//! Fetching files over the network, and checking what has arrived.

use std::fmt::Write;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use hf_hub::Repo;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use pixelflow::weights::ShardIndex;
use sha2::{Digest, Sha256};

use super::patience::{Pulse, within};
use super::progress::FetchProgress;
use super::{Hub, HubName, Wanted, is_plain};
use crate::{Error, Result};

/// How often a lost connection is taken up again by itself.
const RETRIES: usize = 3;

impl Hub {
    /// Fetches what is not in the cache; all files are of the commit that the revision is now.
    pub(super) fn download(&self, name: &HubName, wanted: Wanted<'_>) -> Result<PathBuf> {
        let api = self.api(name)?;
        let (asked, repository) = (api.clone(), name.repository());
        let info = self.patiently(name, move |_| asked.repo(repository).info())?;
        let info = info.map_err(|error| self.failure(&error, name))?;
        if !is_plain(&info.sha) {
            return Err(
                self.bad_answer(name, format!("a commit called `{}`", info.sha.escape_debug()))
            );
        }
        let has = |file: &str| info.siblings.iter().any(|sibling| sibling.rfilename == file);
        let mut chosen = Vec::new();
        for group in wanted {
            let file = group.iter().find(|file| has(file));
            let found = || {
                let names = info.siblings.iter().map(|sibling| sibling.rfilename.escape_debug());
                names.map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
            };
            chosen.push(*file.ok_or_else(|| Error::NoFile {
                name: name.to_string(),
                wanted: group.join(" or "),
                found: found(),
            })?);
        }
        let remote = name.repository_at(&info.sha);
        let folder = self.repository(name, &info.sha).pointer_path(&info.sha);
        for file in chosen {
            self.fetch_file(name, &api, &remote, &folder, file)?;
            let path = folder.join(file);
            if ShardIndex::is_named(&path) {
                let index = ShardIndex::read(&path)
                    .map_err(|error| self.bad_answer(name, error.to_string()))?;
                for shard in index.shards() {
                    self.fetch_file(name, &api, &remote, &folder, shard)?;
                }
            }
        }
        // Only now, so that a revision never names files that are not there.
        let reference = self.repository(name, name.revision());
        reference.create_ref(&info.sha).map_err(|error| self.cache_failure(&error))?;
        Ok(folder)
    }

    fn api(&self, name: &HubName) -> Result<Api> {
        ApiBuilder::from_cache(self.cache.clone())
            .with_endpoint(self.settings.endpoint.clone())
            .with_token(self.settings.token.clone())
            .with_retries(RETRIES)
            .build()
            .map_err(|error| self.failure(&error, name))
    }

    /// Fetches one file into the folder of its commit, unless it is there.
    fn fetch_file(
        &self,
        name: &HubName,
        api: &Api,
        remote: &Repo,
        folder: &Path,
        file: &str,
    ) -> Result<()> {
        let path = folder.join(file);
        if path.is_file() {
            return Ok(());
        }
        let failed = |error: ApiError| match self.failure(&error, name) {
            Error::NoRepository { .. } => Error::NoFile {
                name: name.to_string(),
                wanted: file.to_owned(),
                found: "not what it lists".to_owned(),
            },
            other => other,
        };
        let (asked, url) = (api.clone(), api.repo(remote.clone()).url(file));
        let metadata = self.patiently(name, move |_| asked.metadata(&url))?;
        let metadata = metadata.map_err(failed)?;
        let (etag, commit) = (metadata.etag(), metadata.commit_hash());
        // Both become parts of paths.
        if !is_plain(etag) || folder.file_name().is_none_or(|folder| folder != commit) {
            let reason = format!(
                "`{file}` has the tag `{}` and the commit `{}`",
                etag.escape_debug(),
                commit.escape_debug()
            );
            return Err(self.bad_answer(name, reason));
        }
        let blob = self.repository(name, commit).blob_path(etag);
        make_continuable(&blob.with_extension("part"), metadata.size() as u64)
            .map_err(|error| self.cache_failure(&error))?;
        let (repository, wanted) = (api.repo(remote.clone()), file.to_owned());
        let fetched = self.patiently(name, move |pulse| {
            repository.download_with_progress(&wanted, FetchProgress::new(pulse))
        })?;
        fetched.map_err(failed)?;
        let damage = damage(&path, metadata.size() as u64, etag);
        if let Some(reason) = damage.map_err(|error| self.cache_failure(&error))? {
            for wrong in [&path, &blob] {
                fs::remove_file(wrong).map_err(|error| self.cache_failure(&error))?;
            }
            return Err(Error::Damaged { name: name.to_string(), file: file.to_owned(), reason });
        }
        Ok(())
    }

    /// Asks the server something, and gives up if it is silent.
    fn patiently<T: Send + 'static>(
        &self,
        name: &HubName,
        ask: impl FnOnce(Pulse) -> T + Send + 'static,
    ) -> Result<T> {
        let patience = self.settings.patience;
        within(patience, ask).ok_or_else(|| {
            let seconds = patience.as_secs();
            let reason = format!("it was silent for {seconds} seconds (HF_HUB_DOWNLOAD_TIMEOUT)");
            self.unreachable(name, reason)
        })
    }

    /// The error for what the crate `hf-hub` says.
    fn failure(&self, error: &ApiError, name: &HubName) -> Error {
        use io::ErrorKind as Kind;
        let (endpoint, repository) = (self.settings.endpoint.clone(), name.to_string());
        match error {
            ApiError::TooManyRetries(last) => self.failure(last, name),
            ApiError::RequestError(request) => match request.as_ref() {
                ureq::Error::StatusCode(401 | 404) => {
                    Error::NoRepository { endpoint, name: repository }
                }
                ureq::Error::StatusCode(403) => Error::Refused { endpoint, name: repository },
                ureq::Error::Json(error) => self.bad_answer(name, error.to_string()),
                other => self.unreachable(name, other.to_string()),
            },
            ApiError::IoError(error) => match error.kind() {
                // Sockets fail with these kinds; all others are the disk's.
                Kind::UnexpectedEof
                | Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe
                | Kind::TimedOut
                | Kind::Other => self.unreachable(name, error.to_string()),
                _ => self.cache_failure(error),
            },
            ApiError::LockAcquisition(path) => Error::HubCache {
                path: path.clone(),
                reason: "another program is fetching it".to_owned(),
            },
            other => self.bad_answer(name, other.to_string()),
        }
    }

    fn unreachable(&self, name: &HubName, reason: String) -> Error {
        let endpoint = self.settings.endpoint.clone();
        Error::Unreachable { endpoint, name: name.to_string(), reason }
    }

    fn bad_answer(&self, name: &HubName, reason: String) -> Error {
        Error::BadAnswer {
            endpoint: self.settings.endpoint.clone(),
            name: name.to_string(),
            reason,
        }
    }

    fn cache_failure(&self, error: &io::Error) -> Error {
        Error::HubCache { path: self.settings.cache.clone(), reason: error.to_string() }
    }
}

/// Makes what was fetched of a file of `size` bytes something that can be continued, which `hf-hub`
/// does not see to: nothing comes after the last byte, so that one is fetched again.
fn make_continuable(part: &Path, size: u64) -> io::Result<()> {
    match fs::metadata(part) {
        Ok(there) if there.len() > size => fs::remove_file(part),
        Ok(there) if there.len() == size => {
            let file = fs::OpenOptions::new().write(true).open(part)?;
            file.set_len(size.saturating_sub(1))
        }
        _ => Ok(()),
    }
}

/// How a file differs from what was announced, if it does: in its length, or in its SHA-256, which is
/// the tag of all large files.
fn damage(path: &Path, size: u64, etag: &str) -> io::Result<Option<String>> {
    let length = fs::metadata(path)?.len();
    if length != size {
        return Ok(Some(format!("it has {length} bytes instead of {size}")));
    }
    if etag.len() != 64 || !etag.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut HashWriter(&mut hash))?;
    let digest = hash.finalize();
    let digest = digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok((digest != etag.to_lowercase())
        .then(|| format!("its SHA-256 is {digest} instead of {etag}")))
}

/// Hashes what is written.
struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
