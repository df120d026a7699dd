//! The method of Adams and Bashforth.

use super::Sum;

/// The step `x + Σ w_j v_j`, with `w_j = ∫ L_j(τ) dτ` over the step and `L_j` Lagrange's polynomial
/// of time `j`: exact where the velocity is a polynomial through all slopes given.
///
/// Its order is the number of slopes. (Hairer, Nørsett, Wanner: Solving Ordinary Differential
/// Equations I, III.1 and III.5 for unequal steps.)
pub(in crate::sampler) fn adams_bashforth(times: &[f64], to: f64) -> Sum {
    let now = times[0];
    let weight = |node: usize| {
        let others = (0..times.len()).filter(|&other| other != node);
        // Π (s - a_m) by its coefficients, lowest first, with s counted from the step's start.
        let (mut polynomial, mut scale) = (vec![1.0], 1.0);
        for other in others {
            let root = times[other] - now;
            scale *= times[node] - times[other];
            let mut product = vec![0.0; polynomial.len() + 1];
            for (power, coefficient) in polynomial.iter().enumerate() {
                product[power + 1] += coefficient;
                product[power] -= root * coefficient;
            }
            polynomial = product;
        }
        let integral = |(power, coefficient): (usize, &f64)| {
            coefficient * (to - now).powi(power as i32 + 1) / (power + 1) as f64
        };
        polynomial.iter().enumerate().map(integral).sum::<f64>() / scale
    };
    Sum { state: 1.0, predictions: (0..times.len()).map(weight).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &Sum, expected: &[f64]) -> bool {
        let pairs = found.predictions.iter().zip(expected);
        found.predictions.len() == expected.len()
            && pairs.clone().all(|(a, b)| (a - b).abs() < 1e-14)
    }

    #[test]
    fn even_steps_have_the_textbooks_weights() {
        assert!(close(&adams_bashforth(&[0.5], 0.75), &[0.25]));
        assert!(close(&adams_bashforth(&[2.0, 1.0], 3.0), &[3.0 / 2.0, -1.0 / 2.0]));
        let third = [23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0];
        assert!(close(&adams_bashforth(&[3.0, 2.0, 1.0], 4.0), &third));
    }

    #[test]
    fn of_unequal_steps_the_second_order_is_the_known_one() {
        // h (1 + r / 2) and -h r / 2, with r the ratio of the steps.
        let (h, r) = (0.3, 0.3 / 0.2);
        let expected = [h * (1.0 + r / 2.0), -h * r / 2.0];
        assert!(close(&adams_bashforth(&[0.5, 0.3], 0.8), &expected));
    }
}
