//! What there is to be told of a run, whomever it is told.

use pixelflow_host::output::note;
use sha2::{Digest, Sha256};

use super::artifacts::{Artifact, artifacts};
use super::status::Status;
use super::wall_clock::{beginning, times};
use crate::config::TrainConfig;
use crate::identity::update;
use crate::metrics::{EventTimes, Record, TrainingRecord, scalars};
use crate::recording::BOARD;
use crate::run_folder::RunFolder;
use crate::{Error, Result};

/// What there is to be told of a run.
#[derive(Debug)]
pub(super) struct Account {
    /// 32 hex digits, the same as long as the run is the same, also when it has gone on.
    pub id: String,
    /// Its folder's name.
    pub name: String,
    /// How it has ended.
    pub status: Status,
    /// When it began, in milliseconds since 1970.
    pub begun: u64,
    /// When something was last recorded.
    pub ended: u64,
    /// Its settings.
    pub config: TrainConfig,
    /// What it was made with, by name.
    pub facts: Vec<(&'static str, String)>,
    /// Its numbers, in order.
    pub points: Vec<Point>,
    /// Files that belong to it.
    pub artifacts: Vec<Artifact>,
}

/// A number at a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// What it is, such as `train/loss_stage_0`.
    pub name: String,
    /// Steps taken.
    pub step: u64,
    /// When it was recorded, in milliseconds since 1970.
    pub time: u64,
    /// The number; it may be none.
    pub value: f64,
}

impl Account {
    /// That of a run.
    ///
    /// # Errors
    /// [`Error::ExportMetrics`] if it has not recorded any training; [`Error::Read`].
    pub fn of(run: &RunFolder) -> Result<Self> {
        let training = run.records.iter().find_map(|record| match record {
            Record::Training(training) => Some(training),
            _ => None,
        });
        let Some(first) = training else {
            let reason = "it has no metrics yet; let it take some steps (log.every says how many)";
            return Err(Error::ExportMetrics { path: run.path.clone(), reason: reason.to_owned() });
        };
        let events = EventTimes::read(&run.path.join(BOARD))?;
        let mut points = Vec::new();
        for (record, time) in run.records.iter().zip(times(run, &events)) {
            let step = record.step();
            let of_record = scalars(record).into_iter();
            points.extend(of_record.map(|(name, value)| Point { name, step, time, value }));
        }
        if run.damaged > 0 {
            let damaged = run.damaged;
            note(format_args!("{damaged} lines about sessions cannot be read and are left out"));
        }
        let recorded = || points.iter().map(|point| point.time);
        let begun = run.sessions.first().and_then(beginning).or_else(|| recorded().min());
        let begun = begun.unwrap_or(0);
        Ok(Self {
            id: id(run, first),
            name: run.name(),
            status: Status::of(run),
            begun,
            ended: recorded().max().unwrap_or(0).max(begun),
            config: run.config.clone(),
            facts: facts(run),
            artifacts: artifacts(&run.path, &events)?,
            points,
        })
    }
}

/// A hash of what stays the same when a run goes on and is another in every other run: how its first session began, what
/// it recorded first, with how long that took, and what it is called, since a copy may go on otherwise.
fn id(run: &RunFolder, first: &TrainingRecord) -> String {
    let mut hash = Sha256::new();
    update(&mut hash, run.name().as_bytes());
    if let Some(session) = run.sessions.first() {
        update(&mut hash, session.started.as_bytes());
        update(&mut hash, session.data.identity.records().as_bytes());
    }
    update(&mut hash, &first.step.to_le_bytes());
    update(&mut hash, &first.means.loss.to_le_bytes());
    update(&mut hash, &first.seconds.to_le_bytes());
    let digits =
        hash.finalize()[..16].iter().fold(0, |digits, byte| digits << 8 | u128::from(*byte));
    format!("{digits:032x}")
}

/// What the run was made with, as its last session says.
fn facts(run: &RunFolder) -> Vec<(&'static str, String)> {
    let Some(session) = run.sessions.last() else { return Vec::new() };
    let machine: Vec<String> =
        session.machine.iter().map(|[name, text]| format!("{name}: {text}")).collect();
    let data = &session.data;
    let mut facts = vec![
        ("program", session.program.clone()),
        ("device", session.device.clone()),
        ("machine", machine.join("; ")),
        ("sessions", run.sessions.len().to_string()),
        ("training_images", data.training.to_string()),
        ("records", data.identity.records().to_owned()),
    ];
    facts.extend(data.validation.map(|images| ("validation_images", images.to_string())));
    facts.extend(data.identity.captions().map(|hash| ("captions", hash.to_owned())));
    facts
}
