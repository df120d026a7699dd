//! The cell of a group of cases on one target.

use ::tests::{Outcome, Verdict};
use maud::{Markup, html};

use super::{bar, numbers, verdict};

/// The verdicts in the order in which they are told.
const TOLD: [(Verdict, &str); 5] = [
    (Verdict::Passed, "ok"),
    (Verdict::Known, "known"),
    (Verdict::Unexpected, "unexpected"),
    (Verdict::Reported, "reported"),
    (Verdict::Skipped, "skipped"),
];

/// How many cases had which verdict, and the worst ratio of error to limit.
pub(super) fn cell(outcomes: &[&Outcome], died: bool) -> Markup {
    let ratio = verdict::worst_ratio(outcomes.iter().copied());
    html! {
        span.g.(class(outcomes, died)) title=(tooltip(outcomes)) {
            i { (words(outcomes, died)) }
            @if let Some(ratio) = ratio { i { (numbers::ratio(ratio)) } }
            (bar::track(ratio))
        }
    }
}

/// Whether something in it failed.
pub(super) fn is_failure(outcomes: &[&Outcome], died: bool) -> bool {
    died || outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed)
}

fn class(outcomes: &[&Outcome], died: bool) -> &'static str {
    if is_failure(outcomes, died) {
        return verdict::class(Verdict::Failed);
    }
    verdict::worst(outcomes.iter().copied()).map_or("x", verdict::class)
}

/// How many cases had which verdict, in words; of failures only these.
pub(super) fn words(outcomes: &[&Outcome], died: bool) -> String {
    let all = outcomes.len();
    let failed = count(outcomes, Verdict::Failed);
    match (all, failed) {
        (0, _) if died => "died here".to_owned(),
        (0, _) => "–".to_owned(),
        _ if died => format!("died after {all}"),
        (_, 0) => others(outcomes),
        (_, 1) => format!("1 of {all} fails"),
        _ => format!("{failed} of {all} fail"),
    }
}

fn others(outcomes: &[&Outcome]) -> String {
    let counts = TOLD.map(|(verdict, word)| (count(outcomes, verdict), word));
    let some = counts.into_iter().filter(|(number, _)| *number > 0);
    let words: Vec<String> = some.map(|(number, word)| format!("{number} {word}")).collect();
    words.join(", ")
}

fn tooltip(outcomes: &[&Outcome]) -> String {
    let seconds = outcomes.iter().map(|outcome| outcome.seconds).sum();
    let worst = outcomes.iter().copied().min_by(|a, b| verdict::worst_first(a, b));
    let case = worst.filter(|worst| verdict::ratio(worst).is_some());
    let case = case.map_or_else(String::new, |worst| format!("\nworst: {}", worst.case));
    format!("{}{case}", numbers::seconds(seconds))
}

fn count(outcomes: &[&Outcome], verdict: Verdict) -> usize {
    outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{failed, passed};
    use super::*;

    #[test]
    fn counts_are_told_in_words() {
        let (good, bad) = (passed("a/b"), failed("a/c"));
        let known = Outcome { verdict: Verdict::Known, ..bad.clone() };
        let skipped = Outcome::skipped("a/d", "unknown");
        assert_eq!(words(&[&good, &good], false), "2 ok");
        assert_eq!(words(&[&good, &bad], false), "1 of 2 fails");
        assert_eq!(words(&[&bad, &bad], false), "2 of 2 fail");
        assert_eq!(words(&[&good, &known, &skipped], false), "1 ok, 1 known, 1 skipped");
        assert_eq!(words(&[&good], true), "died after 1");
        assert_eq!(words(&[], true), "died here");
        assert_eq!(words(&[], false), "–");
    }

    #[test]
    fn the_worst_verdict_gives_the_colour() {
        let (good, bad) = (passed("a/b"), failed("a/c"));
        let skipped = Outcome::skipped("a/d", "unknown");
        assert_eq!(class(&[&good, &skipped], false), "p");
        assert_eq!(class(&[&good, &bad], false), "f");
        assert_eq!(class(&[&good], true), "f");
        assert_eq!(class(&[&skipped], false), "s");
        assert_eq!(class(&[], false), "x");
    }

    #[test]
    fn the_worst_ratio_is_shown_and_its_case_named() {
        let (good, bad) = (passed("a/b"), failed("a/c"));
        let cell = cell(&[&good, &bad], false).into_string();
        assert!(cell.contains("<i>2.00×</i>"), "{cell}");
        assert!(cell.contains("worst: a/c"), "{cell}");
    }
}
