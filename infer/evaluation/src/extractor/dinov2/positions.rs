//! Positions of another number of patches than they were learned at.

/// Positions of `to` x `to` patches, made of those of `from` x `from` by a bicubic polynomial.
///
/// The scale is that of `to + 0.1` patches: a remedy against rounding in the reference, which moves every
/// position and is therefore part of its numbers.
///
/// # Shapes
/// - positions: `[from * from, width]`
/// - output: `[to * to, width]`
pub(super) fn interpolated(positions: &[f32], from: usize, to: usize, width: usize) -> Vec<f32> {
    if from == to {
        return positions.to_vec();
    }
    let scale = from as f64 / (to as f64 + 0.1);
    let windows: Vec<[(usize, f64); 4]> = (0..to).map(|i| window(i, scale, from)).collect();
    let mut out = Vec::with_capacity(to * to * width);
    for rows in &windows {
        for columns in &windows {
            out.extend((0..width).map(|feature| {
                let at =
                    |y: usize, x: usize| f64::from(positions[(y * from + x) * width + feature]);
                let of_row = |y| columns.iter().map(|&(x, share)| share * at(y, x)).sum::<f64>();
                rows.iter().map(|&(y, share)| share * of_row(y)).sum::<f64>() as f32
            }));
        }
    }
    out
}

/// The four old places that new place `at` is made of, with their shares; those beyond the border are on it.
fn window(at: usize, scale: f64, from: usize) -> [(usize, f64); 4] {
    let place = (at as f64 + 0.5) * scale - 0.5;
    let low = place.floor();
    std::array::from_fn(|offset| {
        let old = low + offset as f64 - 1.0;
        (old.clamp(0.0, from as f64 - 1.0) as usize, keys(place - old))
    })
}

/// Keys' cubic with a = -0.75, as PyTorch has it.
fn keys(x: f64) -> f64 {
    const A: f64 = -0.75;
    let x = x.abs();
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_one_and_the_same_number_is_left_alone() {
        for at in 0..16 {
            let total: f64 = window(at, 37.0 / 16.1, 37).iter().map(|(_, share)| share).sum();
            assert!((total - 1.0).abs() < 1e-12);
        }
        assert_eq!(interpolated(&[1.0, 2.0, 3.0, 4.0], 2, 2, 1), [1.0, 2.0, 3.0, 4.0]);
        assert!(interpolated(&[5.0; 9], 3, 2, 1).iter().all(|x| (x - 5.0).abs() < 1e-6));
    }
}
