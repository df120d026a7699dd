//! How far two results are apart, and how far they may be.

use serde_json::Value;

/// A result may be this many times as far off as the reference's own f32 numbers.
pub const TEN: f64 = 10.0;

/// How far found values are from the expected ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Largest absolute difference.
    pub max_abs: f64,
    /// `|found - expected| / |expected|`.
    pub rel_l2: f64,
}

impl Difference {
    /// Measures. A value that is not a number is infinitely far from everything.
    ///
    /// # Panics
    /// If there are not equally many of both.
    pub fn between(found: &[f64], expected: &[f64]) -> Self {
        assert_eq!(found.len(), expected.len(), "other numbers of values");
        let (mut max_abs, mut error, mut norm) = (0.0_f64, 0.0, 0.0);
        for (&found, &expected) in found.iter().zip(expected) {
            let distance = (found - expected).abs();
            let distance = if distance.is_nan() { f64::INFINITY } else { distance };
            max_abs = max_abs.max(distance);
            error += distance * distance;
            norm += expected * expected;
        }
        let rel_l2 = if error == 0.0 { 0.0 } else { (error / norm).sqrt() };
        Self { max_abs, rel_l2 }
    }
}

/// An error of the reference's f32 numbers that the manifest records.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Largest absolute error.
    pub max_abs: Option<f64>,
    /// Relative error in the l2 norm.
    pub rel_l2: Option<f64>,
    /// Where in the manifest it is.
    pub place: String,
}

impl Recorded {
    /// From the manifest: an object with `max_abs` and `rel_l2`, or a number, which is `max_abs`.
    pub fn parse(value: &Value, place: String) -> Option<Self> {
        let (max_abs, rel_l2) = match value {
            Value::Number(number) => (number.as_f64(), None),
            Value::Object(fields) => {
                let number = |key| fields.get(key).and_then(Value::as_f64);
                (number("max_abs"), number("rel_l2"))
            }
            _ => (None, None),
        };
        (max_abs.is_some() || rel_l2.is_some()).then_some(Self { max_abs, rel_l2, place })
    }
}

/// How far a result may be off, and why this far.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// For the largest absolute difference.
    pub max_abs: Option<f64>,
    /// For the relative difference in the l2 norm.
    pub rel_l2: Option<f64>,
    /// Where the limits come from.
    pub basis: String,
}

impl Limits {
    /// Ten times the error recorded for the same numbers.
    pub fn ten_times(recorded: &Recorded) -> Self {
        Self {
            max_abs: recorded.max_abs.map(|error| TEN * error),
            rel_l2: recorded.rel_l2.map(|error| TEN * error),
            basis: format!("10 x {}", recorded.place),
        }
    }

    /// Ten times the *relative* error recorded for other numbers of the same computation.
    ///
    /// For numbers whose own error the manifest does not record.
    pub fn ten_times_relative(recorded: &Recorded, why: &str) -> Self {
        Self {
            max_abs: None,
            rel_l2: recorded.rel_l2.map(|error| TEN * error),
            basis: format!("10 x {} ({why})", recorded.place),
        }
    }

    /// An absolute limit.
    pub fn absolute(limit: f64, basis: impl Into<String>) -> Self {
        Self { max_abs: Some(limit), rel_l2: None, basis: basis.into() }
    }

    /// A relative limit.
    pub fn relative(limit: f64, basis: impl Into<String>) -> Self {
        Self { max_abs: None, rel_l2: Some(limit), basis: basis.into() }
    }

    /// For a single number that the reference stores in f32, with `error` relative to f64.
    ///
    /// Storing it rounds by up to 2^-24 of itself, so a smaller recorded error is chance: it counts
    /// as 2^-24.
    pub fn of_one_number(error: f64, place: &str) -> Self {
        let rounding = 2_f64.powi(-24);
        let basis = if error < rounding {
            format!("10 x 2^-24, f32 rounding ({place} is less)")
        } else {
            format!("10 x {place}")
        };
        Self::relative(TEN * error.max(rounding), basis)
    }
}

/// The value below which a share of `values` lies.
///
/// # Panics
/// If there are no values.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).ceil() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_no_way_apart_even_if_all_are_zero() {
        let none = Difference { max_abs: 0.0, rel_l2: 0.0 };
        assert_eq!(Difference::between(&[0.0, 2.0], &[0.0, 2.0]), none);
        assert_eq!(Difference::between(&[0.0], &[0.0]), none);
        assert_eq!(Difference::between(&[1.0], &[0.0]).rel_l2, f64::INFINITY);
    }

    #[test]
    fn not_a_number_is_infinitely_far() {
        let difference = Difference::between(&[f64::NAN, 1.0], &[1.0, 1.0]);
        assert_eq!(difference.max_abs, f64::INFINITY);
        assert_eq!(difference.rel_l2, f64::INFINITY);
    }

    #[test]
    fn the_manifest_s_errors_are_objects_or_numbers() {
        let parse = |text: &str| {
            Recorded::parse(&serde_json::from_str(text).unwrap(), "a.b".to_owned())
                .map(|recorded| (recorded.max_abs, recorded.rel_l2))
        };
        let both = parse(r#"{"max_abs": 0.5, "rel_l2": 0.25, "rms_ref": 1.0}"#);
        assert_eq!(both, Some((Some(0.5), Some(0.25))));
        assert_eq!(parse("0.5"), Some((Some(0.5), None)));
        assert_eq!(parse(r#"["worst"]"#), None);
    }

    #[test]
    fn quantiles_round_up() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.999), 99.0);
        assert_eq!(quantile(&values, 0.5), 50.0);
    }
}
