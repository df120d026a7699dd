//! How large images are.

use std::collections::BTreeMap;

use serde::Serialize;

/// Usual sides of training images: how many are smaller says how many would be enlarged.
const SIDES: [usize; 6] = [32, 64, 128, 256, 512, 1024];

/// How large images are, in pixels.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sizes {
    /// How many sizes there are.
    pub different: usize,
    /// The most frequent: height and width, and how many images have it.
    pub most_frequent: Option<([usize; 2], usize)>,
    /// The least, the median and the largest of the shorter sides.
    pub shorter_side: Option<[usize; 3]>,
    /// Sides that are usual in training, with how many images have a shorter one.
    pub smaller_than: BTreeMap<usize, usize>,
    /// The narrowest aspect ratio, the longer side through the shorter.
    pub longest_ratio: Option<[usize; 2]>,
}

impl Sizes {
    /// Of images of these sizes.
    pub fn of(sizes: impl Iterator<Item = [usize; 2]>) -> Self {
        let mut counts = BTreeMap::<[usize; 2], usize>::new();
        sizes.for_each(|size| *counts.entry(size).or_default() += 1);
        let shorter = |size: &[usize; 2]| size[0].min(size[1]);
        let mut sides: Vec<(usize, usize)> =
            counts.iter().map(|(size, count)| (shorter(size), *count)).collect();
        sides.sort_unstable();
        let images: usize = sides.iter().map(|(_, count)| count).sum();
        let middle = sides.iter().scan(0, |seen, (side, count)| {
            *seen += count;
            Some((*seen, *side))
        });
        let median = middle.filter(|(seen, _)| 2 * seen > images).map(|(_, side)| side).next();
        let ends = sides.first().zip(sides.last());
        let smaller = |side: usize| {
            let count: usize =
                sides.iter().filter(|(shorter, _)| *shorter < side).map(|(_, count)| count).sum();
            (side, count)
        };
        let ratio = |size: &&[usize; 2]| size[0].max(size[1]) as f64 / shorter(size) as f64;
        Self {
            different: counts.len(),
            most_frequent: counts.iter().max_by_key(|(_, count)| **count).map(|(s, c)| (*s, *c)),
            shorter_side: ends.zip(median).map(|((least, most), median)| [least.0, median, most.0]),
            smaller_than: SIDES.map(smaller).into_iter().filter(|(_, count)| *count > 0).collect(),
            longest_ratio: counts.keys().max_by(|a, b| ratio(a).total_cmp(&ratio(b))).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_images_not_of_sizes() {
        let sizes = [[64, 64], [300, 200], [300, 200], [300, 200], [20, 80]];
        let found = Sizes::of(sizes.into_iter());
        assert_eq!(found.different, 3);
        assert_eq!(found.most_frequent, Some(([300, 200], 3)));
        assert_eq!(found.shorter_side, Some([20, 200, 200]));
        let smaller = [(32, 1), (64, 1), (128, 2), (256, 5), (512, 5), (1024, 5)];
        assert_eq!(found.smaller_than, BTreeMap::from(smaller));
        assert_eq!(found.longest_ratio, Some([20, 80]));
        assert_eq!(Sizes::of(std::iter::empty()), Sizes::default());
    }
}
