//! The times of day at which the records of a run were made.

use std::time::UNIX_EPOCH;

use crate::metrics::{EventTimes, Record, scalars};
use crate::run_folder::RunFolder;
use crate::sessions::SessionRecord;

/// When each record was made, in milliseconds since 1970.
///
/// The event files say it. Where they are gone it is as long after the beginning of the session as training has taken
/// since, which leaves out previews, validations and checkpoints.
pub(super) fn times(run: &RunFolder, events: &EventTimes) -> Vec<u64> {
    let mut seconds = 0.0;
    let time = |record: &Record| {
        if let Record::Training(training) = record {
            seconds = training.seconds;
        }
        let first = scalars(record).into_iter().next();
        let recorded = first.and_then(|(name, _)| events.of(record.step(), &name));
        recorded.unwrap_or_else(|| by_duration(run, record.step(), seconds))
    };
    run.records.iter().map(time).collect()
}

/// When a session began, in milliseconds since 1970.
pub(super) fn beginning(session: &SessionRecord) -> Option<u64> {
    let time = humantime::parse_rfc3339(&session.started).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_millis() as u64)
}

/// When a run had taken so many steps and seconds; 0 if nothing is known of its sessions.
fn by_duration(run: &RunFolder, step: u64, seconds: f64) -> u64 {
    let of_session = run.sessions.iter().rfind(|session| session.step < step);
    let Some(session) = of_session.or(run.sessions.first()) else { return 0 };
    let before = run.records.iter().rev().find_map(|record| match record {
        Record::Training(training) if training.step <= session.step => Some(training.seconds),
        _ => None,
    });
    let since = (seconds - before.unwrap_or(0.0)).max(0.0);
    beginning(session).map_or(0, |begun| begun + (1000.0 * since).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;

    fn record(step: u64, seconds: f64) -> Record {
        let line = serde_json::json!({
            "kind": "training", "step": step, "images": step, "epoch": 0.0, "learning_rate": 0.1,
            "ema_decay": 0.0, "seconds": seconds, "loss": 0.5, "stage_losses": [],
            "gradient_norm": 1.0, "images_per_second": 1.0,
        });
        serde_json::from_value(line).unwrap()
    }

    fn session(step: u64, started: &str) -> SessionRecord {
        let identity = serde_json::json!({"records": "0", "captions": null, "encoder": null});
        let data = serde_json::json!({
            "identity": identity, "training": 1, "validation": null, "classes": 0,
            "class_names": [], "left_out": "",
        });
        let line = serde_json::json!({
            "step": step, "started": started, "program": "0.1.0", "device": "cpu", "machine": [],
            "data": data,
        });
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn without_event_files_times_follow_from_the_sessions() {
        let validation =
            r#"{"kind":"validation","step":20,"images":9,"loss":0.5,"stage_losses":[]}"#;
        let run = RunFolder {
            path: "run".into(),
            config: TrainConfig::of(&[]),
            records: vec![
                record(10, 1.5),
                record(20, 3.0),
                serde_json::from_str(validation).unwrap(),
                record(30, 4.25),
            ],
            sessions: vec![session(0, "1970-01-01T00:01:00Z"), session(20, "1970-01-01T01:00:00Z")],
            damaged: 0,
        };
        // The second session began when 3 seconds of training were done.
        let expected = [61_500, 63_000, 63_000, 3_601_250];
        assert_eq!(times(&run, &EventTimes::default()), expected);
        let unknown = RunFolder { sessions: Vec::new(), ..run };
        assert_eq!(times(&unknown, &EventTimes::default()), [0; 4]);
    }
}
