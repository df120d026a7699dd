//! Arithmetic on one row, written so that the compiler vectorises it.
//!
//! Everything here is inlined into [`vectorised`], which compiles it for the widest vectors the
//! processor has.

/// Independent partial sums: one vector register of the widest kind.
const LANES: usize = 16;

/// Runs `job` compiled for this processor's vector instructions.
pub(super) fn vectorised<R>(job: impl FnOnce() -> R) -> R {
    struct Job<F>(F);
    impl<R, F: FnOnce() -> R> pulp::WithSimd for Job<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) -> R {
            simd.vectorize(
                #[inline(always)]
                || (self.0)(),
            )
        }
    }
    pulp::Arch::new().dispatch(Job(job))
}

#[inline(always)]
pub(super) fn sum(x: &[f32]) -> f32 {
    fold(x, x, |x, _| x)
}

#[inline(always)]
pub(super) fn dot(x: &[f32], y: &[f32]) -> f32 {
    fold(x, y, |x, y| x * y)
}

/// `sum_i f(x_i, y_i)`.
#[inline(always)]
pub(super) fn fold(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (x_chunks, y_chunks) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let (x_rest, y_rest) = (x_chunks.remainder(), y_chunks.remainder());
    for (x, y) in x_chunks.zip(y_chunks) {
        for lane in 0..LANES {
            lanes[lane] += f(x[lane], y[lane]);
        }
    }
    let mut total = 0.0;
    for (x, y) in x_rest.iter().zip(y_rest) {
        total += f(*x, *y);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0] + total
}

/// Mean and `1 / sqrt(variance + epsilon)` of a row.
#[inline(always)]
pub(super) fn mean_and_inverse(x: &[f32], epsilon: f32) -> (f32, f32) {
    let mean = sum(x) / x.len() as f32;
    let variance = fold(x, x, |x, _| (x - mean) * (x - mean)) / x.len() as f32;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// `1 / sqrt(mean(x^2) + epsilon)` of a row.
#[inline(always)]
pub(super) fn rms_inverse(x: &[f32], epsilon: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + epsilon).sqrt()
}

/// The largest element; minus infinity if there is none.
#[inline(always)]
pub(super) fn largest(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |most, &x| larger(most, x))
}

/// Replaces every `x` by `e^(x - shift)`; returns their sum.
#[inline(always)]
pub(super) fn exp_and_sum(x: &mut [f32], shift: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let mut chunks = x.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            chunk[lane] = exp(chunk[lane] - shift);
            lanes[lane] += chunk[lane];
        }
    }
    let mut total = 0.0;
    for x in chunks.into_remainder() {
        *x = exp(*x - shift);
        total += *x;
    }
    sum(&lanes) + total
}

/// `e^x` to within 2 ulp for finite results; exactly 0 below -87 (Cody and Waite's reduction and
/// Cephes' polynomial; the library's `exp` does not vectorise).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = core::f32::consts::LOG2_E;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 · 2^23 rounds to the nearest integer, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.0, 88.0);
    let rounded = clamped * LOG2_E + ROUND;
    let power = rounded - ROUND;
    let r = (clamped - power * LN2_HIGH) - power * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5e-1;
    let mantissa = p * (r * r) + r + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits());
    let scale = f32::from_bits(exponent.wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { mantissa * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_ulp() {
        let mut worst = 0.0_f64;
        for i in -8_700..8_800 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
        }
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "{worst}");
        assert_eq!((exp(-1e9), exp(f32::NEG_INFINITY)), (0.0, 0.0));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn the_largest_is_found_anywhere_and_exponentials_are_summed() {
        for count in [1, 15, 16, 17, 100] {
            for place in [0, count / 2, count - 1] {
                let mut x = vec![-2.0; count];
                x[place] = 3.0;
                assert_eq!(largest(&x), 3.0);
                let expected = 1.0 + (count - 1) as f32 * exp(-5.0);
                let total = exp_and_sum(&mut x, 3.0);
                assert!((total - expected).abs() < 1e-5, "{total} for {expected}");
                assert_eq!(x[place], 1.0);
            }
        }
        assert_eq!(largest(&[]), f32::NEG_INFINITY);
    }

    #[test]
    fn sums_reach_every_element() {
        for count in [1, 15, 16, 17, 100] {
            let x: Vec<f32> = (0..count).map(|i| i as f32).collect();
            assert_eq!(sum(&x), (count * (count - 1) / 2) as f32);
        }
    }
}
