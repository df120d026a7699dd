//! Failures that are somebody else's, and known.

use serde::Deserialize;

use super::{DeviceInfo, Target};
use crate::{Outcome, Verdict};

/// The table of known failures, `tests/known-failures.toml`.
const TABLE: &str = include_str!("../../known-failures.toml");

/// A case that fails for a reason outside of this repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// What the case's name begins with.
    pub case: String,
    /// Backends by their feature's name; empty for all.
    #[serde(default)]
    pub backends: Vec<String>,
    /// Precisions; empty for all.
    #[serde(default)]
    pub precisions: Vec<String>,
    /// Only with, or only without, kernel fusion.
    pub fusion: Option<bool>,
    /// Part of the adapter's name or of the driver's and its version; empty for all.
    #[serde(default)]
    pub device: String,
    /// The upstream issue: `burn #5257`.
    pub issue: String,
    /// What goes wrong.
    pub reason: String,
}

#[derive(Deserialize)]
struct Table {
    #[serde(default)]
    known: Vec<KnownFailure>,
}

/// All known failures.
///
/// # Panics
/// If the table that is compiled in is not valid, which a test rules out.
pub fn known_failures() -> Vec<KnownFailure> {
    let table: Table = toml::from_str(TABLE).expect("the table of known failures is valid");
    table.known
}

impl KnownFailure {
    /// Whether it is about this case of this target.
    pub fn is_about(&self, target: Target, device: &DeviceInfo, case: &str) -> bool {
        let precision = target.precision.to_string();
        let allows =
            |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        case.starts_with(&self.case)
            && allows(&self.backends, target.backend.feature())
            && allows(&self.precisions, &precision)
            && self.fusion.is_none_or(|fusion| fusion == target.fusion)
            && (device.adapter.contains(&self.device) || device.driver.contains(&self.device))
    }

    /// The outcome in the light of what is known.
    #[must_use]
    pub fn judge(&self, outcome: Outcome) -> Outcome {
        let (verdict, word) = match outcome.verdict {
            Verdict::Failed => (Verdict::Known, "known"),
            Verdict::Passed => (Verdict::Unexpected, "passes although known"),
            _ => return outcome,
        };
        let details = format!("{word}: {} ({}); {}", self.issue, self.reason, outcome.details);
        Outcome { verdict, details: details.trim_end_matches("; ").to_owned(), ..outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> KnownFailure {
        toml::from_str(
            "case = 'operations/a'\nbackends = ['wgpu']\nprecisions = ['f16']\nfusion = true\n\
             device = 'llvmpipe'\nissue = 'burn #1'\nreason = 'zeros'",
        )
        .unwrap()
    }

    #[test]
    fn the_table_is_valid_and_names_an_issue_everywhere() {
        for known in known_failures() {
            assert!(known.issue.contains('#') && !known.reason.is_empty(), "{known:?}");
        }
    }

    #[test]
    fn every_condition_counts() {
        let (known, target) = (example(), "wgpu-f16-fusion".parse::<Target>().unwrap());
        let device =
            DeviceInfo { adapter: "llvmpipe (LLVM 15)".to_owned(), ..DeviceInfo::default() };
        assert!(known.is_about(target, &device, "operations/a/out"));
        assert!(!known.is_about(target, &device, "operations/b"));
        assert!(!known.is_about(target, &DeviceInfo::default(), "operations/a"));
        for other in ["wgpu-f16", "wgpu-f32-fusion", "vulkan-f16-fusion"] {
            assert!(!known.is_about(other.parse().unwrap(), &device, "operations/a"), "{other}");
        }
    }

    #[test]
    fn a_failure_becomes_known_and_a_pass_is_reported() {
        let failed = example().judge(Outcome::broken("operations/a", "NaN"));
        assert_eq!(failed.verdict, Verdict::Known);
        assert_eq!(failed.details, "known: burn #1 (zeros); NaN");
        let passed = example().judge(Outcome::measured("operations/a", "x", 0.0, 1.0, ""));
        assert_eq!(passed.verdict, Verdict::Unexpected);
        assert_eq!(passed.details, "passes although known: burn #1 (zeros)");
    }
}
