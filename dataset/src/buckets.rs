//! Sizes that images are brought to, so that wide and tall ones need not become squares.

use pixelflow::noise::{Key, Purpose};

use crate::{Error, Result};

/// Two aspect ratios whose logarithms differ by less are one.
const SAME_ASPECT: f64 = 1e-6;

/// The sizes of a run's images; a batch mixes all of them, since its examples are packed.
///
/// An image goes to the sizes of the nearest aspect ratio. If there are several, of which it must
/// not be enlarged to any, one is drawn each time the image is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// `[height, width]` in pixels.
    sizes: Vec<[usize; 2]>,
}

impl Buckets {
    /// These sizes, `[height, width]` in pixels.
    ///
    /// # Errors
    /// [`Error::Config`] if there are none, one is there twice, or a side is not 1 to 4096.
    pub fn new(sizes: Vec<[usize; 2]>) -> Result<Self> {
        let invalid = |value: String, reason: &str| {
            Err(Error::Config { field: "buckets", value, reason: reason.to_owned() })
        };
        if sizes.is_empty() {
            return invalid("empty".to_owned(), "give at least one size");
        }
        for (number, size) in sizes.iter().enumerate() {
            let [height, width] = size;
            let value = format!("{height}x{width}");
            if ![height, width].iter().all(|side| (1..=4096).contains(*side)) {
                return invalid(value, "images can be 1 to 4096 pixels a side");
            }
            if sizes[..number].contains(size) {
                return invalid(value, "it is there twice");
            }
        }
        Ok(Self { sizes })
    }

    /// All sizes, `[height, width]` in pixels.
    pub fn sizes(&self) -> &[[usize; 2]] {
        &self.sizes
    }

    /// The aspect ratio that several of the sizes have, if there is one: an image of it has now one, now another.
    pub fn shared_aspect(&self) -> Option<[[usize; 2]; 2]> {
        let alike =
            |a: &[usize; 2], b: &[usize; 2]| (log_aspect(*a) - log_aspect(*b)).abs() < SAME_ASPECT;
        self.sizes.iter().enumerate().find_map(|(number, size)| {
            let other = self.sizes[..number].iter().find(|other| alike(other, size))?;
            Some([*other, *size])
        })
    }

    /// The size that an image of `[height, width]` pixels has as example `example` of the run.
    ///
    /// Returns an index of [`sizes`](Self::sizes).
    pub fn choose(&self, image: [usize; 2], seed: u64, example: u64) -> usize {
        let distance = |size: &[usize; 2]| (log_aspect(*size) - log_aspect(image)).abs();
        let nearest = self.sizes.iter().map(distance).fold(f64::INFINITY, f64::min);
        let alike = |index: &usize| distance(&self.sizes[*index]) < nearest + SAME_ASPECT;
        let mut candidates: Vec<usize> = (0..self.sizes.len()).filter(alike).collect();
        // As wide as it is high, an image may lie between two ratios: the taller one is taken.
        let tallest = candidates
            .iter()
            .map(|&index| log_aspect(self.sizes[index]))
            .fold(f64::INFINITY, f64::min);
        candidates.retain(|&index| log_aspect(self.sizes[index]) < tallest + SAME_ASPECT);
        let fits = |index: &usize| {
            let [height, width] = self.sizes[*index];
            height <= image[0] && width <= image[1]
        };
        let fitting: Vec<usize> = candidates.iter().copied().filter(fits).collect();
        match fitting.as_slice() {
            [] => {
                let pixels = |index: &usize| self.sizes[*index].iter().product::<usize>();
                candidates.into_iter().min_by_key(pixels).unwrap_or(0)
            }
            [only] => *only,
            several => {
                let key = Key::new(seed, example, Purpose::Bucket);
                several[key.below(several.len() as u64) as usize]
            }
        }
    }
}

/// Logarithm of width over height.
fn log_aspect([height, width]: [usize; 2]) -> f64 {
    (width as f64 / height as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets() -> Buckets {
        Buckets::new(vec![[64, 64], [32, 32], [48, 96], [96, 48]]).unwrap()
    }

    #[test]
    fn the_nearest_aspect_ratio_is_taken() {
        let buckets = buckets();
        for (image, expected) in [
            ([100, 250], 2),
            ([300, 100], 3),
            ([200, 250], 0),
            // Smaller than any of its ratio: the smallest is enlarged to the least.
            ([20, 22], 1),
            ([10, 30], 2),
        ] {
            let size = buckets.choose(image, 1, 1);
            let square = |index| [0, 1].contains(&index);
            assert!(size == expected || (square(size) && square(expected)), "{image:?}: {size}");
        }
        assert_eq!(buckets.choose([20, 22], 1, 1), 1);
    }

    #[test]
    fn of_several_resolutions_each_is_drawn_but_none_that_enlarges() {
        let buckets = buckets();
        let drawn = |image| {
            let mut count = [0; 4];
            for example in 0..1000 {
                count[buckets.choose(image, 7, example)] += 1;
            }
            count
        };
        let [large, small, wide, tall] = drawn([80, 80]);
        assert_eq!((large + small, wide, tall), (1000, 0, 0));
        assert!((420..580).contains(&large), "{large}");
        assert_eq!(drawn([40, 40]), [0, 1000, 0, 0]);
    }

    #[test]
    fn sizes_of_one_aspect_ratio_are_found() {
        assert_eq!(buckets().shared_aspect(), Some([[64, 64], [32, 32]]));
        let one_each = Buckets::new(vec![[64, 64], [48, 96], [96, 48]]).unwrap();
        assert_eq!(one_each.shared_aspect(), None);
        // Then nothing is drawn.
        for example in 0..50 {
            assert_eq!(
                one_each.choose([90, 70], example, example),
                one_each.choose([90, 70], 0, 0)
            );
        }
    }

    #[test]
    fn senseless_sizes_are_refused() {
        for (sizes, message) in [
            (vec![], "buckets is empty: give at least one size"),
            (vec![[0, 8]], "buckets is 0x8: images can be 1 to 4096 pixels a side"),
            (vec![[8, 8], [8, 8]], "buckets is 8x8: it is there twice"),
        ] {
            assert_eq!(Buckets::new(sizes).unwrap_err().to_string(), message);
        }
    }
}
