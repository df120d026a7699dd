//! Values in another number format, and what is lost on the way.

use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::vec::HalfFloatVecExt;
use half::{bf16, f16};
use rayon::prelude::*;

use super::DType;

/// Values converted at once by a thread.
const PIECE: usize = 16 << 10;

/// The largest errors of values in another number format.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rounding {
    /// Largest difference.
    pub absolute: f64,
    /// Largest difference in proportion to the value; values of 0 aside, which are exact.
    pub relative: f64,
}

impl Rounding {
    /// The larger of both.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            absolute: self.absolute.max(other.absolute),
            relative: self.relative.max(other.relative),
        }
    }
}

/// A value that has no place in a number format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unconvertible {
    /// It is infinite or undefined.
    NotFinite {
        /// Its number.
        at: usize,
    },
    /// It is beyond the largest of the format.
    TooLarge {
        /// The value.
        value: f64,
    },
    /// It is an integer, and integers stay as they are.
    Integer,
}

/// Converts values, both as little-endian bytes; the errors are measured in f64.
///
/// Values that keep their format are copied, whatever it is.
///
/// # Errors
/// The first value that cannot be converted.
pub fn convert_values(
    bytes: &[u8],
    from: DType,
    to: DType,
) -> Result<(Vec<u8>, Rounding), Unconvertible> {
    let float = |dtype: DType| dtype.from_f32(&[]).is_some();
    if from == to && !float(from) {
        return Ok((bytes.to_vec(), Rounding::default()));
    }
    if !float(from) || !float(to) {
        return Err(Unconvertible::Integer);
    }
    let mut converted = vec![0; bytes.len() / from.size_in_bytes() * to.size_in_bytes()];
    let rounding = bytes
        .par_chunks(PIECE * from.size_in_bytes())
        .zip(converted.par_chunks_mut(PIECE * to.size_in_bytes()))
        .enumerate()
        .map(|(piece, (bytes, into))| convert_piece(bytes, from, to, into, piece * PIECE))
        .collect::<Result<Vec<_>, _>>()?;
    let largest = rounding.into_iter().fold(Rounding::default(), Rounding::max);
    Ok((converted, largest))
}

/// Converts some values, the first of which has the number `first`.
fn convert_piece(
    bytes: &[u8],
    from: DType,
    to: DType,
    into: &mut [u8],
    first: usize,
) -> Result<Rounding, Unconvertible> {
    let exact = decode(bytes, from);
    if let Some(at) = exact.iter().position(|value| !value.is_finite()) {
        return Err(Unconvertible::NotFinite { at: first + at });
    }
    if from == to {
        into.copy_from_slice(bytes);
        return Ok(Rounding::default());
    }
    encode(&exact, to, into);
    let mut rounding = Rounding::default();
    for (exact, stored) in exact.into_iter().zip(decode(into, to)) {
        if !stored.is_finite() {
            return Err(Unconvertible::TooLarge { value: exact });
        }
        let absolute = (stored - exact).abs();
        let relative = if exact == 0.0 { 0.0 } else { absolute / exact.abs() };
        rounding = rounding.max(Rounding { absolute, relative });
    }
    Ok(rounding)
}

/// Floats from their bytes.
fn decode(bytes: &[u8], dtype: DType) -> Vec<f64> {
    let half = |bytes: &[u8]| -> Vec<u16> {
        let (chunks, _) = bytes.as_chunks::<2>();
        chunks.iter().map(|chunk| u16::from_le_bytes(*chunk)).collect()
    };
    let widened = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
    match dtype {
        DType::F64 => {
            let (chunks, _) = bytes.as_chunks::<8>();
            chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect()
        }
        DType::F32 => {
            let (chunks, _) = bytes.as_chunks::<4>();
            let value = |chunk: &[u8; 4]| f64::from(f32::from_le_bytes(*chunk));
            chunks.iter().map(value).collect()
        }
        DType::F16 => widened(half(bytes).reinterpret_cast::<f16>().to_f32_vec()),
        DType::BF16 => widened(half(bytes).reinterpret_cast::<bf16>().to_f32_vec()),
        DType::I64 | DType::I32 | DType::I16 | DType::I8 | DType::U8 | DType::Bool => Vec::new(),
    }
}

/// Writes floats, each rounded once to the nearest, of two alike to the even one.
fn encode(values: &[f64], dtype: DType, into: &mut [u8]) {
    let mut write_half = |bits: &[u16]| {
        let (chunks, _) = into.as_chunks_mut::<2>();
        for (bits, into) in bits.iter().zip(chunks) {
            *into = bits.to_le_bytes();
        }
    };
    // The crate's own way from f64 looks at the upper half of the bits only.
    let narrow = || -> Vec<f32> { values.iter().map(|value| round_to_odd(*value)).collect() };
    match dtype {
        DType::F16 => write_half(Vec::<f16>::from_f32_slice(&narrow()).reinterpret_cast()),
        DType::BF16 => write_half(Vec::<bf16>::from_f32_slice(&narrow()).reinterpret_cast()),
        DType::F32 => {
            let (chunks, _) = into.as_chunks_mut::<4>();
            for (value, into) in values.iter().zip(chunks) {
                *into = (*value as f32).to_le_bytes();
            }
        }
        DType::F64 => {
            let (chunks, _) = into.as_chunks_mut::<8>();
            for (value, into) in values.iter().zip(chunks) {
                *into = value.to_le_bytes();
            }
        }
        DType::I64 | DType::I32 | DType::I16 | DType::I8 | DType::U8 | DType::Bool => {}
    }
}

/// The `f32` for a value; of the two beside one that is none, that whose last bit is 1. Rounding it
/// again to fewer bits gives what rounding the value itself would (Boldo and Melquiond, 2008).
fn round_to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    let back = f64::from(nearest);
    if back == value {
        return nearest;
    }
    let towards_zero = nearest.to_bits() - u32::from(back.abs() > value.abs());
    f32::from_bits(towards_zero | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(values: &[f32], to: DType) -> Result<(Vec<f32>, Rounding), Unconvertible> {
        let bytes = DType::F32.from_f32(values).unwrap();
        let (bytes, rounding) = convert_values(&bytes, DType::F32, to)?;
        Ok((to.to_f32(&bytes).unwrap(), rounding))
    }

    #[test]
    fn the_error_is_that_of_the_worst_value() {
        // f16 has 10 bits behind the first: next to 1 and to 2048 come 1 + 1/1024 and 2050.
        let step = 1.0 / 1024.0;
        let (values, rounding) =
            converted(&[0.0, 1.0 + step / 4.0, 2049.0, -0.5], DType::F16).unwrap();
        assert_eq!(values, [0.0, 1.0, 2048.0, -0.5]);
        assert_eq!(rounding.absolute, 1.0);
        assert_eq!(rounding.relative, 1.0 / 2049.0);
        let (_, exact) = converted(&[0.0, 1.5, -3.0e38], DType::F32).unwrap();
        assert_eq!(exact, Rounding::default());
    }

    #[test]
    fn what_a_format_cannot_hold_is_refused() {
        let mut values = vec![1.0; 3 * PIECE];
        values[2 * PIECE + 5] = 70_000.0;
        let refused = |values: &[f32], to| converted(values, to).unwrap_err();
        assert_eq!(refused(&values, DType::F16), Unconvertible::TooLarge { value: 70_000.0 });
        assert!(converted(&values, DType::BF16).is_ok());
        let largest = Unconvertible::TooLarge { value: f64::from(f32::MAX) };
        assert_eq!(refused(&[f32::MAX], DType::BF16), largest);
        values[2 * PIECE + 4] = f32::NAN;
        let at = 2 * PIECE + 4;
        assert_eq!(refused(&values, DType::F32), Unconvertible::NotFinite { at });
    }

    #[test]
    fn values_are_rounded_once_to_the_nearest_and_between_two_to_the_even_one() {
        // All beside and between neighbours of both formats, the last bits of f32 included.
        let between =
            |bits: u32| (0..3).map(move |last| f32::from_bits(bits.wrapping_add(last) - 1));
        let values: Vec<f32> = (0x3000..0x4700_u32)
            .flat_map(|upper| [0, 0x1000, 0x3000, 0x8000].map(|lower| upper << 16 | lower))
            .flat_map(between)
            .collect();
        for to in [DType::F16, DType::BF16] {
            let (stored, _) = converted(&values, to).unwrap();
            let expected = to.to_f32(&to.from_f32(&values).unwrap()).unwrap();
            assert_eq!(stored, expected, "{to:?}");
        }
    }

    #[test]
    fn an_f64_is_not_rounded_twice() {
        // Just above the middle of 1 and its neighbour in bf16; its nearest f32 is the middle.
        let middle = 1.0 + 1.0 / 256.0;
        for (value, expected) in [(middle, 1.0), (middle + 1e-12, 1.0 + 1.0 / 128.0)] {
            for value in [value, -value] {
                let (bytes, _) =
                    convert_values(&f64::to_le_bytes(value), DType::F64, DType::BF16).unwrap();
                let stored = DType::BF16.to_f32(&bytes).unwrap();
                assert_eq!(f64::from(stored[0]), expected * value.signum());
            }
        }
        let tiny = convert_values(&f64::to_le_bytes(1e-300), DType::F64, DType::F16).unwrap();
        assert_eq!(tiny.0, [0, 0]);
        let huge = convert_values(&f64::to_le_bytes(1e300), DType::F64, DType::BF16);
        assert_eq!(huge.unwrap_err(), Unconvertible::TooLarge { value: 1e300 });
    }

    #[test]
    fn integers_stay_as_they_are() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        let (same, _) = convert_values(&bytes, DType::I64, DType::I64).unwrap();
        assert_eq!(same, bytes);
        let refused = convert_values(&bytes, DType::I64, DType::F16);
        assert_eq!(refused.unwrap_err(), Unconvertible::Integer);
    }
}
