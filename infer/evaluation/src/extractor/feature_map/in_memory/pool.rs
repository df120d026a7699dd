//! The maximum and the mean of 3x3 places.

use std::ops::Range;

use pulp::Arch;

use super::MemoryMap;
use crate::extractor::feature_map::Places;

impl MemoryMap {
    /// The maximum of 3x3 places.
    pub(super) fn maximum_of_places(&self, places: Places) -> Self {
        match places {
            Places::Every => self.pool(self.size, around, f32::max),
            Places::EverySecond => {
                let size = self.size.map(|side| (side - 3) / 2 + 1);
                self.pool(size, |place, _| 2 * place..2 * place + 3, f32::max)
            }
        }
    }

    /// The mean of 3x3 places, without those beyond the border.
    pub(super) fn mean_of_places(&self) -> Self {
        let mut map = self.pool(self.size, around, |sum, value| sum + value);
        let [height, width] = self.size;
        for (i, values) in map.values.chunks_exact_mut(self.channels).enumerate() {
            let places = around(i / width, height).len() * around(i % width, width).len();
            let places = places as f32;
            for value in values {
                *value /= places;
            }
        }
        map
    }

    /// Folds the places that a place covers, on each axis of a side.
    fn pool(
        &self,
        size: [usize; 2],
        covered: impl Fn(usize, usize) -> Range<usize>,
        fold: impl Fn(f32, f32) -> f32,
    ) -> Self {
        let channels = self.channels;
        let mut values = vec![0.0; size[0] * size[1] * channels];
        let at = |y: usize, x: usize| &self.values[(y * self.size[1] + x) * channels..][..channels];
        Arch::new().dispatch(|| {
            for (i, values) in values.chunks_exact_mut(channels).enumerate() {
                let rows = covered(i / size[1], self.size[0]);
                let columns = covered(i % size[1], self.size[1]);
                values.copy_from_slice(at(rows.start, columns.start));
                for y in rows.clone() {
                    for x in columns.clone() {
                        if (y, x) != (rows.start, columns.start) {
                            for (value, other) in values.iter_mut().zip(at(y, x)) {
                                *value = fold(*value, *other);
                            }
                        }
                    }
                }
            }
        });
        Self { size, channels, values }
    }
}

/// A place and its neighbours on an axis.
fn around(place: usize, length: usize) -> Range<usize> {
    place.saturating_sub(1)..(place + 2).min(length)
}
