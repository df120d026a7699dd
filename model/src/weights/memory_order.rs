//! From a stored tensor to values in memory as a model has them: in its number format, the matrices
//! of linear layers transposed, checked to be finite, all in one pass over chunks that fit the caches.
//!
//! Besides the result, no more than some chunks are in memory at any time.

use std::io;

use crc32fast::Hasher;
use half::{bf16, f16};
use rayon::prelude::*;

use super::DType;
use super::float::Float;
use super::stored_tensor::StoredTensor;

/// Values that a thread reads and converts at once. They fit the fastest caches of a core, and are
/// few enough for allocators to use the same memory again instead of asking the system for new pages.
const PIECE: usize = 16 << 10;

/// Values of a chunk whose rows become columns together: 4 MiB in f32. Threads wait for each other at
/// its end, which few chunks make rare.
const CHUNK: usize = 1 << 20;

/// Columns that a thread takes at once of a chunk: a cache line in f32.
const BAND: usize = 16;

/// Values of a tensor, and whether all are finite.
pub(super) struct Laid<T> {
    pub(super) values: Vec<T>,
    pub(super) finite: bool,
}

/// Why values could not be laid out.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The tensor has integers.
    Integers,
    /// The file cannot be read, or fails its checksum.
    Io(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The values in the order in which they are stored.
pub(super) fn row_major<T: Float>(stored: &StoredTensor<'_>) -> Result<Laid<T>, Unreadable> {
    let mut values = T::zeros(stored.count());
    let mut state = State::new();
    fill(stored, 0, &mut values, &mut state)?;
    state.finish(stored, values)
}

/// The values of a matrix `[rows, columns]` as those of `[columns, rows]`.
pub(super) fn transposed<T: Float>(
    stored: &StoredTensor<'_>,
    [rows, columns]: [usize; 2],
) -> Result<Laid<T>, Unreadable> {
    let mut values = T::zeros(rows * columns);
    let mut state = State::new();
    let rows_at_once = CHUNK / columns.max(1) / BAND * BAND;
    let rows_at_once = rows_at_once.max(BAND).min(rows.max(1));
    let mut chunk = T::zeros(rows_at_once * columns);
    for first in (0..rows).step_by(rows_at_once) {
        let count = rows_at_once.min(rows - first);
        let chunk = &mut chunk[..count * columns];
        fill(stored, first * columns, chunk, &mut state)?;
        let chunk = &*chunk;
        values.par_chunks_mut((rows * BAND).max(1)).enumerate().for_each(|(band, into)| {
            transpose_band(chunk, columns, band * BAND, into, rows, first);
        });
    }
    state.finish(stored, values)
}

/// Writes some columns of a chunk as parts of rows of `rows` values, from value `first` of each on.
fn transpose_band<T: Copy>(
    chunk: &[T],
    columns: usize,
    first_column: usize,
    into: &mut [T],
    rows: usize,
    first: usize,
) {
    let is_whole = into.len() == BAND * rows;
    for (number, tile) in chunk.chunks(BAND * columns).enumerate() {
        let at = first + number * BAND;
        let height = tile.len() / columns;
        if is_whole && height == BAND {
            // Of a known size, so that it is unrolled.
            let lines: [&[T]; BAND] =
                std::array::from_fn(|row| &tile[row * columns + first_column..][..BAND]);
            for (column, target) in into.chunks_exact_mut(rows).enumerate() {
                let values: [T; BAND] = std::array::from_fn(|row| lines[row][column]);
                target[at..at + BAND].copy_from_slice(&values);
            }
        } else {
            for (column, target) in into.chunks_exact_mut(rows).enumerate() {
                for (row, target) in target[at..at + height].iter_mut().enumerate() {
                    *target = tile[row * columns + first_column + column];
                }
            }
        }
    }
}

/// What is known of the values read so far.
struct State {
    checksum: Hasher,
    finite: bool,
}

impl State {
    fn new() -> Self {
        Self { checksum: Hasher::new(), finite: true }
    }

    /// Takes in what is known of the values behind.
    fn append(&mut self, next: &Self) {
        self.checksum.combine(&next.checksum);
        self.finite &= next.finite;
    }

    fn finish<T>(self, stored: &StoredTensor<'_>, values: Vec<T>) -> Result<Laid<T>, Unreadable> {
        stored.verify(self.checksum)?;
        Ok(Laid { values, finite: self.finite })
    }
}

/// Reads the values from number `first` on, in parallel.
fn fill<T: Float>(
    stored: &StoredTensor<'_>,
    first: usize,
    into: &mut [T],
    state: &mut State,
) -> Result<(), Unreadable> {
    let pieces: Vec<State> = into
        .par_chunks_mut(PIECE)
        .enumerate()
        .map(|(number, piece)| fill_piece(stored, first + number * PIECE, piece))
        .collect::<Result<_, _>>()?;
    for piece in &pieces {
        state.append(piece);
    }
    Ok(())
}

fn fill_piece<T: Float>(
    stored: &StoredTensor<'_>,
    first: usize,
    into: &mut [T],
) -> Result<State, Unreadable> {
    let mut state = State::new();
    match stored.dtype() {
        same if same == T::STORED => stored.read(first, into, &mut state.checksum)?,
        DType::F64 => convert::<f64, T>(stored, first, into, &mut state.checksum)?,
        DType::F32 => convert::<f32, T>(stored, first, into, &mut state.checksum)?,
        DType::F16 => convert::<f16, T>(stored, first, into, &mut state.checksum)?,
        DType::BF16 => convert::<bf16, T>(stored, first, into, &mut state.checksum)?,
        DType::I64 | DType::I32 | DType::I16 | DType::I8 | DType::U8 | DType::Bool => {
            return Err(Unreadable::Integers);
        }
    }
    state.finite = T::all_finite(into);
    Ok(state)
}

fn convert<S: Float, T: Float>(
    stored: &StoredTensor<'_>,
    first: usize,
    into: &mut [T],
    checksum: &mut Hasher,
) -> io::Result<()> {
    let mut source = S::zeros(into.len());
    stored.read(first, &mut source, checksum)?;
    if T::STORED == DType::F32 {
        S::widen(&source, bytemuck::cast_slice_mut(into));
    } else if S::STORED == DType::F32 {
        T::round(bytemuck::cast_slice(&source), into);
    } else {
        let mut wide = vec![0.0; into.len()];
        S::widen(&source, &mut wide);
        T::round(&wide, into);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::TensorInfo;

    /// A matrix of `i` at place `i`, exact in any format up to 256, then modulo 251.
    fn values(count: usize) -> Vec<f32> {
        (0..count).map(|place| (place % 251) as f32).collect()
    }

    fn check<T: Float>(stored: DType, [rows, columns]: [usize; 2]) {
        let source = values(rows * columns);
        let info = TensorInfo { shape: vec![rows, columns], dtype: stored };
        for big_endian in [false, true] {
            let mut bytes = stored.from_f32(&source).unwrap();
            if big_endian {
                bytes.chunks_exact_mut(stored.size_in_bytes()).for_each(<[u8]>::reverse);
            }
            let tensor = StoredTensor::in_memory(&info, bytes, big_endian);
            let widened = |laid: Laid<T>| {
                let mut wide = vec![0.0; laid.values.len()];
                T::widen(&laid.values, &mut wide);
                (wide, laid.finite)
            };
            let plain = widened(row_major::<T>(&tensor).unwrap());
            assert_eq!(plain, (source.clone(), true), "{stored:?}");
            let (turned, finite) = widened(transposed::<T>(&tensor, [rows, columns]).unwrap());
            assert!(finite);
            for (place, value) in turned.iter().enumerate() {
                let (column, row) = (place / rows.max(1), place % rows.max(1));
                let expected = source[row * columns + column];
                assert_eq!(*value, expected, "{stored:?} {rows}x{columns} at {place}");
            }
        }
    }

    #[test]
    fn every_format_is_laid_out_from_every_format() {
        for stored in [DType::F64, DType::F32, DType::F16, DType::BF16] {
            for shape in [[0, 3], [3, 0], [1, 1], [16, 16], [33, 47]] {
                check::<f64>(stored, shape);
                check::<f32>(stored, shape);
                check::<f16>(stored, shape);
                check::<bf16>(stored, shape);
            }
        }
    }

    #[test]
    fn matrices_larger_than_a_chunk_are_whole() {
        check::<f32>(DType::F32, [2 * CHUNK / 500 + 7, 500]);
        check::<bf16>(DType::F32, [3, CHUNK + 5]);
    }

    #[test]
    fn one_value_that_is_not_finite_is_noticed_wherever_it_is() {
        let count = 3 * PIECE;
        let info = TensorInfo { shape: vec![3, PIECE], dtype: DType::F32 };
        for place in [0, PIECE + 1, count - 1] {
            let mut source = values(count);
            source[place] = f32::INFINITY;
            let bytes = DType::F32.from_f32(&source).unwrap();
            let tensor = StoredTensor::in_memory(&info, bytes, false);
            assert!(!row_major::<f32>(&tensor).unwrap().finite);
            assert!(!transposed::<f16>(&tensor, [3, PIECE]).unwrap().finite);
        }
    }
}
