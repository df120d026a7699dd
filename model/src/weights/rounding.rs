//! Values in another number format, and what is lost on the way.

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
    let largest = rounding
        .into_iter()
        .fold(Rounding::default(), Rounding::max);
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
    let mut rounding = Rounding::default();
    let values = bytes.chunks_exact(from.size_in_bytes());
    for (at, (value, into)) in values
        .zip(into.chunks_exact_mut(to.size_in_bytes()))
        .enumerate()
    {
        let exact = decode(value, from);
        if !exact.is_finite() {
            return Err(Unconvertible::NotFinite { at: first + at });
        }
        let stored = encode(exact, to, into);
        if !stored.is_finite() {
            return Err(Unconvertible::TooLarge { value: exact });
        }
        let absolute = (stored - exact).abs();
        let relative = if exact == 0.0 {
            0.0
        } else {
            absolute / exact.abs()
        };
        rounding = rounding.max(Rounding { absolute, relative });
    }
    Ok(rounding)
}

/// A float from its bytes.
fn decode(bytes: &[u8], dtype: DType) -> f64 {
    match (dtype, bytes) {
        (DType::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        (DType::F32, &[a, b, c, d]) => f64::from(f32::from_le_bytes([a, b, c, d])),
        (DType::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f64(),
        (DType::BF16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f64(),
        _ => f64::NAN,
    }
}

/// Writes a float; returns what it has become.
fn encode(value: f64, dtype: DType, into: &mut [u8]) -> f64 {
    match dtype {
        DType::F64 => {
            into.copy_from_slice(&value.to_le_bytes());
            value
        }
        DType::F32 => {
            into.copy_from_slice(&(value as f32).to_le_bytes());
            f64::from(value as f32)
        }
        DType::F16 => {
            let rounded = f16::from_f64(value);
            into.copy_from_slice(&rounded.to_le_bytes());
            rounded.to_f64()
        }
        DType::BF16 => {
            let rounded = bf16::from_f64(value);
            into.copy_from_slice(&rounded.to_le_bytes());
            rounded.to_f64()
        }
        _ => f64::NAN,
    }
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
        assert_eq!(
            refused(&values, DType::F16),
            Unconvertible::TooLarge { value: 70_000.0 }
        );
        assert!(converted(&values, DType::BF16).is_ok());
        let largest = Unconvertible::TooLarge {
            value: f64::from(f32::MAX),
        };
        assert_eq!(refused(&[f32::MAX], DType::BF16), largest);
        values[2 * PIECE + 4] = f32::NAN;
        let at = 2 * PIECE + 4;
        assert_eq!(
            refused(&values, DType::F32),
            Unconvertible::NotFinite { at }
        );
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
