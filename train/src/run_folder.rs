//! What a run has left in its folder, read again: for its report, and to compare it with others.

use std::path::{Path, PathBuf};

use crate::checkpoint::{State, Store};
use crate::config::TrainConfig;
use crate::identity::Identity;
use crate::metrics::{JsonLines, Record};
use crate::recording::METRICS;
use crate::session::CONFIG;
use crate::sessions::{SessionRecord, read_sessions};
use crate::{Error, Result};

/// What a run has left in its folder.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// Where it is.
    pub path: PathBuf,
    /// Its settings.
    pub config: TrainConfig,
    /// Its metrics, in order.
    pub records: Vec<Record>,
    /// Its sessions, in order.
    pub sessions: Vec<SessionRecord>,
    /// Lines of its sessions that cannot be read.
    pub damaged: usize,
}

impl RunFolder {
    /// Reads the settings, metrics and sessions of the run in a folder.
    ///
    /// # Errors
    /// [`Error::NotARun`] for a folder without settings, and what is said of files that are damaged.
    pub fn read(folder: &Path) -> Result<Self> {
        let settings = folder.join(CONFIG);
        if !settings.is_file() {
            let reason = if folder.is_dir() {
                format!("it has no {CONFIG}; name the folder that train has made")
            } else {
                "there is no such folder".to_owned()
            };
            return Err(Error::NotARun { path: folder.to_owned(), reason });
        }
        let (sessions, damaged) = read_sessions(folder)?;
        Ok(Self {
            config: TrainConfig::read(&settings)?,
            records: JsonLines::read(&folder.join(METRICS))?,
            path: folder.to_owned(),
            sessions,
            damaged,
        })
    }

    /// What the run is called: its folder's name.
    pub fn name(&self) -> String {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        path.file_name()
            .map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Which images it has learned from: as its last session says, or its newest checkpoint.
    pub fn identity(&self) -> Option<Identity> {
        if let Some(session) = self.sessions.last() {
            return Some(session.data.identity.clone());
        }
        let newest = Store::of_run(&self.path).newest().ok().flatten()?;
        State::read(&newest).ok()?.identity
    }

    /// Points of a line over the steps: what `value` finds in records, by step.
    pub fn line(&self, value: impl Fn(&Record) -> Option<f64>) -> Vec<[f64; 2]> {
        let point = |record: &Record| Some([record.step() as f64, value(record)?]);
        self.records.iter().filter_map(point).filter(|[_, value]| value.is_finite()).collect()
    }
}
