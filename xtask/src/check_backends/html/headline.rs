//! The verdict of a whole run, in words.

use ::tests::Verdict;
use ::tests::conformance::{Comparison, ConformanceReport, Row, RowEnd};

use super::{numbers, row_end};

/// The verdict in one line.
pub(super) fn headline(report: &ConformanceReport) -> String {
    let rows = report.rows.iter().filter(|row| !row.is_success()).count();
    let comparisons = failed(&report.comparisons).count();
    let targets = format!("{rows} of {} failed", numbers::count(report.rows.len(), "target"));
    let compared = format!("{} failed", numbers::count(comparisons, "comparison"));
    match (rows, comparisons) {
        (0, 0) if report.is_success() => passed(&report.rows).to_owned(),
        (0, 0) => "Nothing was run".to_owned(),
        (0, _) => compared,
        (_, 0) => targets,
        _ => format!("{targets}, and {compared}"),
    }
}

/// Everything that is wrong, a sentence each; empty if and only if the run is a success.
pub(super) fn problems(report: &ConformanceReport) -> Vec<String> {
    let rows = report.rows.iter().filter(|row| !row.is_success());
    let mut problems: Vec<String> = rows.map(row_problem).collect();
    problems.extend(comparison_problem(&report.comparisons));
    if problems.is_empty() && !report.is_success() {
        problems.push("No target could run the cases.".to_owned());
    }
    problems
}

/// What is no failure but worth knowing.
pub(super) fn notes(report: &ConformanceReport) -> Vec<String> {
    let total = |verdict| report.rows.iter().map(|row| row.count(verdict)).sum::<usize>();
    let finished = report.rows.iter().filter(|row| row.end == RowEnd::Finished).count();
    let skipped = report.rows.iter().filter(|row| row_end::class(row) == "s").count();
    let passed = format!(
        "{} passed on {} that finished",
        numbers::count(total(Verdict::Passed), "case"),
        numbers::count(finished, "target"),
    );
    let [known, unexpected] = [Verdict::Known, Verdict::Unexpected].map(total);
    [
        (finished, passed),
        (skipped, format!("{} skipped", numbers::count(skipped, "target"))),
        (known, numbers::count(known, "known upstream failure")),
        (unexpected, format!("{unexpected} passed unexpectedly")),
    ]
    .into_iter()
    .filter_map(|(number, note)| (number > 0).then_some(note))
    .collect()
}

fn passed(rows: &[Row]) -> &'static str {
    if rows.iter().all(|row| row.end == RowEnd::Finished) {
        "Everything passed"
    } else {
        "Everything required passed"
    }
}

fn row_problem(row: &Row) -> String {
    let target = &row.target;
    let cases = numbers::count(row.outcomes.len(), "case");
    let failures = row.count(Verdict::Failed);
    let failed = format!("{failures} of {cases} failed");
    match row.end {
        RowEnd::Finished if failures > 0 => format!("{target}: {failed}."),
        RowEnd::Finished => format!("{target} finished without a case that passed."),
        _ if failures > 0 => format!("{target} {}; before that {failed}.", row_end::words(row)),
        RowEnd::Skipped { .. } => {
            format!("{target} was {}: {}.", row_end::words(row), row_end::reason(row))
        }
        RowEnd::NotBuilt { .. } => format!("{target} was not built."),
        _ => format!("{target} {}.", row_end::words(row)),
    }
}

fn comparison_problem(comparisons: &[Comparison]) -> Option<String> {
    let failed: Vec<&Comparison> = failed(comparisons).collect();
    let first = failed.first()?;
    let mut pairs: Vec<_> = failed.iter().map(|c| (&c.left, &c.right)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let between = match pairs.len() {
        1 => format!("{} and {}", first.left, first.right),
        more => format!("{more} pairs of targets"),
    };
    let all = numbers::count(comparisons.len(), "comparison");
    Some(format!("{} of {all} failed, between {between}.", failed.len()))
}

fn failed(comparisons: &[Comparison]) -> impl Iterator<Item = &Comparison> {
    let is_failed = |c: &&Comparison| c.outcome.verdict == Verdict::Failed;
    comparisons.iter().filter(is_failed)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, crashed, failed, passed, row, skipped};
    use super::*;

    #[test]
    fn success_is_said_in_words() {
        let report = sample::report(vec![row("flex-f32", vec![passed("a/b")])]);
        assert_eq!(headline(&report), "Everything passed");
        assert_eq!(problems(&report), Vec::<String>::new());
        assert_eq!(notes(&report), ["1 case passed on 1 target that finished"]);
        let rows = vec![row("flex-f32", vec![passed("a/b")]), skipped("cuda-f32")];
        let report = sample::report(rows);
        assert_eq!(headline(&report), "Everything required passed");
        assert_eq!(notes(&report)[1], "1 target skipped");
    }

    #[test]
    fn failures_are_named() {
        let outcomes = || vec![passed("a/b"), failed("a/c")];
        let mut report = sample::report(vec![
            row("flex-f32", vec![passed("a/b")]),
            row("wgpu-f32", outcomes()),
            crashed("vulkan-f32", "rope", outcomes()),
            crashed("cuda-f32", "", Vec::new()),
            row("metal-f32", Vec::new()),
            Row { required: true, ..skipped("rocm-f32") },
        ]);
        report.comparisons.push(Comparison {
            left: "flex-f32".to_owned(),
            right: "wgpu-f32".to_owned(),
            outcome: failed("a/c"),
        });
        assert_eq!(headline(&report), "5 of 6 targets failed, and 1 comparison failed");
        let expected = [
            "wgpu-f32: 1 of 2 cases failed.",
            "vulkan-f32 crashed during rope; before that 1 of 2 cases failed.",
            "cuda-f32 crashed before the first case.",
            "metal-f32 finished without a case that passed.",
            "rocm-f32 was skipped although it is required: no adapter.",
            "1 of 1 comparison failed, between flex-f32 and wgpu-f32.",
        ];
        assert_eq!(problems(&report), expected);
    }

    #[test]
    fn pairs_are_counted_once() {
        let comparison = |right: &str| Comparison {
            left: "flex-f32".to_owned(),
            right: right.to_owned(),
            outcome: failed("a/c"),
        };
        let comparisons = ["wgpu-f32", "cuda-f32", "wgpu-f32"].map(comparison);
        let problem = comparison_problem(&comparisons);
        let expected = "3 of 3 comparisons failed, between 2 pairs of targets.";
        assert_eq!(problem.as_deref(), Some(expected));
    }

    #[test]
    fn nothing_run_is_no_success() {
        let report = sample::report(vec![skipped("cuda-f32")]);
        assert_eq!(headline(&report), "Nothing was run");
        assert_eq!(problems(&report), ["No target could run the cases."]);
    }
}
