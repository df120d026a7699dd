//! Rules that values of a configuration keep, and the words for values that do not.

use std::fmt::Display;
use std::ops::RangeInclusive;

/// Whether a configuration keeps a rule; if not, what the value must be.
pub(super) type Verdict = Result<(), String>;

/// The rule that something holds.
pub(super) fn require(holds: bool, fix: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(fix.into()) }
}

/// The rule that a value is in a range.
pub(super) fn within<T: PartialOrd + Display>(value: T, range: RangeInclusive<T>) -> Verdict {
    require(range.contains(&value), format!("it must be {} to {}", range.start(), range.end()))
}

/// Whether a value is at least 0 and below 1.
pub(super) fn share(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}
