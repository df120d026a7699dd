//! Targets against each other.

use ::tests::conformance::Comparison;
use ::tests::{Outcome, Verdict};
use maud::{Markup, html};

use super::{group_cell, numbers, outcome_table, verdict};

/// Of a pair of targets, only so many comparisons are shown, the worst; the JSON has them all.
const MOST_SHOWN: usize = 40;

/// Two targets and all their comparisons, the worst first.
struct Pair<'a> {
    left: &'a str,
    right: &'a str,
    outcomes: Vec<&'a Outcome>,
}

/// A fold a pair of targets, the worst pair first; pairs with a failure are open.
pub(super) fn section(comparisons: &[Comparison]) -> Markup {
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

fn pairs(comparisons: &[Comparison]) -> Vec<Pair<'_>> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for Comparison { left, right, outcome } in comparisons {
        let same = |pair: &&mut Pair<'_>| pair.left == left && pair.right == right;
        match pairs.iter_mut().find(same) {
            Some(pair) => pair.outcomes.push(outcome),
            None => pairs.push(Pair { left, right, outcomes: vec![outcome] }),
        }
    }
    for pair in &mut pairs {
        pair.outcomes.sort_by(|a, b| verdict::worst_first(a, b));
    }
    // No pair is without an outcome.
    pairs.sort_by(|a, b| verdict::worst_first(a.outcomes[0], b.outcomes[0]));
    pairs
}

fn fold(pair: &Pair<'_>) -> Markup {
    let outcomes = &pair.outcomes;
    let failed = outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed);
    let (shown, hidden) = outcomes.split_at(outcomes.len().min(MOST_SHOWN));
    let shown: Vec<_> = shown.iter().map(|outcome| (None, *outcome)).collect();
    html! {
        details.pair open[failed] {
            summary {
                span { (pair.left) " ↔ " (pair.right) }
                (group_cell::cell(outcomes, false))
            }
            (outcome_table::table(&shown))
            @if !hidden.is_empty() { p.nothing { (rest(hidden)) } }
        }
    }
}

/// What is not shown, in words.
fn rest(hidden: &[&Outcome]) -> String {
    let ratio = verdict::worst_ratio(hidden.iter().copied()).map(numbers::ratio);
    let ratio = ratio.map_or_else(String::new, |ratio| format!(", at most {ratio}"));
    let words = group_cell::words(hidden, false);
    format!("{} more ({words}{ratio}) are in report.json.", hidden.len())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{failed, passed};
    use super::*;

    fn comparison(right: &str, outcome: Outcome) -> Comparison {
        Comparison { left: "flex-f32".to_owned(), right: right.to_owned(), outcome }
    }

    #[test]
    fn the_worst_pair_and_its_worst_case_come_first() {
        let comparisons = [
            comparison("wgpu-f32", passed("a/b")),
            comparison("cuda-f32", passed("a/b")),
            comparison("cuda-f32", failed("a/c")),
        ];
        let pairs = pairs(&comparisons);
        let names: Vec<&str> = pairs.iter().map(|pair| pair.right).collect();
        assert_eq!(names, ["cuda-f32", "wgpu-f32"]);
        assert_eq!(pairs[0].outcomes[0].case, "a/c");
        let section = section(&comparisons).into_string();
        assert_eq!(section.matches("<details class=\"pair\" open>").count(), 1);
    }

    #[test]
    fn of_many_comparisons_the_mild_ones_are_counted() {
        let comparisons = vec![comparison("wgpu-f32", passed("a/b")); MOST_SHOWN + 2];
        let section = section(&comparisons).into_string();
        assert!(section.contains("2 more (2 ok, at most 0.25×) are in report.json."));
    }
}
