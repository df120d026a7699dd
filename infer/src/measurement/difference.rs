//! Whether two values of a metric can be told apart.

use serde::{Deserialize, Serialize};

/// So many standard errors of the difference tell two values apart.
const ENOUGH: f64 = 2.0;

/// A value as it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// How sure it is, where that is known.
    pub standard_error: Option<f64>,
}

/// How a value differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// By how much it is larger.
    #[serde(rename = "difference")]
    pub value: f64,
    /// How sure that is, where it is known.
    pub standard_error: Option<f64>,
    /// What follows.
    pub judgement: Judgement,
}

/// What is known of the second of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It is lower than the first.
    Lower,
    /// It is higher than the first.
    Higher,
    /// Nothing: chance alone makes such differences.
    NotDistinguishable,
    /// Nothing: a value has no standard error.
    Impossible,
}

impl Difference {
    /// Of `b` from `a`: `d = b - a`, whose standard error is `s_d = sqrt(s_a² + s_b²)`. They are not
    /// distinguishable where `d = 0` or `|d| < 2 s_d`.
    ///
    /// That takes the two as independent. Where both were drawn with the same seeds, their errors go together
    /// and `s_d` is too large: a difference that is found is there, a small one may be missed.
    pub fn between(a: Estimate, b: Estimate) -> Self {
        let value = b.value - a.value;
        let standard_error = a.standard_error.zip(b.standard_error).map(|(a, b)| a.hypot(b));
        let judgement = match standard_error {
            None => Judgement::Impossible,
            Some(error) if value == 0.0 || value.abs() < ENOUGH * error => {
                Judgement::NotDistinguishable
            }
            Some(_) if value < 0.0 => Judgement::Lower,
            Some(_) => Judgement::Higher,
        };
        Self { value, standard_error, judgement }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_two_standard_errors_of_the_difference_values_are_not_told_apart() {
        // The standard error of each difference is 0.5, or there is none.
        let [sure, unsure, none] = [Some(0.3), Some(0.4), None];
        for (a, b, errors, expected) in [
            (8.0, 8.99, [sure, unsure], Judgement::NotDistinguishable),
            (8.0, 7.01, [unsure, sure], Judgement::NotDistinguishable),
            (8.0, 9.0, [sure, unsure], Judgement::Higher),
            (8.0, 7.0, [sure, unsure], Judgement::Lower),
            (8.0, 8.0, [Some(0.0); 2], Judgement::NotDistinguishable),
            (8.0, 8.1, [Some(0.0); 2], Judgement::Higher),
            (8.0, 80.0, [none, sure], Judgement::Impossible),
            (8.0, 8.0, [sure, none], Judgement::Impossible),
        ] {
            let [a, b] = [(a, errors[0]), (b, errors[1])]
                .map(|(value, standard_error)| Estimate { value, standard_error });
            let found = Difference::between(a, b);
            assert_eq!(
                (found.judgement, found.value),
                (expected, b.value - a.value),
                "{a:?} {b:?}"
            );
            if errors == [sure, unsure] {
                assert!((found.standard_error.unwrap() - 0.5).abs() < 1e-15);
            }
        }
    }
}
