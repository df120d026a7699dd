//! Models by their name on the Hugging Face Hub, `hf:owner/name`.
//!
//! All that leaves the machine is in this module, and only [`Hub::fetch`] does: it is reached with a
//! [`HubName`], which nothing but a text that begins with `hf:` becomes. What was fetched before is
//! taken from the cache that Hugging Face's own tools use, without asking the network.

mod announced;
mod blob;
mod connection;
mod converted;
mod download;
mod name;
mod settings;

use std::path::{Path, PathBuf};

use pixelflow::weights::ShardIndex;

use crate::{Error, Result};

pub use converted::converted;
pub use name::HubName;
pub use settings::HubSettings;

/// Files that are wanted of a repository: of each group, the first that there is. The index of
/// weights in several files, `*.safetensors.index.json`, brings along the files it names.
pub type Wanted<'a> = &'a [&'a [&'a str]];

/// Whether what is not in the cache may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetching {
    /// Of a repository that the user has named.
    Allowed,
    /// What asks for it is a picture that somebody may have sent.
    Never,
}

/// Fetches files of a repository, as the environment says; returns the folder they are in.
///
/// # Errors
/// [`Error::Variable`], and those of [`Hub::fetch`].
pub fn fetch(name: &HubName, wanted: Wanted<'_>) -> Result<PathBuf> {
    Hub::new(HubSettings::from_environment()?).fetch(name, wanted)
}

/// The Hub, and the cache of what was fetched from it.
#[derive(Debug)]
pub struct Hub {
    settings: HubSettings,
}

impl Hub {
    /// The Hub with these settings.
    pub fn new(settings: HubSettings) -> Self {
        Self { settings }
    }

    /// Fetches files that are not in the cache; returns the folder they are in.
    ///
    /// # Errors
    /// [`Error::Offline`], [`Error::NoRepository`], [`Error::NoFile`], [`Error::Refused`],
    /// [`Error::Unreachable`], [`Error::BadAnswer`], [`Error::Damaged`] and [`Error::HubCache`]; what
    /// has been fetched of a file is continued with the next time.
    pub fn fetch(&self, name: &HubName, wanted: Wanted<'_>) -> Result<PathBuf> {
        self.check_names(name, wanted)?;
        match self.cached(name, wanted) {
            Some(folder) => Ok(folder),
            None if self.settings.offline => {
                Err(Error::Offline { name: name.to_string(), cache: self.settings.cache.clone() })
            }
            None => self.download(name, wanted),
        }
    }

    /// The folder of a repository's files, which are fetched if that is allowed.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch); [`Error::NotFetched`].
    pub fn get(&self, name: &HubName, wanted: Wanted<'_>, fetching: Fetching) -> Result<PathBuf> {
        self.check_names(name, wanted)?;
        match fetching {
            Fetching::Allowed => self.fetch(name, wanted),
            Fetching::Never => self.cached(name, wanted).ok_or_else(|| Error::NotFetched {
                name: name.to_string(),
                cache: self.settings.cache.clone(),
            }),
        }
    }

    /// The folder of a repository's files if all that are wanted are there. Asks no network.
    pub fn cached(&self, name: &HubName, wanted: Wanted<'_>) -> Option<PathBuf> {
        let folder = self.snapshot(name)?;
        let complete = |group: &&[&str]| group.iter().any(|file| is_complete(&folder.join(file)));
        wanted.iter().all(complete).then_some(folder)
    }

    /// The folder of the files of a name's revision, as far as it is known.
    fn snapshot(&self, name: &HubName) -> Option<PathBuf> {
        let reference = self.folder(name).join("refs").join(name.revision());
        let commit = match std::fs::read_to_string(reference) {
            Ok(commit) => commit.trim().to_owned(),
            // A commit is its own reference.
            Err(_) => name.revision().to_owned(),
        };
        let folder = self.commit_folder(name, &commit);
        (is_plain(&commit) && folder.is_dir()).then_some(folder)
    }

    /// All that the cache has of a repository.
    fn folder(&self, name: &HubName) -> PathBuf {
        self.settings.cache.join(name.folder_name())
    }

    /// Refuses names of files that lead out of the repository: a model's description may hold one.
    fn check_names(&self, name: &HubName, wanted: Wanted<'_>) -> Result<()> {
        let is_part = |part: &str| {
            let is_bad = |letter: char| letter.is_control() || "\\:".contains(letter);
            !part.is_empty() && !part.starts_with('.') && !part.contains(is_bad)
        };
        let mut files = wanted.iter().copied().flatten();
        match files.find(|file| !file.split('/').all(is_part)) {
            Some(file) => {
                let reason = format!("`{file}` is no name of a file in it");
                Err(self.bad_answer(name, reason))
            }
            None => Ok(()),
        }
    }
}

/// Whether a file is there, and if it is an index all files that it names.
fn is_complete(path: &Path) -> bool {
    path.is_file()
        && (!ShardIndex::is_named(path)
            || ShardIndex::read(path).is_ok_and(|index| {
                let beside = |shard: &&str| path.with_file_name(shard).is_file();
                index.shards().iter().all(beside)
            }))
}

/// Whether a text that becomes part of a path stays one part of it.
fn is_plain(text: &str) -> bool {
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    !text.is_empty() && text.len() <= 128 && !text.starts_with('.') && text.chars().all(harmless)
}
