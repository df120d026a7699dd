//! Euler's method.

use burn::tensor::Tensor;

use super::{Rows, Velocity};
use crate::Result;
use crate::ops::PixelFlowBackend;

/// The times of a stage: `k + 1` points for `k` steps.
pub type Times = Vec<f64>;

/// The times of `steps` steps: even over `[0, 1]`, then warped by `t / (shift + (1 - shift) t)`.
///
/// The `reference` spaces its steps over `[0, (N-1)/N]`, so that its last step has length `1/N`.
pub fn euler_times(steps: usize, shift: f64, train_timesteps: usize, reference: bool) -> Times {
    let warp = |t: f64| t / (shift + (1.0 - shift) * t);
    let even = |last: f64, intervals: usize| {
        (0..steps).map(
            move |i| {
                if intervals == 0 { 0.0 } else { last * i as f64 / intervals as f64 }
            },
        )
    };
    let starts: Box<dyn Iterator<Item = f64>> = if reference {
        Box::new(even((train_timesteps as f64 - 1.0) / train_timesteps as f64, steps - 1))
    } else {
        Box::new(even(1.0, steps))
    };
    starts.map(warp).chain([1.0]).collect()
}

/// One step, `x + (t' - t) v(t, x)`, and the slope `v(t, x)`; the state stays in f32.
///
/// # Errors
/// What the velocity cannot compute.
pub(super) fn euler_step<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: Tensor<B, 4>,
    [from, to]: [f64; 2],
    rows: Rows<'_>,
) -> Result<[Tensor<B, 4>; 2]> {
    let slope = velocity.at(&vec![from; rows.len()], state.clone(), rows)?;
    Ok([state + slope.clone() * (to as f32 - from as f32), slope])
}

/// The times from `start` on: `start` itself, then all later ones.
pub(super) fn times_from(times: &[f64], start: f64) -> Times {
    std::iter::once(start).chain(times.iter().copied().filter(|&time| time > start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_steps_are_even_and_end_at_one() {
        assert_eq!(euler_times(4, 1.0, 1000, false), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn the_references_last_step_is_nearly_nothing() {
        assert_eq!(euler_times(3, 1.0, 1000, true), [0.0, 0.4995, 0.999, 1.0]);
        assert_eq!(euler_times(1, 1.0, 1000, true), [0.0, 1.0]);
    }

    #[test]
    fn a_shift_above_one_spends_more_steps_early() {
        let times = euler_times(2, 3.0, 1000, false);
        assert_eq!(times, [0.0, 0.25, 1.0]);
    }

    #[test]
    fn a_late_start_keeps_the_later_times() {
        assert_eq!(times_from(&[0.0, 0.25, 1.0], 0.0), [0.0, 0.25, 1.0]);
        assert_eq!(times_from(&[0.0, 0.25, 1.0], 0.25), [0.25, 1.0]);
        assert_eq!(times_from(&[0.0, 0.25, 1.0], 0.3), [0.3, 1.0]);
    }
}
