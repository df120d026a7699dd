//! Between bf16, in which tensors are kept, and f32, in which the operations compute.

use burn::tensor::bf16;
use rayon::prelude::*;

use super::rows::vectorised;

/// Values of a task.
const CHUNK: usize = 1 << 15;

/// The same numbers in f32.
pub(super) fn widened(halves: &[bf16]) -> Vec<f32> {
    let mut values = vec![0.0; halves.len()];
    values.par_chunks_mut(CHUNK).zip(halves.par_chunks(CHUNK)).for_each(|(values, halves)| {
        vectorised(
            #[inline(always)]
            || {
                for (value, half) in values.iter_mut().zip(halves) {
                    *value = f32::from_bits(u32::from(half.to_bits()) << 16);
                }
            },
        );
    });
    values
}

/// The nearest numbers in bf16, of two as near the even one.
pub(super) fn narrowed(values: &[f32]) -> Vec<bf16> {
    let mut halves = vec![bf16::ZERO; values.len()];
    halves.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(halves, values)| {
        vectorised(
            #[inline(always)]
            || {
                for (half, value) in halves.iter_mut().zip(values) {
                    *half = bf16::from_bits(nearest(*value));
                }
            },
        );
    });
    halves
}

/// The bits of the nearest bf16.
#[inline(always)]
fn nearest(value: f32) -> u16 {
    let bits = value.to_bits();
    let is_odd = (bits >> 16) & 1;
    let rounded = bits.wrapping_add(0x7fff + is_odd) >> 16;
    // What is no number stays none: its upper half may be that of an infinity.
    let quiet = (bits >> 16) | 0x40;
    (if value.is_nan() { quiet } else { rounded }) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_crate_half_for_every_upper_half_and_around_its_middle() {
        for upper in 0..=u32::from(u16::MAX) {
            for lower in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let value = f32::from_bits(upper << 16 | lower);
                let expected = bf16::from_f32(value);
                assert_eq!(nearest(value), expected.to_bits(), "{value} {upper:x} {lower:x}");
            }
        }
    }

    #[test]
    fn what_is_widened_is_narrowed_to_the_same_bits() {
        let halves: Vec<bf16> = (0..=u16::MAX).map(bf16::from_bits).collect();
        let again = narrowed(&widened(&halves));
        let same = |(a, b): (&bf16, &bf16)| a == b || a.is_nan() && b.is_nan();
        assert!(halves.iter().zip(&again).all(same));
    }
}
