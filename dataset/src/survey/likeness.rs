//! Images that look alike: the difference hash.

use std::collections::HashMap;

use crate::Raster;

/// Rows of the small picture that is hashed; it has one column more.
const ROWS: usize = 8;

/// The difference hash of an image, 64 bits: of 8 rows of 9 mean brightnesses, whether each is brighter than its left
/// neighbour. It hardly changes with size, compression and colour; drawings on plain grounds look alike to it that
/// are not.
///
/// N. Krawetz, "Kind of Like That", 2013.
pub fn difference_hash(image: &Raster) -> u64 {
    let mut bits = 0;
    for row in 0..ROWS {
        let means: [f64; ROWS + 1] = std::array::from_fn(|column| mean(image, row, column));
        for pair in means.windows(2) {
            bits = bits << 1 | u64::from(pair[1] > pair[0]);
        }
    }
    bits
}

/// Mean brightness of a cell: the channels' sum over its pixels.
fn mean(image: &Raster, row: usize, column: usize) -> f64 {
    let part = |index: usize, of: usize, side: usize| {
        let (first, end) = (index * side / of, (index + 1) * side / of);
        // Of images smaller than the grid some cells share a pixel.
        first.min(side - 1)..end.max(first + 1).min(side)
    };
    let (rows, columns) = (part(row, ROWS, image.height()), part(column, ROWS + 1, image.width()));
    let channels = image.channels();
    let of_row = |line: &[u8]| {
        let cell = &line[columns.start * channels..columns.end * channels];
        cell.iter().map(|value| u64::from(*value)).sum::<u64>()
    };
    let sum: u64 = image.rows().skip(rows.start).take(rows.len()).map(of_row).sum();
    sum as f64 / (rows.len() * columns.len()) as f64
}

/// For each hash the first one before it that differs in at most `bits` of its bits, 63 at most, if there is one that
/// has none itself.
pub fn alike(hashes: &[u64], bits: u32) -> Vec<Option<usize>> {
    // Of `bits + 1` bands one at least is equal in two hashes that differ in so many bits.
    let bands = bits.min(63) + 1;
    let band = |hash: u64, index: u32| {
        let (first, end) = (64 * index / bands, 64 * (index + 1) / bands);
        hash >> first & (u64::MAX >> (64 - (end - first)))
    };
    let mut first_with: Vec<HashMap<u64, Vec<usize>>> = vec![HashMap::new(); bands as usize];
    let mut found = Vec::with_capacity(hashes.len());
    for (number, &hash) in hashes.iter().enumerate() {
        let candidates = (0..bands).zip(&first_with).filter_map(|(index, numbers)| {
            let numbers = numbers.get(&band(hash, index))?;
            numbers.iter().copied().find(|&other| (hashes[other] ^ hash).count_ones() <= bits)
        });
        let original = candidates.min();
        if original.is_none() {
            for (index, numbers) in (0..bands).zip(&mut first_with) {
                numbers.entry(band(hash, index)).or_default().push(number);
            }
        }
        found.push(original);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::{Filter, resize};

    fn image(of: impl Fn(usize, usize) -> u8) -> Raster {
        let (width, height) = (60, 40);
        let pixels = (0..width * height).flat_map(|i| [of(i % width, i / width); 3]).collect();
        Raster::new(width, height, 3, pixels).unwrap()
    }

    #[test]
    fn a_smaller_brighter_copy_is_alike_and_a_mirror_image_is_not() {
        let wave = |x: usize, y: usize| (60.0 + 40.0 * ((x * y) as f64 / 90.0).sin()) as u8;
        let original = image(wave);
        let hash = difference_hash(&original);
        let brighter = difference_hash(&image(|x, y| wave(x, y) + 50));
        let smaller = difference_hash(&resize(&original, 33, 21, Filter::Bicubic));
        let mirrored = difference_hash(&original.flip_horizontal());
        assert_eq!(hash, brighter);
        let [near, far] = [smaller, mirrored].map(|other| (hash ^ other).count_ones());
        assert!(near <= 4 && far > 10, "{near} {far}");
        // Each column is brighter than the one before.
        assert_eq!(difference_hash(&image(|x, _| x as u8)), u64::MAX);
        let dot = Raster::new(1, 1, 1, vec![7]).unwrap();
        assert_eq!(difference_hash(&dot), 0);
    }

    #[test]
    fn of_those_that_are_alike_the_first_is_found_as_by_comparing_all() {
        let hashes: Vec<u64> = (0_u64..400)
            .map(|i| {
                let base = (i % 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                base ^ (1 << (i % 61)) ^ (1 << (i * 7 % 64))
            })
            .collect();
        for bits in [0, 1, 3, 6, 63] {
            let mut kept: Vec<usize> = Vec::new();
            let slowly: Vec<Option<usize>> = (0..hashes.len())
                .map(|number| {
                    let is_near =
                        |other: &&usize| (hashes[**other] ^ hashes[number]).count_ones() <= bits;
                    let original = kept.iter().find(is_near).copied();
                    if original.is_none() {
                        kept.push(number);
                    }
                    original
                })
                .collect();
            assert_eq!(alike(&hashes, bits), slowly, "{bits}");
        }
    }
}
