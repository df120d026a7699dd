//! Everything that one run of the suite found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DeviceInfo;
use crate::{Outcome, Verdict};

/// What `report.json` holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConformanceReport {
    /// When the run began, as RFC 3339.
    pub started: String,
    /// How it was called.
    pub command: String,
    /// Operating system, processor, memory.
    pub machine: BTreeMap<String, String>,
    /// Versions of this project, of the compiler and of the crates that compute.
    pub versions: BTreeMap<String, String>,
    /// One row a target, in the order they were run.
    pub rows: Vec<Row>,
    /// Rows against each other.
    pub comparisons: Vec<Comparison>,
    /// Seconds of the whole run without building.
    pub seconds: f64,
}

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The target: `wgpu-f32-fusion`.
    pub target: String,
    /// How its process ended.
    pub end: RowEnd,
    /// Whether the user required it: then a skip is a failure.
    pub required: bool,
    /// The device, if it got so far.
    pub device: Option<DeviceInfo>,
    /// The cases, in the order they were run.
    pub outcomes: Vec<Outcome>,
    /// Seconds of the process.
    pub seconds: f64,
    /// The end of what it wrote to its standard error.
    pub log: String,
}

/// How the process of a target ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RowEnd {
    /// All cases were run.
    Finished,
    /// There is nothing to run it on.
    Skipped {
        /// Why, as probing found it.
        reason: String,
    },
    /// It died.
    Crashed {
        /// The exit status, or the message of the panic.
        reason: String,
        /// The group of cases it was in.
        during: String,
    },
    /// It took too long and was killed.
    TimedOut {
        /// Seconds it was given.
        seconds: u64,
        /// The group of cases it was in.
        during: String,
    },
    /// The suite could not be compiled for it.
    NotBuilt {
        /// What the compiler said.
        reason: String,
    },
}

/// The same case on two targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// One target.
    pub left: String,
    /// The other.
    pub right: String,
    /// What was compared and how far apart it is.
    pub outcome: Outcome,
}

impl Row {
    /// Number of outcomes with a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let is = |outcome: &&Outcome| outcome.verdict == verdict;
        self.outcomes.iter().filter(is).count()
    }

    /// Whether nothing is wrong with it; a skip is wrong only where the target is required.
    pub fn is_success(&self) -> bool {
        match self.end {
            RowEnd::Finished => self.count(Verdict::Failed) == 0 && self.count(Verdict::Passed) > 0,
            RowEnd::Skipped { .. } => !self.required,
            _ => false,
        }
    }
}

impl ConformanceReport {
    /// Whether something was run and nothing is wrong.
    pub fn is_success(&self) -> bool {
        let ran = |row: &Row| row.end == RowEnd::Finished;
        let failed = |c: &Comparison| c.outcome.verdict == Verdict::Failed;
        self.rows.iter().any(ran)
            && self.rows.iter().all(Row::is_success)
            && !self.comparisons.iter().any(failed)
    }
}
