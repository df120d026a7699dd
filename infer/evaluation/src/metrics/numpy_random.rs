//! Random orders as numpy's `RandomState` draws them.
//!
//! Which images a subset of KID has is part of what `torch-fidelity` computes; with other subsets its
//! number would come out a percent apart.

use rand_mt::Mt;

/// numpy's `RandomState`: the Mersenne Twister, seeded by one number.
#[derive(Clone, Debug)]
pub struct NumpyRandom {
    generator: Mt,
}

impl NumpyRandom {
    /// `numpy.random.RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        Self { generator: Mt::new(seed) }
    }

    /// `permutation(count)`: Fisher and Yates' shuffle from the end.
    ///
    /// # Panics
    /// If there are more than 2^32 items.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.up_to(last));
        }
        order
    }

    /// `choice(count, size, replace=False)`: the beginning of a permutation.
    ///
    /// # Panics
    /// If `size` is larger than `count`.
    pub fn choice(&mut self, count: usize, size: usize) -> Vec<usize> {
        let mut order = self.permutation(count);
        assert!(size <= count, "cannot choose {size} of {count}");
        order.truncate(size);
        order
    }

    /// A number in `0..=most`: bits are drawn until they are in it.
    fn up_to(&mut self, most: usize) -> usize {
        let most = u32::try_from(most).expect("fewer than 2^32 images");
        let mask = most.checked_next_power_of_two().map_or(u32::MAX, |power| {
            if power == most { power << 1 } else { power }.wrapping_sub(1)
        });
        loop {
            let drawn = self.generator.next_u32() & mask;
            if drawn <= most {
                return drawn as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_numpy_s() {
        // numpy.random.RandomState(2020): .permutation(10), then .choice(9, 4, replace=False), then
        // .permutation(1000)[:4] and [-1]
        let mut random = NumpyRandom::new(2020);
        assert_eq!(random.permutation(10), [2, 4, 9, 1, 5, 7, 6, 3, 8, 0]);
        assert_eq!(random.choice(9, 4), [4, 6, 5, 3]);
        let order = random.permutation(1000);
        assert_eq!((&order[..4], order[999]), ([137, 453, 833, 133].as_slice(), 195));
    }
}
