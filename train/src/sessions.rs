//! The sessions of a run, each a line of `sessions.jsonl`: when it began, on which machine, with which images.
//!
//! Metrics after a checkpoint go when a run goes on from it; that it was killed and resumed stays here.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use pixelflow::durable;
use pixelflow_host::doctor::machine;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::Data;
use crate::error::{read_error, write_error};
use crate::identity::Identity;

/// One line a session.
pub const SESSIONS: &str = "sessions.jsonl";
/// Names of classes that are kept, at most.
const CLASSES: usize = 50;

/// What a session of a run began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Steps taken before.
    pub step: u64,
    /// When it began (RFC 3339).
    pub started: String,
    /// Version of this program.
    pub program: String,
    /// What it computes on.
    pub device: String,
    /// Its processor and memory, in words.
    pub machine: Vec<[String; 2]>,
    /// Its images.
    pub data: DataFacts,
}

/// Which images a session learns from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Hashes of what they are called and hold.
    pub identity: Identity,
    /// Training images.
    pub training: usize,
    /// Images that the validation is of, if there is one.
    pub validation: Option<usize>,
    /// Classes that they have.
    pub classes: usize,
    /// The first names of them.
    pub class_names: Vec<String>,
    /// What was left out when they were opened, in words; empty if nothing was.
    pub left_out: String,
}

impl SessionRecord {
    /// A session that begins now, in `folder`.
    pub fn now(folder: &Path, step: u64, device: String, data: &Data) -> Self {
        let of_machine =
            |subject: &str| machine(folder).into_iter().find(|found| found.subject == subject);
        let machine = ["processor", "memory"].into_iter().filter_map(of_machine);
        Self {
            step,
            started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            device,
            machine: machine.map(|found| [found.subject, found.text]).collect(),
            data: DataFacts::of(data),
        }
    }
}

impl DataFacts {
    fn of(data: &Data) -> Self {
        let left_out = data.training.skipped().left_out;
        Self {
            identity: data.identity.clone(),
            training: data.training.records(),
            validation: data.validation.as_ref().map(pixelflow_dataset::Loader::records),
            classes: data.class_names.len(),
            class_names: data.class_names.iter().take(CLASSES).cloned().collect(),
            left_out: if left_out.count() == 0 { String::new() } else { left_out.to_string() },
        }
    }
}

/// The sessions of the run in `folder`, and how many lines could not be read.
///
/// # Errors
/// [`crate::Error::Read`].
pub fn read_sessions(folder: &Path) -> Result<(Vec<SessionRecord>, usize)> {
    let path = folder.join(SESSIONS);
    if !path.is_file() {
        return Ok((Vec::new(), 0)); // A run from before this was kept.
    }
    let text = fs::read_to_string(&path).map_err(read_error(&path))?;
    let lines: Vec<Option<SessionRecord>> =
        text.lines().map(|line| serde_json::from_str(line).ok()).collect();
    let damaged = lines.iter().filter(|line| line.is_none()).count();
    Ok((lines.into_iter().flatten().collect(), damaged))
}

/// Adds a session to those of the run in `folder`.
///
/// # Errors
/// [`crate::Error::Read`] or [`crate::Error::Write`].
///
/// # Panics
/// Never: a session has a form in JSON.
pub fn add_session(folder: &Path, session: &SessionRecord) -> Result<()> {
    let path = folder.join(SESSIONS);
    let mut text = if path.is_file() {
        fs::read_to_string(&path).map_err(read_error(&path))?
    } else {
        String::new()
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text += &serde_json::to_string(session).expect("a session has a form in JSON");
    text.push('\n');
    durable::write_bytes(&path, text.as_bytes()).map_err(write_error(&path))
}
