//! How far parameters may be off after some steps of `AdamW`.
//!
//! Its first steps move a parameter by about `lr sign(g)`, so one whose gradient is at rounding
//! level may go the other way. The manifest therefore records the 99.9th percentile of the error,
//! and says to compare with it and allow a small fraction beyond.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model_file::Parameters;
use super::train_steps::learning_rate;
use crate::{Outcome, Result, Subject, TEN, quantile};

/// The fraction beyond 1e-5 that is small, unless the manifest records more.
const SMALL_FRACTION: f64 = 1e-4;

/// What counts as beyond.
const BEYOND: f64 = 1e-5;

/// How far parameters may be off.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    /// For 99.9% of all elements, and for 90% of each parameter's.
    p999: f64,
    /// For the share of elements that are off by more than [`BEYOND`].
    fraction: f64,
    /// For any element: there and back again.
    any: f64,
    basis: String,
}

impl Allowed {
    /// Ten times the first error that is recorded at one of some places.
    pub(super) fn recorded(
        subject: Subject<'_>,
        places: &[Vec<String>],
        steps: usize,
    ) -> Result<Self> {
        let find = |place: &Vec<String>| {
            let place = place.iter().map(String::as_str);
            let path: Vec<&str> = std::iter::once("err_f32_vs_f64").chain(place).collect();
            let errors = subject.entry.at(&path)?;
            let number = |key: &str| errors.get(key).and_then(Value::as_f64);
            let fraction = number("frac_over_1e_5").unwrap_or(0.0);
            Some(Self {
                p999: TEN * number("p999_abs")?,
                fraction: SMALL_FRACTION.max(TEN * fraction),
                any: 2.0 * learning_rate(subject) * steps as f64,
                basis: format!("10 x {} {} p999_abs", subject.entry.file, path.join(".")),
            })
        };
        places.iter().find_map(find).ok_or_else(|| {
            let reason = format!("the manifest records no `p999_abs` of {places:?}");
            subject.entry.problem(reason)
        })
    }

    /// Compares all parameters together, and each by itself.
    pub(super) fn compare(
        &self,
        case: &str,
        found: &Parameters,
        stored: &BTreeMap<String, Vec<f64>>,
    ) -> Outcome {
        let (mut all, mut worst) = (Vec::new(), (0.0, ""));
        for (name, expected) in stored {
            let Some(found) = found.get(name).filter(|f| f.len() == expected.len()) else {
                return Outcome::broken(case, format!("no parameter {name} of that size"));
            };
            let error = |(found, expected): (&f32, &f64)| {
                let error = (f64::from(*found) - expected).abs();
                if error.is_nan() { f64::INFINITY } else { error }
            };
            let errors: Vec<f64> = found.iter().zip(expected).map(error).collect();
            let most = quantile(&errors, 0.9);
            if most > worst.0 || worst.1.is_empty() {
                worst = (most, name);
            }
            all.extend(errors);
        }
        if all.is_empty() {
            return Outcome::broken(case, "no parameters are stored");
        }
        let beyond = all.iter().filter(|&&error| error > BEYOND).count();
        let largest = all.iter().copied().fold(0.0, f64::max);
        let measures = [
            ("p999_abs", quantile(&all, 0.999), self.p999, self.basis.clone()),
            ("p90_abs", worst.0, self.p999, format!("{}, of one parameter", self.basis)),
            (
                ">1e-5",
                beyond as f64 / all.len() as f64,
                self.fraction,
                "share of elements".to_owned(),
            ),
            ("max_abs", largest, self.any, "there and back again".to_owned()),
        ];
        let outcomes = measures.map(|(measure, error, limit, basis)| {
            Outcome::measured(case, measure, error, limit, basis)
        });
        let [first, rest @ ..] = outcomes;
        let worse = |a: Outcome, b: Outcome| if b.ratio() > a.ratio() { b } else { a };
        let details = format!("largest {largest:.1e}; worst parameter {} {:.1e}", worst.1, worst.0);
        rest.into_iter().fold(first, worse).with_details(details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    /// 100,000 weights and 8 biases, all one; some differ from what is stored.
    fn outcome(weights: &[f64], biases: &[f64]) -> Outcome {
        let allowed =
            Allowed { p999: 1e-7, fraction: SMALL_FRACTION, any: 2e-4, basis: String::new() };
        let all = |value: f32| {
            let weight = ("weight".to_owned(), vec![value; 100_000]);
            Parameters::from([weight, ("bias".to_owned(), vec![value; 8])])
        };
        let mut stored: BTreeMap<String, Vec<f64>> = all(1.0)
            .into_iter()
            .map(|(name, values)| (name, crate::tensors::widen(&values)))
            .collect();
        for (name, changed) in [("weight", weights), ("bias", biases)] {
            for (value, by) in stored.get_mut(name).unwrap().iter_mut().zip(changed) {
                *value += by;
            }
        }
        allowed.compare("a", &all(1.0), &stored)
    }

    #[test]
    fn an_element_at_rounding_level_may_go_the_other_way() {
        assert_eq!(outcome(&[1.9e-4], &[]).verdict, Verdict::Passed);
    }

    #[test]
    fn no_element_may_go_further_than_steps_can() {
        let outcome = outcome(&[1e-2], &[]);
        assert_eq!((outcome.verdict, outcome.measure.as_str()), (Verdict::Failed, "max_abs"));
    }

    #[test]
    fn a_wrong_bias_among_many_weights_fails() {
        let outcome = outcome(&[], &[1e-6; 8]);
        assert_eq!((outcome.verdict, outcome.measure.as_str()), (Verdict::Failed, "p90_abs"));
        assert!(outcome.details.contains("bias"));
    }

    #[test]
    fn many_elements_going_the_other_way_fail() {
        assert_eq!(outcome(&[5e-5; 20], &[]).verdict, Verdict::Failed);
        assert_eq!(outcome(&[5e-6; 200], &[]).verdict, Verdict::Failed);
    }
}
