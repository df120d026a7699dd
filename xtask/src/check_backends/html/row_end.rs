//! How the process of a target ended, in words.

use ::tests::conformance::{Row, RowEnd};

use super::numbers;

/// One phrase: `crashed during euler_1`; the reason is [`reason`].
pub(super) fn words(row: &Row) -> String {
    match &row.end {
        RowEnd::Finished => "finished".to_owned(),
        RowEnd::Skipped { .. } if row.required => "skipped although it is required".to_owned(),
        RowEnd::Skipped { .. } => "skipped".to_owned(),
        RowEnd::Crashed { during, .. } => format!("crashed {}", place(during)),
        RowEnd::TimedOut { seconds, during } => {
            let seconds = numbers::seconds(*seconds as f64);
            format!("timed out after {seconds} {}", place(during))
        }
        RowEnd::NotBuilt { .. } => "not built".to_owned(),
    }
}

/// Why it did not finish; empty where there is no more to say.
pub(super) fn reason(row: &Row) -> &str {
    match &row.end {
        RowEnd::Skipped { reason }
        | RowEnd::Crashed { reason, .. }
        | RowEnd::NotBuilt { reason } => reason,
        RowEnd::Finished | RowEnd::TimedOut { .. } => "",
    }
}

/// The group of cases that it died in.
pub(super) fn during(row: &Row) -> Option<&str> {
    match &row.end {
        RowEnd::Crashed { during, .. } | RowEnd::TimedOut { during, .. } => {
            Some(during.as_str()).filter(|during| !during.is_empty())
        }
        _ => None,
    }
}

/// The class of its state; the style gives it a colour.
pub(super) fn class(row: &Row) -> &'static str {
    match row.end {
        _ if !row.is_success() => "f",
        RowEnd::Skipped { .. } => "s",
        _ => "p",
    }
}

fn place(during: &str) -> String {
    if during.is_empty() { "before the first case".to_owned() } else { format!("during {during}") }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn each_end_has_words_and_a_colour() {
        let finished = sample::row("a", vec![sample::passed("b")]);
        assert_eq!((words(&finished).as_str(), class(&finished)), ("finished", "p"));
        let skipped = sample::skipped("a");
        assert_eq!((words(&skipped).as_str(), class(&skipped)), ("skipped", "s"));
        let required = Row { required: true, ..skipped };
        assert_eq!(words(&required), "skipped although it is required");
        assert_eq!(class(&required), "f");
        let slow =
            Row { end: RowEnd::TimedOut { seconds: 300, during: "rope".to_owned() }, ..required };
        assert_eq!(words(&slow), "timed out after 5 min 0 s during rope");
        assert_eq!(during(&slow), Some("rope"));
    }

    #[test]
    fn a_crash_may_come_before_any_case() {
        let row = sample::crashed("a", "", Vec::new());
        assert_eq!(words(&row), "crashed before the first case");
        assert_eq!(during(&row), None);
        assert_eq!(reason(&row), "signal 11");
    }
}
