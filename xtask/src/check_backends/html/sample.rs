//! Small reports for the tests of this folder.

use ::tests::Outcome;
use ::tests::conformance::{ConformanceReport, Row, RowEnd};

/// A case at a quarter of its limit.
pub(super) fn passed(case: &str) -> Outcome {
    Outcome::measured(case, "rel_l2", 2.5e-6, 1e-5, "10 x its file")
}

/// A case at twice its limit.
pub(super) fn failed(case: &str) -> Outcome {
    Outcome::measured(case, "rel_l2", 2e-5, 1e-5, "10 x its file")
}

/// A target of which all cases were run.
pub(super) fn row(target: &str, outcomes: Vec<Outcome>) -> Row {
    Row {
        target: target.to_owned(),
        end: RowEnd::Finished,
        required: true,
        device: None,
        outcomes,
        seconds: 1.0,
        log: String::new(),
    }
}

/// A target that died in a group of cases.
pub(super) fn crashed(target: &str, during: &str, outcomes: Vec<Outcome>) -> Row {
    Row {
        end: RowEnd::Crashed { reason: "signal 11".to_owned(), during: during.to_owned() },
        log: "the last words".to_owned(),
        ..row(target, outcomes)
    }
}

/// A target that there is no device for.
pub(super) fn skipped(target: &str) -> Row {
    Row {
        end: RowEnd::Skipped { reason: "no adapter".to_owned() },
        required: false,
        ..row(target, Vec::new())
    }
}

/// A report of rows alone.
pub(super) fn report(rows: Vec<Row>) -> ConformanceReport {
    ConformanceReport { rows, ..ConformanceReport::default() }
}
