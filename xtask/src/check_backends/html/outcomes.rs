//! Outcomes in full: targets against each other, and everything that asks for attention.

use ::tests::conformance::{Comparison, ConformanceReport};
use ::tests::{Outcome, Verdict};
use maud::{Markup, html};

use super::cases::{group_cell, told};
use super::notation::{bar, class, error, multiple, worst_first, worst_ratio};

/// Of a pair of targets, only so many comparisons are shown, the worst; the JSON has them all.
const MOST_SHOWN: usize = 40;

/// The verdicts that are listed as findings, and what they are called.
const LISTED: [(Verdict, &str); 3] = [
    (Verdict::Failed, "Failures"),
    (Verdict::Known, "Known upstream failures"),
    (Verdict::Unexpected, "Unexpected passes"),
];

/// Two targets and all their comparisons, the worst first.
struct Pair<'a> {
    name: String,
    outcomes: Vec<&'a Outcome>,
}

/// A fold a pair of targets, the worst pair first; pairs with a failure are open.
pub(super) fn comparisons(comparisons: &[Comparison]) -> Markup {
    html! {
        section #comparisons {
            h2 { "Comparisons between targets" }
            @if comparisons.is_empty() {
                p.nothing { "No two targets were compared." }
            }
            @for pair in pairs(comparisons) { (fold(&pair)) }
        }
    }
}

fn pair_name(comparison: &Comparison) -> String {
    format!("{} ↔ {}", comparison.left, comparison.right)
}

fn pairs(comparisons: &[Comparison]) -> Vec<Pair<'_>> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for comparison in comparisons {
        let (name, outcome) = (pair_name(comparison), &comparison.outcome);
        match pairs.iter_mut().find(|pair| pair.name == name) {
            Some(pair) => pair.outcomes.push(outcome),
            None => pairs.push(Pair { name, outcomes: vec![outcome] }),
        }
    }
    for pair in &mut pairs {
        pair.outcomes.sort_by(|a, b| worst_first(a, b));
    }
    // No pair is without an outcome.
    pairs.sort_by(|a, b| worst_first(a.outcomes[0], b.outcomes[0]));
    pairs
}

fn fold(Pair { name, outcomes }: &Pair<'_>) -> Markup {
    let failed = outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed);
    let (shown, hidden) = outcomes.split_at(outcomes.len().min(MOST_SHOWN));
    let shown: Vec<_> = shown.iter().map(|outcome| (None, *outcome)).collect();
    html! {
        details.pair open[failed] {
            summary {
                span { (name) }
                (group_cell(outcomes, false))
            }
            (table(&shown))
            @if !hidden.is_empty() { p.nothing { (rest(hidden)) } }
        }
    }
}

/// The number and verdicts of comparisons that are not shown.
fn rest(hidden: &[&Outcome]) -> String {
    let ratio = worst_ratio(hidden).map(|ratio| format!(", at most {}", multiple(ratio)));
    let (words, ratio) = (told(hidden, false), ratio.unwrap_or_default());
    format!("{} more ({words}{ratio}) are in report.json.", hidden.len())
}

/// Failures, known upstream failures and unexpected passes of all targets and comparisons.
pub(super) fn findings(report: &ConformanceReport) -> Markup {
    html! {
        section #findings {
            h2 { "Findings" }
            @for (verdict, title) in LISTED {
                @let found = found(report, verdict);
                h3.(class(verdict)) { (title) " " small { (found.len()) } }
                @if found.is_empty() {
                    p.nothing { "None." }
                } @else {
                    (table(&found))
                }
            }
        }
    }
}

/// The outcomes with a verdict, each with the target or the two targets it is of.
fn found(report: &ConformanceReport, verdict: Verdict) -> Vec<(Option<String>, &Outcome)> {
    let rows = report
        .rows
        .iter()
        .flat_map(|row| row.outcomes.iter().map(|outcome| (Some(row.target.clone()), outcome)));
    let compared = report.comparisons.iter().map(|c| (Some(pair_name(c)), &c.outcome));
    rows.chain(compared).filter(|(_, outcome)| outcome.verdict == verdict).collect()
}

/// A table of outcomes; each with where it was found, unless all were found in the same place.
fn table(outcomes: &[(Option<String>, &Outcome)]) -> Markup {
    let placed = outcomes.iter().any(|(place, _)| place.is_some());
    html! {
        div.wide {
            table.list.outcomes {
                thead {
                    tr {
                        @if placed { th { "target" } }
                        th { "case" }
                        th { "measure" }
                        @for name in ["error", "limit", "ratio"] { th.number { (name) } }
                        th.bar {}
                        th { "basis and details" }
                    }
                }
                tbody {
                    @for (place, outcome) in outcomes {
                        tr class=(class(outcome.verdict)) {
                            @if placed { td { code { (place.as_deref().unwrap_or_default()) } } }
                            (cells(outcome))
                        }
                    }
                }
            }
        }
    }
}

fn cells(outcome: &Outcome) -> Markup {
    let number = |value: Option<f64>| value.map(|value| error(value, 3)).unwrap_or_default();
    html! {
        td { code { (outcome.case) } }
        td { (outcome.measure) }
        td.number { (number(outcome.error)) }
        td.number { (number(outcome.limit)) }
        td.number.ratio { (outcome.ratio().map(multiple).unwrap_or_default()) }
        td.bar { (bar(outcome.ratio())) }
        td.text {
            @if !outcome.details.is_empty() { div { (outcome.details) } }
            @if !outcome.basis.is_empty() { div.basis { (outcome.basis) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, comparison, failed, passed};
    use super::*;

    #[test]
    fn the_worst_pair_and_its_worst_case_come_first() {
        let compared = [
            comparison("wgpu-f32", passed("a/b")),
            comparison("cuda-f32", passed("a/b")),
            comparison("cuda-f32", failed("a/c")),
        ];
        let pairs = pairs(&compared);
        let names: Vec<&str> = pairs.iter().map(|pair| pair.name.as_str()).collect();
        assert_eq!(names, ["flex-f32 ↔ cuda-f32", "flex-f32 ↔ wgpu-f32"]);
        assert_eq!(pairs[0].outcomes[0].case, "a/c");
        let section = comparisons(&compared).into_string();
        assert_eq!(section.matches("<details class=\"pair\" open>").count(), 1);
    }

    #[test]
    fn of_many_comparisons_the_mild_ones_are_counted() {
        let compared = vec![comparison("wgpu-f32", passed("a/b")); MOST_SHOWN + 2];
        let section = comparisons(&compared).into_string();
        assert!(section.contains("2 more (2 ok, at most 0.25×) are in report.json."));
    }

    #[test]
    fn failures_of_targets_and_of_comparisons_are_listed() {
        let outcomes = vec![passed("a/good"), failed("a/bad")];
        let mut report = sample::report(vec![sample::row("flex-f32", outcomes)]);
        report.comparisons.push(comparison("wgpu-f32", failed("a/apart")));
        let list = findings(&report).into_string();
        for listed in ["a/bad", "a/apart", "flex-f32 ↔ wgpu-f32", "Failures <small>2"] {
            assert!(list.contains(listed), "{listed}: {list}");
        }
        assert!(!list.contains("a/good"));
    }

    #[test]
    fn known_failures_name_their_bug() {
        let known = failed("a/b").with_details("tracel-ai/burn#1");
        let known = Outcome { verdict: Verdict::Known, ..known };
        let report = sample::report(vec![sample::row("flex-f32", vec![known])]);
        let list = findings(&report).into_string();
        assert!(list.contains("Known upstream failures <small>1</small>"), "{list}");
        assert!(list.contains("tracel-ai/burn#1"), "{list}");
    }

    #[test]
    fn an_outcome_is_told_in_full_and_a_common_place_is_not_repeated() {
        let outcome = failed("a/b").with_details("the worst is 3");
        let placed = table(&[(Some("flex-f32".to_owned()), &outcome)]).into_string();
        for part in
            ["flex-f32", "a/b", "2.000e-5", "1.000e-5", "2.00×", "the worst is 3", "10 x its file"]
        {
            assert!(placed.contains(part), "{part}");
        }
        assert!(!table(&[(None, &outcome)]).into_string().contains("<th>target</th>"));
    }
}
