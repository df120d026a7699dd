//! Fetching a repository's files over the network.

use std::fs;
use std::io;
use std::path::PathBuf;

use pixelflow::durable;
use pixelflow::weights::ShardIndex;
use serde::Deserialize;
use ureq::http::StatusCode;

use super::announced::Announced;
use super::blob::{Problem, RemoteFile, name_blob};
use super::connection::{Connection, Failure};
use super::{Hub, HubName, Wanted, is_plain};
use crate::{Error, Result};

/// Longest description of a repository, in bytes.
const MAX_DESCRIPTION: usize = 64 << 20;
/// Most names of files that a message lists.
const MAX_LISTED: usize = 20;

/// What the Hub says of a repository.
#[derive(Deserialize)]
struct Description {
    /// The commit that a revision is now.
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

/// A file of a repository.
#[derive(Deserialize)]
struct Sibling {
    #[serde(rename = "rfilename")]
    name: String,
}

impl Hub {
    /// Fetches what is not in the cache; all files are of the commit that the revision is now.
    pub(super) fn download(&self, name: &HubName, wanted: Wanted<'_>) -> Result<PathBuf> {
        let connection = Connection::new(&self.settings);
        let Description { sha: commit, siblings } = self.describe(name, &connection)?;
        let has = |file: &str| siblings.iter().any(|sibling| sibling.name == file);
        let mut chosen = Vec::new();
        for group in wanted {
            let file = group.iter().find(|file| has(file));
            chosen.push(*file.ok_or_else(|| Error::NoFile {
                name: name.to_string(),
                wanted: group.join(" or "),
                found: listed(&siblings),
            })?);
        }
        let folder = self.commit_folder(name, &commit);
        for file in chosen {
            self.fetch_file(name, &connection, &commit, file)?;
            let path = folder.join(file);
            if ShardIndex::is_named(&path) {
                let index = ShardIndex::read(&path)
                    .map_err(|error| self.bad_answer(name, error.to_string()))?;
                for shard in index.shards() {
                    let beside =
                        file.rsplit_once('/').map(|(within, _)| format!("{within}/{shard}"));
                    let shard = beside.as_deref().unwrap_or(shard);
                    self.fetch_file(name, &connection, &commit, shard)?;
                }
            }
        }
        // Only now, so that a revision never names files that are not there.
        if commit != name.revision() {
            let reference = self.folder(name).join("refs").join(name.revision());
            let folder = durable::folder_of(&reference);
            fs::create_dir_all(folder)
                .and_then(|()| durable::write_bytes(&reference, commit.as_bytes()))
                .map_err(|error| self.cache_failure(&error))?;
        }
        Ok(folder)
    }

    /// Asks what is in the repository.
    fn describe(&self, name: &HubName, connection: &Connection<'_>) -> Result<Description> {
        let revision = name.revision().replace('/', "%2F");
        let path = format!("/api/models/{}/revision/{revision}", name.id());
        let answer = connection.get(&path, None).map_err(|failure| self.failure(failure, name))?;
        if answer.status != StatusCode::OK {
            return Err(self.refusal(answer.status, name));
        }
        let text =
            answer.body.read(MAX_DESCRIPTION).map_err(|failure| self.failure(failure, name))?;
        let description: Description = serde_json::from_slice(&text)
            .map_err(|error| self.bad_answer(name, error.to_string()))?;
        let commit = &description.sha;
        let is_commit =
            |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        // It becomes part of a path; and whoever names a commit means that one.
        if !is_plain(commit) || is_commit(name.revision()) && commit != name.revision() {
            let reason = format!("a commit called `{}`", commit.escape_debug());
            return Err(self.bad_answer(name, reason));
        }
        Ok(description)
    }

    /// Fetches one file into the folder of its commit, unless it is there.
    fn fetch_file(
        &self,
        name: &HubName,
        connection: &Connection<'_>,
        commit: &str,
        file: &str,
    ) -> Result<()> {
        let folder = self.commit_folder(name, commit);
        if folder.join(file).is_file() {
            return Ok(());
        }
        let address = format!("/{}/resolve/{commit}/{}", name.id(), percent_encoded(file));
        // A byte is enough to know the file by; all that is used of it is checked here.
        let answer = connection.get(&address, Some("bytes=0-0"));
        let answer = answer.map_err(|failure| self.failure(failure, name))?;
        // Nothing has no first byte.
        if !matches!(answer.status.as_u16(), 200 | 206 | 416) {
            return Err(self.file_refusal(answer.status, name, file));
        }
        let announced = Announced::read(&answer, commit);
        drop(answer);
        let announced =
            announced.map_err(|reason| self.bad_answer(name, format!("`{file}`: {reason}")))?;
        let remote = RemoteFile { connection, address: &address, file, announced: &announced };
        let blob = remote.fetch(&self.folder(name).join("blobs"));
        let named = blob.and_then(|blob| Ok(name_blob(&blob, &folder, file)?));
        named.map_err(|problem| match problem {
            Problem::Failure(failure) => self.failure(failure, name),
            Problem::Status(status) => self.file_refusal(status, name, file),
            Problem::Damaged(reason) => {
                Error::Damaged { name: name.to_string(), file: file.to_owned(), reason }
            }
            Problem::Cache(error) => self.cache_failure(&error),
        })
    }

    /// The error for a status of an answer about a repository.
    fn refusal(&self, status: StatusCode, name: &HubName) -> Error {
        let (endpoint, repository) = (self.settings.endpoint.clone(), name.to_string());
        match status.as_u16() {
            401 | 404 => Error::NoRepository { endpoint, name: repository },
            403 => Error::Refused { endpoint, name: repository },
            408 | 429 | 500.. => self.unreachable(name, format!("it answers {status}")),
            _ => self.bad_answer(name, format!("it answers {status}")),
        }
    }

    /// The error for a status of an answer about a file that the repository lists.
    fn file_refusal(&self, status: StatusCode, name: &HubName, file: &str) -> Error {
        match status.as_u16() {
            404 => Error::NoFile {
                name: name.to_string(),
                wanted: file.to_owned(),
                found: "not what it lists".to_owned(),
            },
            // It is shown to everyone, and its files are not.
            401 => self.refusal(StatusCode::FORBIDDEN, name),
            _ => self.refusal(status, name),
        }
    }

    fn failure(&self, failure: Failure, name: &HubName) -> Error {
        match failure {
            Failure::Lost(reason) => self.unreachable(name, reason),
            Failure::Silent(patience) => {
                let seconds = patience.as_secs();
                let reason =
                    format!("it was silent for {seconds} seconds (HF_HUB_DOWNLOAD_TIMEOUT)");
                self.unreachable(name, reason)
            }
            Failure::Odd(reason) => self.bad_answer(name, reason),
        }
    }

    fn unreachable(&self, name: &HubName, reason: String) -> Error {
        let endpoint = self.settings.endpoint.clone();
        Error::Unreachable { endpoint, name: name.to_string(), reason }
    }

    pub(super) fn bad_answer(&self, name: &HubName, reason: String) -> Error {
        let endpoint = self.settings.endpoint.clone();
        Error::BadAnswer { endpoint, name: name.to_string(), reason }
    }

    fn cache_failure(&self, error: &io::Error) -> Error {
        Error::HubCache { path: self.settings.cache.clone(), reason: error.to_string() }
    }

    /// The folder of a commit's files.
    pub(super) fn commit_folder(&self, name: &HubName, commit: &str) -> PathBuf {
        self.folder(name).join("snapshots").join(commit)
    }
}

/// The first names of a repository's files.
fn listed(siblings: &[Sibling]) -> String {
    let names =
        siblings.iter().take(MAX_LISTED).map(|sibling| sibling.name.escape_debug().to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    match siblings.len().saturating_sub(MAX_LISTED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// A file's name as a part of an address.
fn percent_encoded(file: &str) -> String {
    file.bytes().fold(String::new(), |text, byte| match byte {
        b'/' | b'-' | b'_' | b'.' | b'~' => text + &char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => text + &char::from(byte).to_string(),
        byte => text + &format!("%{byte:02X}"),
    })
}
