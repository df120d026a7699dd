//! The noise of a run: keyed by image, so that an image does not depend on its batch.

use crate::cascade::block_noise;
use crate::noise::{Key, Purpose};

/// Where the noise of a run comes from.
pub trait NoiseSource: Send + Sync {
    /// Standard normal noise of all images, `[images, channels, height, width]`.
    fn initial(&self, channels: usize, height: usize, width: usize) -> Vec<f32>;

    /// Block noise of all images on entering `stage`, `[images, channels, height, width]`.
    ///
    /// The reference's Dopri5 keeps the state twice; `copy` says which one (0 otherwise).
    fn block(
        &self,
        stage: usize,
        copy: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32>;

    /// Standard normal noise that the picture of an edit is mixed with, `[images, channels, height, width]`.
    ///
    /// A stage that is gone through again has other noise: `repetition` is 0 the first time. In stage 0 that
    /// is the initial noise, so that an edit that keeps nothing is a plain drawing.
    fn edit(
        &self,
        stage: usize,
        repetition: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32>;
}

impl<T: NoiseSource + ?Sized> NoiseSource for &T {
    fn initial(&self, channels: usize, height: usize, width: usize) -> Vec<f32> {
        (**self).initial(channels, height, width)
    }

    fn block(
        &self,
        stage: usize,
        copy: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32> {
        (**self).block(stage, copy, channels, height, width)
    }

    fn edit(
        &self,
        stage: usize,
        repetition: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32> {
        (**self).edit(stage, repetition, channels, height, width)
    }
}

/// Names an image: the same key is the same image, whatever else is drawn beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageKey {
    /// The user's seed.
    pub seed: u64,
    /// Which image of that seed.
    pub index: u64,
}

/// Noise drawn by key, one stream per image and stage.
#[derive(Clone, Debug)]
pub struct KeyedNoise {
    /// The images of the run.
    pub images: Vec<ImageKey>,
}

impl NoiseSource for KeyedNoise {
    fn initial(&self, channels: usize, height: usize, width: usize) -> Vec<f32> {
        let draw = |image: &ImageKey| {
            let key = Key::new(image.seed, image.index, Purpose::InitialNoise);
            key.normals(channels * height * width)
        };
        self.images.iter().flat_map(draw).collect()
    }

    fn block(
        &self,
        stage: usize,
        copy: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32> {
        let draw = |image: &ImageKey| {
            // Flipped, not set: numbers of the first noise rule may have the bit already.
            let index = image.index ^ (copy as u64) << 63;
            let key = Key::new(image.seed, index, Purpose::Renoise).at_stage(stage as u32);
            block_noise(key, channels, height, width)
        };
        self.images.iter().flat_map(draw).collect()
    }

    fn edit(
        &self,
        stage: usize,
        repetition: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32> {
        if stage == 0 && repetition == 0 {
            return self.initial(channels, height, width);
        }
        // A cascade has 16 stages at most.
        let place = stage as u32 | (repetition as u32) << 8;
        let draw = |image: &ImageKey| {
            let key = Key::new(image.seed, image.index, Purpose::EditNoise).at_stage(place);
            key.normals(channels * height * width)
        };
        self.images.iter().flat_map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_and_repetition_of_an_edit_has_noise_of_its_own() {
        let noise = KeyedNoise { images: vec![ImageKey { seed: 7, index: 3 }] };
        let places = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (1, 2), (15, 31)];
        let drawn = places.map(|(stage, repetition)| noise.edit(stage, repetition, 1, 2, 2));
        for (index, values) in drawn.iter().enumerate() {
            assert!(drawn[..index].iter().all(|other| other != values), "{:?}", places[index]);
        }
        assert_eq!(drawn[0], noise.initial(1, 2, 2));
    }

    #[test]
    fn two_copies_of_a_state_never_share_noise() {
        let noise = |index, copy| {
            let images = vec![ImageKey { seed: 7, index }];
            KeyedNoise { images }.block(1, copy, 1, 2, 2)
        };
        for index in [0, 3, 3 | 1 << 63] {
            assert_ne!(noise(index, 0), noise(index, 1), "{index}");
        }
        // As it has always been where the bit was not set.
        assert_eq!(noise(3, 1), noise(3 | 1 << 63, 0));
    }
}
