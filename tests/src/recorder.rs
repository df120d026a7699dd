//! Collects outcomes while cases run.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::{Difference, Limits, Outcome, Report, Result};

/// Results of more values are not kept for comparison with other backends.
const MOST_VALUES: usize = 1 << 14;

/// Collects outcomes, and tells each to a listener as soon as it is there.
pub struct Recorder<'a> {
    outcomes: Vec<Outcome>,
    listener: &'a mut dyn FnMut(&Outcome),
    filter: Option<&'a str>,
    low_precision: Option<Limits>,
    values: BTreeMap<String, Vec<f32>>,
    last: Instant,
}

impl<'a> Recorder<'a> {
    /// Nothing recorded yet; with a `filter`, only cases whose name contains it will be.
    pub fn new(filter: Option<&'a str>, listener: &'a mut dyn FnMut(&Outcome)) -> Self {
        Self {
            outcomes: Vec::new(),
            listener,
            filter,
            low_precision: None,
            values: BTreeMap::new(),
            last: Instant::now(),
        }
    }

    /// With `limits`, every comparison of numbers has these instead of its own: the model computes
    /// in a lower precision than the errors were recorded in.
    #[must_use]
    pub fn in_low_precision(mut self, limits: Option<Limits>) -> Self {
        self.low_precision = limits;
        self
    }

    /// Whether the model computes in a lower precision than f32.
    pub fn is_low_precision(&self) -> bool {
        self.low_precision.is_some()
    }

    /// Everything recorded.
    pub fn into_report(self) -> Report {
        Report { outcomes: self.outcomes, values: self.values }
    }

    /// Number of outcomes so far.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Whether any case may be left out.
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// Records an outcome.
    pub fn push(&mut self, outcome: Outcome) {
        if self.wants(&outcome.case) {
            self.always_push(outcome);
        }
    }

    /// Whether a case of this name is recorded.
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.filter.is_none_or(|part| case.contains(part))
    }

    fn always_push(&mut self, mut outcome: Outcome) {
        outcome.seconds = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        (self.listener)(&outcome);
        self.outcomes.push(outcome);
    }

    /// Does some work; an error or a panic becomes a failed case of this name.
    pub fn attempt(&mut self, case: &str, work: impl FnOnce(&mut Self) -> Result<()>) {
        let result = catch_unwind(AssertUnwindSafe(|| work(self)));
        let reason = match result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("panicked: {}", message(panic.as_ref())),
        };
        // Never filtered away: what it hides may be what was asked for.
        self.always_push(Outcome::broken(case, reason));
    }

    /// Compares numbers by every measure that has a limit; the one nearest to it is recorded.
    pub fn compare(
        &mut self,
        case: impl Into<String>,
        found: &[f64],
        expected: &[f64],
        limits: &Limits,
    ) {
        let case = case.into();
        let limits = &self.low_precision.clone().unwrap_or_else(|| limits.clone());
        if found.len() != expected.len() {
            let reason = format!("{} values instead of {}", found.len(), expected.len());
            return self.push(Outcome::broken(case, reason));
        }
        if self.wants(&case) && found.len() <= MOST_VALUES {
            let values = found.iter().map(|&x| x as f32).collect();
            self.values.insert(case.clone(), values);
        }
        let difference = Difference::between(found, expected);
        let measures = [
            ("max_abs", difference.max_abs, limits.max_abs),
            ("rel_l2", difference.rel_l2, limits.rel_l2),
        ];
        let outcomes = measures.into_iter().filter_map(|(name, error, limit)| {
            Some(Outcome::measured(&case, name, error, limit?, &limits.basis))
        });
        let worst = outcomes.max_by(|a, b| {
            let ratio = |o: &Outcome| o.ratio().unwrap_or(f64::INFINITY);
            ratio(a).total_cmp(&ratio(b))
        });
        self.push(worst.unwrap_or_else(|| Outcome::broken(case, "the manifest gives no limit")));
    }

    /// Compares number by number, each relative to itself; what should be 0 must be 0.
    pub fn each(
        &mut self,
        case: impl Into<String>,
        found: &[f64],
        expected: &[f64],
        limit: f64,
        basis: &str,
    ) {
        let case = case.into();
        if found.len() != expected.len() {
            let reason = format!("{} values instead of {}", found.len(), expected.len());
            return self.push(Outcome::broken(case, reason));
        }
        let error = |(found, expected): (&f64, &f64)| {
            if found == expected {
                return 0.0;
            }
            let error = (found - expected).abs() / expected.abs();
            if error.is_nan() { f64::INFINITY } else { error }
        };
        let error = found.iter().zip(expected).map(error).fold(0.0, f64::max);
        self.push(Outcome::measured(case, "relative", error, limit, basis));
    }

    /// Compares what must be equal; the first difference is named by `place`.
    pub fn exact_at<T: PartialEq + Debug>(
        &mut self,
        case: impl Into<String>,
        found: &[T],
        expected: &[T],
        place: impl Fn(usize) -> String,
    ) {
        let case = case.into();
        if found.len() != expected.len() {
            let reason = format!("{} values instead of {}", found.len(), expected.len());
            return self.push(Outcome::broken(case, reason));
        }
        let differs = |index: &usize| found[*index] != expected[*index];
        let count = (0..found.len()).filter(differs).count();
        let details = (0..found.len()).find(differs).map_or(String::new(), |i| {
            let (found, expected) = (&found[i], &expected[i]);
            format!("first at {}: {found:?} instead of {expected:?}", place(i))
        });
        self.push(
            Outcome::measured(case, "differing", count as f64, 0.0, "exact").with_details(details),
        );
    }

    /// Compares what must be equal.
    pub fn exact<T: PartialEq + Debug>(
        &mut self,
        case: impl Into<String>,
        found: &[T],
        expected: &[T],
    ) {
        self.exact_at(case, found, expected, |index| format!("number {index}"));
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    fn outcomes(filter: Option<&str>, work: impl FnOnce(&mut Recorder<'_>)) -> Vec<Outcome> {
        let mut listener = |_: &Outcome| {};
        let mut recorder = Recorder::new(filter, &mut listener);
        work(&mut recorder);
        recorder.into_report().outcomes
    }

    #[test]
    fn the_measure_nearest_to_its_limit_decides() {
        let limits = Limits { max_abs: Some(1.0), rel_l2: Some(0.01), basis: "test".to_owned() };
        let outcomes = outcomes(None, |recorder| {
            recorder.compare("a", &[1.0, 1.5], &[1.0, 1.0], &limits);
        });
        assert_eq!(outcomes[0].measure, "rel_l2");
        assert_eq!(outcomes[0].verdict, Verdict::Failed);
    }

    #[test]
    fn without_a_limit_and_with_other_lengths_a_case_fails() {
        let none = Limits { max_abs: None, rel_l2: None, basis: String::new() };
        let outcomes = outcomes(None, |recorder| {
            recorder.compare("a", &[1.0], &[1.0], &none);
            recorder.compare("b", &[1.0], &[], &Limits::absolute(1.0, ""));
            recorder.exact("c", &[1], &[1, 2]);
        });
        assert!(outcomes.iter().all(|o| o.verdict == Verdict::Failed));
        assert_eq!(outcomes[1].details, "1 values instead of 0");
    }

    #[test]
    fn a_small_number_among_large_ones_counts_as_much() {
        let outcomes = outcomes(None, |recorder| {
            recorder.each("a", &[1e9, 1e-9, 0.0], &[1e9, 2e-9, 0.0], 1e-12, "");
            recorder.each("b", &[1e-300, 1.0], &[0.0, 1.0], 1e-12, "");
            recorder.each("c", &[f64::NAN], &[0.0], 1e-12, "");
        });
        assert_eq!(outcomes[0].error, Some(0.5));
        assert!(outcomes.iter().all(|o| o.verdict == Verdict::Failed));
    }

    #[test]
    fn exact_cases_name_the_first_difference() {
        let outcomes = outcomes(None, |recorder| recorder.exact("a", &[1, 5, 6], &[1, 2, 3]));
        assert_eq!(outcomes[0].error, Some(2.0));
        assert_eq!(outcomes[0].details, "first at number 1: 5 instead of 2");
    }

    #[test]
    fn a_panic_is_a_failed_case_and_not_the_end() {
        let outcomes = outcomes(Some("b"), |recorder| {
            recorder.attempt("a", |_| panic!("shapes differ"));
            recorder.attempt("b", |recorder| {
                recorder.exact("b/1", &[1], &[1]);
                recorder.exact("c/1", &[1], &[1]);
                Ok(())
            });
        });
        let cases: Vec<&str> = outcomes.iter().map(|o| o.case.as_str()).collect();
        assert_eq!(cases, ["a", "b/1"]);
        assert_eq!(outcomes[0].details, "panicked: shapes differ");
    }
}
