//! How verdicts are ranked, named and coloured.

use std::cmp::Ordering;

use ::tests::{Outcome, Verdict};

/// The class of what has a verdict; the style gives it a colour.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "p",
        Verdict::Failed => "f",
        Verdict::Skipped => "s",
        Verdict::Known => "k",
        Verdict::Unexpected => "u",
        Verdict::Reported => "r",
    }
}

/// A verdict as a word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
        Verdict::Known => "known",
        Verdict::Unexpected => "unexpected",
        Verdict::Reported => "reported",
    }
}

/// How much a verdict asks for attention.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Skipped => 0,
        Verdict::Reported => 1,
        Verdict::Passed => 2,
        Verdict::Known => 3,
        Verdict::Unexpected => 4,
        Verdict::Failed => 5,
    }
}

/// The verdict of several outcomes that asks for most attention.
pub(super) fn worst<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Option<Verdict> {
    let verdicts = outcomes.into_iter().map(|outcome| outcome.verdict);
    verdicts.max_by_key(|&verdict| rank(verdict))
}

/// Error over limit; a failure without a number is beyond any limit.
pub(super) fn ratio(outcome: &Outcome) -> Option<f64> {
    let number = |ratio: f64| if ratio.is_nan() { f64::INFINITY } else { ratio };
    let measured = outcome.ratio().map(number);
    match outcome.verdict {
        Verdict::Failed => measured.or(Some(f64::INFINITY)),
        _ => measured,
    }
}

/// The largest of the ratios of several outcomes.
pub(super) fn worst_ratio<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Option<f64> {
    outcomes.into_iter().filter_map(ratio).reduce(f64::max)
}

/// Orders by verdict, and what has the same verdict by ratio, the worst first.
pub(super) fn worst_first(left: &Outcome, right: &Outcome) -> Ordering {
    let ratio = |outcome| ratio(outcome).unwrap_or(-1.0);
    rank(right.verdict).cmp(&rank(left.verdict)).then_with(|| ratio(right).total_cmp(&ratio(left)))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{failed, passed};
    use super::*;

    #[test]
    fn the_worst_comes_first() {
        let near = Outcome::measured("near", "max_abs", 0.9, 1.0, "");
        let known = Outcome { verdict: Verdict::Known, ..failed("known") };
        let nan = Outcome::measured("nan", "max_abs", f64::NAN, 1.0, "");
        let skipped = Outcome::skipped("skipped", "");
        let mut outcomes = [skipped, passed("far"), near, known, failed("failed"), nan];
        outcomes.sort_by(worst_first);
        let names = outcomes.each_ref().map(|outcome| outcome.case.as_str());
        assert_eq!(names, ["nan", "failed", "known", "near", "far", "skipped"]);
        assert_eq!(worst(&outcomes), Some(Verdict::Failed));
        assert_eq!(worst_ratio(&outcomes), Some(f64::INFINITY));
    }

    #[test]
    fn a_failure_without_a_number_is_beyond_any_limit() {
        assert_eq!(ratio(&Outcome::broken("a", "it fell")), Some(f64::INFINITY));
        assert_eq!(ratio(&Outcome::skipped("a", "unknown")), None);
    }
}
