//! DPM-Solver++ (2M) in its flow form.

use super::{Sum, half_log_snr, towards};

/// The step of DPM-Solver++ (2M), with one prediction of the stage's end or two: [`towards`]
/// `d + h / (2 h') (d - d')`, where `h` and `h'` are this step and the one before in
/// [`half_log_snr`] (Lu et al. 2022, arXiv 2211.01095, algorithm 2).
///
/// Where `h` is infinite, in the step that ends the stage, it is of first order; where `h'` is, in
/// the step after the stage's first, the formula itself leaves nothing of the correction. Between the
/// ends it is of second order; over a whole stage, whose ends are infinitely far, it is less exact than
/// [`adams_bashforth`](super::adams_bashforth) with two slopes.
pub(in crate::sampler) fn dpm_solver(times: &[f64], to: f64) -> Sum {
    let now = times[0];
    let [state, prediction] = towards(now, to);
    let predictions = match times.get(1) {
        Some(&before) if to < 1.0 => {
            let (step, earlier) =
                (half_log_snr(to) - half_log_snr(now), half_log_snr(now) - half_log_snr(before));
            let share = step / (2.0 * earlier);
            vec![prediction * (1.0 + share), -prediction * share]
        }
        _ => vec![prediction],
    };
    Sum { state, predictions }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_stage_are_of_first_order() {
        assert_eq!(dpm_solver(&[0.0], 0.25), Sum { state: 0.75, predictions: vec![0.25] });
        let Sum { state, predictions } = dpm_solver(&[0.25, 0.0], 0.5);
        let third = 0.25 / 0.75;
        assert_eq!((state, predictions), (0.5 / 0.75, vec![third, 0.0]));
        assert_eq!(dpm_solver(&[0.75, 0.5], 1.0), Sum { state: 0.0, predictions: vec![1.0] });
    }

    #[test]
    fn between_them_the_newer_prediction_is_carried_on() {
        // λ is ln(t / (1 - t)): -ln 3, 0 and ln 3, so that both steps are of one length.
        let Sum { state, predictions } = dpm_solver(&[0.5, 0.25], 0.75);
        assert!((state - 0.5).abs() < 1e-15);
        assert!((predictions[0] - 0.75).abs() < 1e-15 && (predictions[1] + 0.25).abs() < 1e-15);
    }
}
