//! Whether a backend computes the same bits twice.

use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;

use super::small_model;
use crate::cases::{download, gradients::by_name};
use crate::{Difference, Outcome, Recorder};

/// Computes velocity and gradients three times and reports how far the results are apart.
pub(super) fn check<A>(device: &A::Device, recorder: &mut Recorder<'_>)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    recorder.attempt("determinism", |recorder| {
        let runs: Vec<[Vec<f64>; 2]> = (0..3).map(|_| once::<A>(device)).collect();
        for (part, name) in ["velocity", "gradients"].into_iter().enumerate() {
            let results: Vec<&Vec<f64>> = runs.iter().map(|run| &run[part]).collect();
            recorder.push(compare(&format!("determinism/{name}"), &results));
        }
        Ok(())
    });
}

/// The velocity, and the gradients of its mean square for all parameters.
fn once<A>(device: &A::Device) -> [Vec<f64>; 2]
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let model = small_model::model::<A>(device);
    let velocity = small_model::velocity(&model, device);
    let loss = (velocity.clone() * velocity.clone()).mean();
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let gradients = by_name(&model, &gradients);
    let gradients = gradients.into_values().flatten().map(f64::from).collect();
    [download(velocity.inner()), gradients]
}

/// Reports; only what is no number at all is a failure.
fn compare(case: &str, results: &[&Vec<f64>]) -> Outcome {
    let first = results[0];
    if first.iter().any(|x| !x.is_finite()) {
        return Outcome::broken(case, "not all values are finite");
    }
    let differs = |i: &usize| results.iter().any(|other| other[*i] != first[*i]);
    let differing = (0..first.len()).filter(differs).count();
    let worst =
        results.iter().map(|other| Difference::between(other, first).rel_l2).fold(0.0, f64::max);
    let details = if differing == 0 {
        "bitwise equal".to_owned()
    } else {
        format!("{differing} of {} values differ", first.len())
    };
    let outcome = Outcome::measured(case, "rel_l2", worst, 0.0, "");
    outcome.without_limit().with_details(details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    #[test]
    fn differences_are_counted_and_values_that_are_none_fail() {
        let equal = compare("a", &[&vec![1.0, 2.0], &vec![1.0, 2.0]]);
        assert_eq!((equal.verdict, equal.details.as_str()), (Verdict::Reported, "bitwise equal"));
        let other = compare("a", &[&vec![3.0, 4.0], &vec![3.0, 5.0], &vec![3.0, 4.0]]);
        assert_eq!((other.error, other.details.as_str()), (Some(0.2), "1 of 2 values differ"));
        let broken = compare("a", &[&vec![f64::NAN], &vec![f64::NAN]]);
        assert_eq!(broken.verdict, Verdict::Failed);
    }
}
