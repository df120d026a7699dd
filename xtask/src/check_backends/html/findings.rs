//! Everything that asks for attention, in full.

use ::tests::conformance::ConformanceReport;
use ::tests::{Outcome, Verdict};
use maud::{Markup, html};

use super::{outcome_table, verdict};

/// What is listed, and what it is called.
const LISTED: [(Verdict, &str); 3] = [
    (Verdict::Failed, "Failures"),
    (Verdict::Known, "Known upstream failures"),
    (Verdict::Unexpected, "Unexpected passes"),
];

/// Failures, known upstream failures and unexpected passes of all targets and comparisons.
pub(super) fn section(report: &ConformanceReport) -> Markup {
    html! {
        section #findings {
            h2 { "Findings" }
            @for (verdict, title) in LISTED {
                @let found = found(report, verdict);
                h3.(verdict::class(verdict)) { (title) " " small { (found.len()) } }
                @if found.is_empty() {
                    p.nothing { "None." }
                } @else {
                    (outcome_table::table(&found))
                }
            }
        }
    }
}

/// The outcomes with a verdict, each with the target or the two targets it is of.
fn found(report: &ConformanceReport, verdict: Verdict) -> Vec<(Option<String>, &Outcome)> {
    let rows = report.rows.iter().flat_map(|row| {
        let outcomes = row.outcomes.iter();
        outcomes.map(|outcome| (Some(row.target.clone()), outcome))
    });
    let compared = report.comparisons.iter().map(|comparison| {
        let pair = format!("{} ↔ {}", comparison.left, comparison.right);
        (Some(pair), &comparison.outcome)
    });
    rows.chain(compared).filter(|(_, outcome)| outcome.verdict == verdict).collect()
}

#[cfg(test)]
mod tests {
    use ::tests::conformance::Comparison;

    use super::super::sample;
    use super::*;

    #[test]
    fn failures_of_targets_and_of_comparisons_are_listed() {
        let outcomes = vec![sample::passed("a/good"), sample::failed("a/bad")];
        let mut report = sample::report(vec![sample::row("flex-f32", outcomes)]);
        report.comparisons.push(Comparison {
            left: "flex-f32".to_owned(),
            right: "wgpu-f32".to_owned(),
            outcome: sample::failed("a/apart"),
        });
        let list = section(&report).into_string();
        for listed in ["a/bad", "a/apart", "flex-f32 ↔ wgpu-f32", "Failures <small>2"] {
            assert!(list.contains(listed), "{listed}: {list}");
        }
        assert!(!list.contains("a/good"));
    }

    #[test]
    fn known_failures_name_their_bug() {
        let known = Outcome {
            verdict: Verdict::Known,
            ..sample::failed("a/b").with_details("tracel-ai/burn#1")
        };
        let report = sample::report(vec![sample::row("flex-f32", vec![known])]);
        let list = section(&report).into_string();
        assert!(list.contains("Known upstream failures <small>1</small>"), "{list}");
        assert!(list.contains("tracel-ai/burn#1"), "{list}");
    }
}
