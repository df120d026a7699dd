//! What came out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a case is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Within the limit.
    Passed,
    /// Beyond the limit, or it could not be computed.
    Failed,
    /// Not run; the details say why.
    Skipped,
    /// Beyond the limit because of a known bug of somebody else's; the details name it.
    Known,
    /// Within the limit although a known bug says otherwise: the bug may be gone.
    Unexpected,
    /// Measured without a limit.
    Reported,
}

/// What came out of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The case: file, part, quantity.
    pub case: String,
    /// Whether it is as it should be.
    pub verdict: Verdict,
    /// What was measured: `rel_l2`, `max_abs`, `differing` values …
    pub measure: String,
    /// The measured error; of several measures the one nearest to its limit.
    pub error: Option<f64>,
    /// What the error may be.
    pub limit: Option<f64>,
    /// Where the limit comes from.
    pub basis: String,
    /// The worst parameter, the first differing pixel, an error's text …
    pub details: String,
    /// Time since the outcome before.
    #[serde(default)]
    pub seconds: f64,
}

impl Outcome {
    /// A case that could not be computed.
    pub fn broken(case: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::without_numbers(case.into(), Verdict::Failed, reason.into())
    }

    /// Something that is no case of this runner.
    pub fn skipped(case: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::without_numbers(case.into(), Verdict::Skipped, reason.into())
    }

    fn without_numbers(case: String, verdict: Verdict, details: String) -> Self {
        Self {
            case,
            verdict,
            measure: String::new(),
            error: None,
            limit: None,
            basis: String::new(),
            details,
            seconds: 0.0,
        }
    }

    /// An error and what it may be; anything but an error within the limit fails.
    pub fn measured(
        case: impl Into<String>,
        measure: impl Into<String>,
        error: f64,
        limit: f64,
        basis: impl Into<String>,
    ) -> Self {
        let verdict = if error <= limit { Verdict::Passed } else { Verdict::Failed };
        Self {
            case: case.into(),
            verdict,
            measure: measure.into(),
            error: Some(error),
            limit: Some(limit),
            basis: basis.into(),
            details: String::new(),
            seconds: 0.0,
        }
    }

    /// The same with details.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// The same as a report: measured, but with nothing it must not exceed.
    #[must_use]
    pub fn without_limit(self) -> Self {
        Self { verdict: Verdict::Reported, limit: None, basis: String::new(), ..self }
    }

    /// Error over limit: above 1 is a failure. `None` if nothing was measured.
    pub fn ratio(&self) -> Option<f64> {
        match (self.error?, self.limit?) {
            (0.0, _) => Some(0.0),
            (error, limit) => Some(error / limit),
        }
    }
}

/// One line: verdict, case, error, limit.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Passed => "pass",
            Verdict::Failed => "FAIL",
            Verdict::Skipped => "skip",
            Verdict::Known => "known",
            Verdict::Unexpected => "PASS?",
            Verdict::Reported => "info",
        };
        write!(f, "{verdict:<4} {:<58}", self.case)?;
        if let (Some(error), Some(limit)) = (self.error, self.limit) {
            write!(f, " {:>9} {error:9.3e}  limit {limit:9.3e}", self.measure)?;
        }
        if !self.basis.is_empty() {
            write!(f, "  [{}]", self.basis)?;
        }
        if !self.details.is_empty() {
            write!(f, "  {}", self.details)?;
        }
        Ok(())
    }
}

/// What came out of all cases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// In the order they were run.
    pub outcomes: Vec<Outcome>,
    /// What was found in comparisons of numbers, by case.
    #[serde(skip)]
    pub values: BTreeMap<String, Vec<f32>>,
}

impl Report {
    /// The outcomes with a verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(move |o| o.verdict == verdict)
    }

    /// Number of outcomes with a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.with(verdict).count()
    }

    /// Whether there were cases and all of them passed.
    pub fn is_success(&self) -> bool {
        self.count(Verdict::Passed) > 0 && self.count(Verdict::Failed) == 0
    }
}

/// `N passed, N failed`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (self.count(Verdict::Passed), self.count(Verdict::Failed));
        write!(f, "{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_within_the_limit_fails() {
        let verdict = |error, limit| Outcome::measured("a", "max_abs", error, limit, "").verdict;
        assert_eq!(verdict(1.0, 1.0), Verdict::Passed);
        assert_eq!(verdict(1.1, 1.0), Verdict::Failed);
        assert_eq!(verdict(f64::NAN, 1.0), Verdict::Failed);
        assert_eq!(verdict(0.0, 0.0), Verdict::Passed);
    }

    #[test]
    fn skipped_cases_do_not_count_and_nothing_is_no_success() {
        let mut report = Report::default();
        assert!(!report.is_success());
        report.outcomes.push(Outcome::skipped("b", "unknown"));
        assert!(!report.is_success());
        report.outcomes.push(Outcome::measured("a", "max_abs", 0.0, 1.0, ""));
        assert!(report.is_success());
        assert_eq!(report.to_string(), "1 passed, 0 failed");
        report.outcomes.push(Outcome::broken("c", "it fell"));
        assert!(!report.is_success());
        assert_eq!(report.to_string(), "1 passed, 1 failed");
    }
}
