//! Counter-based randomness: every draw is a pure function of (seed, index, stage, purpose).
//!
//! Nothing here has state, so an image does not depend on the batch it was drawn in, on the order,
//! on the number of devices or on the backend: numbers are drawn on the host and uploaded. The
//! generator is Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3");
//! logarithm and cosine come from `libm`, so they round alike on every platform.

use rand_philox::{philox4x32_10, u32_to_unit_f64};

/// What a draw is for. Two purposes never share random numbers.
///
/// The discriminants are part of the file format: changing one changes every image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// The noise that generation starts from, at the resolution of stage 0.
    InitialNoise = 0,
    /// The block noise added on entering a stage.
    Renoise = 1,
    /// The noise of a training pair.
    TrainingNoise = 2,
    /// The timestep of a training pair.
    Timestep = 3,
    /// Which stage each example of a batch trains.
    StageOrder = 4,
    /// The order of the examples of an epoch.
    ExampleOrder = 5,
    /// The position of a random crop.
    Crop = 6,
    /// Whether an example is flipped.
    Flip = 7,
    /// Whether an example's condition is dropped.
    ConditionDropout = 8,
    /// The initial value of a parameter.
    Initialisation = 9,
    /// Random inputs of tests and benchmarks.
    Testing = 10,
    /// Which of several resolutions a training image has.
    Bucket = 11,
    /// Which of several captions a training image has.
    Caption = 12,
    /// The noise that a picture of an edit is mixed with in a stage.
    EditNoise = 13,
}

/// Names one stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The user's seed.
    pub seed: u64,
    /// What within the seed: an image, a training example, an epoch, a parameter.
    pub index: u64,
    /// The stage of the cascade, 0 where no stage is involved. At most 2^16 - 1.
    pub stage: u32,
    /// What the numbers are used for.
    pub purpose: Purpose,
}

impl Key {
    /// Key of something that has no stage.
    pub const fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        Self { seed, index, stage: 0, purpose }
    }

    /// The same stream at another stage.
    #[must_use]
    pub const fn at_stage(self, stage: u32) -> Self {
        Self { stage, ..self }
    }

    /// Block `block` of four random words.
    ///
    /// The counter holds, from its lowest word: block, stage and purpose, and the 64-bit index.
    fn block(self, block: u32) -> [u32; 4] {
        let place = (self.stage << 8) | u32::from(self.purpose as u8);
        let counter = [block, place, self.index as u32, (self.index >> 32) as u32];
        philox4x32_10(counter, [self.seed as u32, (self.seed >> 32) as u32])
    }

    /// `count` standard normal numbers by Box and Muller's transform.
    ///
    /// `z_0 = sqrt(-2 ln u_0) cos(2 pi u_1)`, `z_1` with the sine.
    pub fn normals(self, count: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(count + 3);
        for block in 0..count.div_ceil(4) {
            let words = self.block(block as u32);
            for pair in [[words[0], words[1]], [words[2], words[3]]] {
                let radius = libm::sqrt(-2.0 * libm::log(u32_to_unit_f64(pair[0])));
                let (sin, cos) = libm::sincos(core::f64::consts::TAU * u32_to_unit_f64(pair[1]));
                out.extend([(radius * cos) as f32, (radius * sin) as f32]);
            }
        }
        out.truncate(count);
        out
    }

    /// `count` numbers uniform in the open interval (0, 1).
    pub fn uniforms(self, count: usize) -> Vec<f64> {
        let blocks = (0..count.div_ceil(4)).flat_map(|block| self.block(block as u32));
        blocks.take(count).map(u32_to_unit_f64).collect()
    }

    /// One integer uniform in `0..bound`.
    ///
    /// The bias of the multiply-shift is at most `bound / 2^64`.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(self, bound: u64) -> u64 {
        assert!(bound > 0, "a draw below 0 is impossible");
        let words = self.block(0);
        scale(words[0], words[1], bound)
    }

    /// Fisher and Yates' shuffle, in place.
    pub fn shuffle<T>(self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let words = self.block(last as u32);
            items.swap(last, scale(words[0], words[1], last as u64 + 1) as usize);
        }
    }
}

/// Maps 64 random bits to `0..bound`.
fn scale(low: u32, high: u32, bound: u64) -> u64 {
    let bits = u64::from(high) << 32 | u64::from(low);
    ((u128::from(bits) * u128::from(bound)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::new(7, 3, Purpose::Testing);

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let z = KEY.normals(100_000);
        let mean = z.iter().sum::<f32>() / z.len() as f32;
        let variance = z.iter().map(|z| z * z).sum::<f32>() / z.len() as f32;
        let fourth = z.iter().map(|z| z.powi(4)).sum::<f32>() / z.len() as f32;
        // Five standard errors of each moment.
        assert!(mean.abs() < 0.016, "{mean}");
        assert!((variance - 1.0).abs() < 0.023, "{variance}");
        assert!((fourth - 3.0).abs() < 0.16, "{fourth}");
    }

    #[test]
    fn a_longer_draw_starts_with_the_shorter_one() {
        assert_eq!(KEY.normals(1001)[..77], KEY.normals(77));
        assert_eq!(KEY.uniforms(9)[..5], KEY.uniforms(5));
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let first = |key: Key| key.normals(1)[0];
        let others = [
            Key { seed: 8, ..KEY },
            Key { seed: 7 | 1 << 40, ..KEY },
            Key { index: 4, ..KEY },
            Key { index: 3 | 1 << 40, ..KEY },
            Key { stage: 1, ..KEY },
            Key { purpose: Purpose::Renoise, ..KEY },
        ];
        for other in others {
            assert!((first(KEY) - first(other)).abs() > 0.0, "{other:?}");
        }
    }

    #[test]
    fn numbers_are_the_same_forever() {
        // Recorded once: a change here changes every image ever drawn.
        let expected = [0.991_137_7, -0.924_662_6, -0.617_608_96, -0.482_068_6];
        assert_eq!(Key::new(0, 0, Purpose::InitialNoise).normals(4), expected);
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let draws: Vec<u64> = (0..200).map(|index| Key { index, ..KEY }.below(7)).collect();
        assert!((0..7).all(|value| draws.contains(&value)) && draws.iter().all(|&d| d < 7));
    }

    #[test]
    fn shuffle_permutes() {
        let mut items: Vec<usize> = (0..100).collect();
        KEY.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
