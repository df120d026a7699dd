//! The power-function average: weights of all steps, those of late steps counting more by a power of the time.
//!
//! After step `t` the average of the weights `w(1) ... w(t)` has the profile
//! `p(s) = (γ + 1) s^γ / t^(γ + 1)`, 0 <= s <= t (arXiv 2312.02696, equation 3): its shape stays the same as it grows,
//! and with it its *relative* standard deviation, by which it is named.

/// The relative standard deviation of the profile with an exponent,
/// `sqrt((γ + 1) / ((γ + 2)² (γ + 3)))` (equation 6).
pub fn relative_deviation(exponent: f64) -> f64 {
    ((exponent + 1.0) / ((exponent + 2.0).powi(2) * (exponent + 3.0))).sqrt()
}

/// The exponent of the profile with a relative standard deviation, which falls as the exponent grows.
///
/// # Panics
/// If there is none: the deviation is above 0, and below 0.28, that of an exponent near 0.
pub fn exponent(deviation: f64) -> f64 {
    assert!(deviation > 0.0 && deviation < 0.28, "no exponent has the deviation {deviation}");
    let (mut low, mut high) = (0.0, 1.0 / deviation);
    // Halved until two neighbouring numbers are left.
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if relative_deviation(middle) > deviation { low = middle } else { high = middle }
    }
}

/// What is left of the average at step `t`, counted from 1: `(1 - 1/t)^(γ + 1)` (equation 4).
///
/// It is the share of the profile before step `t`, so that `w(s)` has exactly the weight of the profile between
/// `s - 1` and `s`.
pub fn decay(exponent: f64, step: u64) -> f64 {
    (1.0 - 1.0 / step as f64).powf(exponent + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_the_paper() {
        // Section 3.1: 0.05 and 0.10 have the exponents 16.97 and 6.94.
        assert!((exponent(0.05) - 16.97).abs() < 5e-3, "{}", exponent(0.05));
        assert!((exponent(0.10) - 6.94).abs() < 5e-3, "{}", exponent(0.10));
        for deviation in [0.01, 0.05, 0.1, 0.25, 0.279] {
            let error = relative_deviation(exponent(deviation)) - deviation;
            assert!(error.abs() < 1e-12, "{deviation}: {error}");
        }
    }

    #[test]
    fn the_deviation_is_that_of_the_profile() {
        // Mean and variance of the profile of [0, 1], summed in a million pieces.
        let pieces = 1_000_000;
        for power in [0.5, 6.94, 16.97] {
            let (mut mean, mut square) = (0.0, 0.0);
            for piece in 0..pieces {
                let time = (f64::from(piece) + 0.5) / f64::from(pieces);
                let weight = (power + 1.0) * time.powf(power) / f64::from(pieces);
                mean += weight * time;
                square += weight * time * time;
            }
            let deviation = (square - mean * mean).sqrt();
            assert!((deviation - relative_deviation(power)).abs() < 1e-6, "{power}: {deviation}");
        }
    }

    #[test]
    fn a_step_has_its_part_of_the_profile() {
        let (power, steps) = (exponent(0.1), 50_u64);
        let share = |step: u64| (step as f64 / steps as f64).powf(power + 1.0);
        let mut weights = vec![0.0; steps as usize];
        for step in 1..=steps {
            let kept = decay(power, step);
            for weight in &mut weights {
                *weight *= kept;
            }
            weights[step as usize - 1] = 1.0 - kept;
        }
        for step in 1..=steps {
            let (found, expected) = (weights[step as usize - 1], share(step) - share(step - 1));
            assert!((found - expected).abs() < 1e-14, "step {step}: {found}, not {expected}");
        }
    }
}
