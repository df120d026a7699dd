//! UniPC of order two in its flow form.

use super::{Sum, half_log_snr, towards};

/// The corrector of UniPC (`B2`, Zhao et al. 2023, arXiv 2302.04867, algorithm 1): the step from
/// `times[1]` to `times[0]` made again, once `times[0]`'s own prediction is known.
///
/// Its predictor is [`dpm_solver`](super::dpm_solver): with `B2` the two are the same. The
/// prediction that corrects one step is the newest of the next, so that nothing is evaluated twice.
///
/// With `d_t`, `d_0` and `d_1` the predictions, newest first, `h` the step in [`half_log_snr`],
/// `r = h_1 / h` the step before it (negative), `φ_1 = (e^-h - 1) / -h` and so on:
/// [`towards`] `d_0 + ρ_1 (d_1 - d_0) / r + ρ_2 (d_t - d_0)`, where `ρ` solves
/// `ρ_1 + ρ_2 = b_1`, `r ρ_1 + ρ_2 = b_2`. With two predictions `ρ_2` is a half.
pub(in crate::sampler) fn unipc_correction(times: &[f64]) -> Sum {
    let (to, from) = (times[0], times[1]);
    let [state, prediction] = towards(from, to);
    let Some(&earlier) = times.get(2) else {
        return Sum { state, predictions: vec![prediction / 2.0, prediction / 2.0] };
    };
    let step = half_log_snr(to) - half_log_snr(from);
    let ratio = (half_log_snr(earlier) - half_log_snr(from)) / step;
    let whole = (-step).exp_m1();
    let (first, second) = (whole / -step - 1.0, (whole / -step - 1.0) / -step - 0.5);
    let [b1, b2] = [first / whole, 2.0 * second / whole];
    // `earlier` may be the stage's start: then `ratio` is infinite, and nothing is left of it.
    let of_earlier = (b1 - b2) / (1.0 - ratio);
    let of_new = b1 - of_earlier;
    let slope = of_earlier / ratio;
    let predictions = [of_new, 1.0 - slope - of_new, slope].map(|weight| prediction * weight);
    Sum { state, predictions: predictions.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_predictions_make_up_the_step() {
        // A prediction that never changes is reached exactly, whatever the method.
        for times in [&[0.5, 0.25][..], &[0.5, 0.25, 0.0], &[0.5, 0.3, 0.2]] {
            let Sum { state, predictions } = unipc_correction(times);
            let sum: f64 = predictions.iter().sum();
            assert!((state + sum - 1.0).abs() < 1e-14, "{times:?}: {state} {predictions:?}");
        }
    }

    #[test]
    fn after_the_stages_start_only_two_predictions_count() {
        let Sum { predictions, .. } = unipc_correction(&[0.5, 0.25, 0.0]);
        assert_eq!(predictions[2].abs(), 0.0);
    }
}
