//! The coefficients with which snapshots of averages add up to another average.
//!
//! The average that is wanted has a profile; so has every snapshot. The coefficients `x` are those whose sum of
//! profiles is nearest, `min || sum x_i p_i - p ||²` (arXiv 2312.02696, section 3.2): the normal equations `A x = b`,
//! `A_ij = <p_i, p_j>`, `b_i = <p_i, p>`, with inner products in closed form.

use faer::{Mat, Side};

/// Directions in which the snapshots differ by less than this share of the most are left out: in them there is nothing
/// but rounding.
const SMALLEST_DIRECTION: f64 = 1e-12;

/// The profile of a power-function average: its exponent, and the step at which it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Exponent γ.
    pub exponent: f64,
    /// The last step that it is of.
    pub end: f64,
}

impl Profile {
    /// The inner product of two profiles, `∫ p q`; with `s <= t` the ends,
    /// `(γ_s + 1) (γ_t + 1) (s / t)^γ_t / ((γ_s + γ_t + 1) t)`.
    fn inner(self, other: Self) -> f64 {
        let (early, late) = if self.end <= other.end { (self, other) } else { (other, self) };
        let both = (early.exponent + 1.0) * (late.exponent + 1.0);
        let sum = early.exponent + late.exponent + 1.0;
        both * (early.end / late.end).powf(late.exponent) / (sum * late.end)
    }
}

/// Coefficients of snapshots.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// One for each snapshot.
    pub coefficients: Vec<f64>,
    /// `|| sum x_i p_i - p || / || p ||`: 0 where the profile is met.
    pub error: f64,
}

impl Fit {
    /// The coefficients with which snapshots are nearest to what is wanted.
    ///
    /// # Panics
    /// If there are no snapshots, or a profile is none: its end is above 0.
    pub fn of(snapshots: &[Profile], wanted: Profile) -> Self {
        // Profiles of length 1: early ones are far higher than late ones.
        let length = |profile: Profile| profile.inner(profile).sqrt();
        let cosine = |a: Profile, b: Profile| a.inner(b) / (length(a) * length(b));
        let count = snapshots.len();
        let gram = Mat::from_fn(count, count, |i, j| cosine(snapshots[i], snapshots[j]));
        let eigen = gram.self_adjoint_eigen(Side::Lower).expect("a matrix of finite numbers");
        let (vectors, values) = (eigen.U(), eigen.S().column_vector());
        let largest = values[count - 1];
        let target: Vec<f64> = snapshots.iter().map(|&snapshot| cosine(snapshot, wanted)).collect();
        let mut directions = vec![0.0; count];
        for direction in (0..count).filter(|&i| values[i] > SMALLEST_DIRECTION * largest) {
            let along: f64 = (0..count).map(|i| vectors[(i, direction)] * target[i]).sum();
            for (i, sum) in directions.iter_mut().enumerate() {
                *sum += vectors[(i, direction)] * along / values[direction];
            }
        }
        let missed = |i: usize| -> f64 {
            (0..count).map(|j| gram[(i, j)] * directions[j]).sum::<f64>() - 2.0 * target[i]
        };
        let square = 1.0 + (0..count).map(|i| directions[i] * missed(i)).sum::<f64>();
        let scale = |i: usize| length(wanted) / length(snapshots[i]);
        Self {
            coefficients: (0..count).map(|i| directions[i] * scale(i)).collect(),
            error: square.max(0.0).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::averages::power_average::{decay, exponent};

    /// Snapshots of both widths every `every` steps until `end`.
    fn snapshots(every: u64, end: u64) -> Vec<Profile> {
        let steps = (1..=end / every).map(|i| (i * every) as f64);
        steps
            .flat_map(|end| [0.05, 0.10].map(|width| Profile { exponent: exponent(width), end }))
            .collect()
    }

    #[test]
    fn inner_products_are_integrals() {
        let pieces = 400_000;
        let pairs =
            [((6.94, 3.0), (16.97, 5.0)), ((0.5, 5.0), (2.0, 1.0)), ((3.0, 2.0), (3.0, 2.0))];
        for ((first, first_end), (second, second_end)) in pairs {
            let both = [(first, first_end), (second, second_end)]
                .map(|(exponent, end)| Profile { exponent, end });
            let end = first_end.min(second_end);
            let value = |profile: Profile, time: f64| {
                (profile.exponent + 1.0) * time.powf(profile.exponent)
                    / profile.end.powf(profile.exponent + 1.0)
            };
            let sum: f64 = (0..pieces)
                .map(|piece| {
                    let time = (f64::from(piece) + 0.5) / f64::from(pieces) * end;
                    value(both[0], time) * value(both[1], time) * end / f64::from(pieces)
                })
                .sum();
            let found = both[0].inner(both[1]);
            assert!((found - sum).abs() < 1e-6 * sum, "{found}, not {sum}");
            assert_eq!(found, both[1].inner(both[0]));
        }
    }

    #[test]
    fn a_snapshot_is_met_by_itself() {
        let all = snapshots(100, 1000);
        let fit = Fit::of(&all, all[11]);
        assert!(fit.error < 1e-6, "{}", fit.error);
    }

    #[test]
    fn more_snapshots_are_nearer() {
        let wanted = |width| Profile { exponent: exponent(width), end: 1000.0 };
        let error = |every, width| Fit::of(&snapshots(every, 1000), wanted(width)).error;
        for width in [0.06, 0.08, 0.15, 0.2, 0.25] {
            let (few, many) = (error(250, width), error(25, width));
            assert!(many < few && many < 0.03, "{width}: {few}, then {many}");
        }
    }

    /// The averages of a random walk of the weights, kept step by step in f64, against what the snapshots of two others
    /// add up to.
    #[test]
    fn the_average_of_a_run_is_made_of_its_snapshots() {
        let (steps, every) = (2000_u64, 50);
        let walk: Vec<f64> = (0..steps)
            .scan((1_u64, 0.0), |(state, place), _| {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *place += (*state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0;
                Some(*place)
            })
            .collect();
        let direct = |width: f64, end: u64| {
            let power = exponent(width);
            (1..=end).fold(0.0, |average, step| {
                let kept = decay(power, step);
                kept * average + (1.0 - kept) * walk[step as usize - 1]
            })
        };
        let profiles = snapshots(every, steps);
        let kept: Vec<f64> = (1..=steps / every)
            .flat_map(|i| [0.05, 0.10].map(|width| direct(width, i * every)))
            .collect();
        for width in [0.06, 0.08, 0.12, 0.2] {
            let fit = Fit::of(&profiles, Profile { exponent: exponent(width), end: steps as f64 });
            let made: f64 =
                fit.coefficients.iter().zip(&kept).map(|(x, average)| x * average).sum();
            let wanted = direct(width, steps);
            // How far the averages of both widths lie apart is what a wrong coefficient would show.
            let scale = (direct(0.05, steps) - direct(0.10, steps)).abs();
            assert!(
                (made - wanted).abs() < 0.02 * scale,
                "{width}: {made}, not {wanted} ({scale})"
            );
        }
    }
}
