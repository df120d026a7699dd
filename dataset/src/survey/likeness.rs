//! Images that look alike: the difference hash.

use std::collections::HashMap;

use crate::Raster;
use crate::transform::{Filter, resize};

/// Rows of the small picture that is hashed; it has one column more.
const ROWS: usize = 8;

/// The difference hash of an image, 64 bits: of a picture of it of 8 rows of 9 pixels, whether each is brighter than its
/// left neighbour. It hardly changes with size, compression and colour; drawings on plain grounds look alike to it
/// that are not.
///
/// N. Krawetz, "Kind of Like That", 2013.
pub fn difference_hash(image: &Raster) -> u64 {
    let small = resize(image, ROWS + 1, ROWS, Filter::Box);
    let brightness = |pixel: &[u8]| pixel.iter().map(|value| u32::from(*value)).sum::<u32>();
    let mut bits = 0;
    for row in small.rows() {
        let values: Vec<u32> = row.chunks_exact(small.channels()).map(brightness).collect();
        for pair in values.windows(2) {
            bits = bits << 1 | u64::from(pair[1] > pair[0]);
        }
    }
    bits
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

    fn image(of: impl Fn(usize, usize) -> u8) -> Raster {
        let (width, height) = (60, 40);
        let pixels = (0..width * height).flat_map(|i| [of(i % width, i / width); 3]).collect();
        Raster::new(width, height, 3, pixels).unwrap()
    }

    #[test]
    fn a_smaller_brighter_copy_is_alike_and_a_mirror_image_is_not() {
        let wave = |x: usize, y: usize| {
            (80.0 + 70.0 * (x as f64 / 8.0).sin() * (y as f64 / 6.0 + 1.0).cos()) as u8
        };
        let original = image(wave);
        let hash = difference_hash(&original);
        let brighter = difference_hash(&image(|x, y| wave(x, y) + 50));
        let smaller = difference_hash(&resize(&original, 33, 21, Filter::Bicubic));
        let mirrored = difference_hash(&original.flip_horizontal());
        assert_eq!(hash, brighter);
        let [near, far] = [smaller, mirrored].map(|other| (hash ^ other).count_ones());
        assert!(near <= 6 && far > 20, "{near} {far}");
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
