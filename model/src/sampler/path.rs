//! The straight path of a stage from a picture mixed with noise to one mixed with less, on a device.

use burn::tensor::Tensor;

use super::halving::{double, halve};
use crate::cascade::Stage;
use crate::ops::PixelFlowBackend;

/// The two ends of a stage's path: what [`training_pair`](crate::cascade::training_pair) interpolates.
///
/// With `D` the clean picture in the sides of the stage, `C` the one in half of them, and one noise `eps`:
/// - `x_start = start_t Up(C) + (1 - start_t) eps`
/// - `x_end = end_t D + (1 - end_t) eps`
#[derive(Clone, Debug)]
pub(super) struct Path<B: PixelFlowBackend> {
    pub(super) start: Tensor<B, 4>,
    pub(super) end: Tensor<B, 4>,
}

impl<B: PixelFlowBackend> Path<B> {
    /// The path of pictures `[images, channels, height, width]` whose halves are known too; in stage 0,
    /// which begins with noise alone, there are none.
    pub(super) fn new(
        stage: &Stage,
        half: Option<Tensor<B, 4>>,
        clean: Tensor<B, 4>,
        noise: Tensor<B, 4>,
    ) -> Self {
        let start = start(stage, half, noise.clone());
        let end = clean * stage.end_t as f32 + noise * (1.0 - stage.end_t) as f32;
        Self { start, end }
    }

    /// The path of pictures whose halves are made from them.
    pub(super) fn of_clean(stage: &Stage, clean: Tensor<B, 4>, noise: Tensor<B, 4>) -> Self {
        let half = (stage.start_t > 0.0).then(|| halve(clean.clone()));
        Self::new(stage, half, clean, noise)
    }

    /// `t x_end + (1 - t) x_start`.
    pub(super) fn at(&self, time: f64) -> Tensor<B, 4> {
        self.end.clone() * time as f32 + self.start.clone() * (1.0 - time) as f32
    }

    /// `x_end - x_start`.
    pub(super) fn velocity(&self) -> Tensor<B, 4> {
        self.end.clone() - self.start.clone()
    }

    /// The clean picture that the path leads to, found from its ends.
    ///
    /// With `P = Up Down`, `s = start_t` and `e = end_t`, `P x_start` and `P x_end` have `P D` and `P eps` as
    /// unknowns: `P D = ((1 - s) P x_end - (1 - e) P x_start) / (e - s)`. Then
    /// `eps = (x_start - s P D) / (1 - s)` and `D = (x_end - (1 - e) eps) / e`.
    pub(super) fn clean(self, stage: &Stage) -> Tensor<B, 4> {
        let (s, e) = (stage.start_t, stage.end_t);
        if e >= 1.0 {
            return self.end;
        }
        let noise = if s > 0.0 {
            let [start, end] = [&self.start, &self.end].map(|x| halve(x.clone()));
            let (of_end, of_start) = ((1.0 - s) / (e - s), (1.0 - e) / (e - s));
            let half = end * of_end as f32 - start * of_start as f32;
            (self.start - double(half) * s as f32) / (1.0 - s) as f32
        } else {
            self.start
        };
        (self.end - noise * (1.0 - e) as f32) / e as f32
    }
}

/// `start_t Up(C) + (1 - start_t) eps`, the start of a stage from pictures of half its sides.
pub(super) fn start<B: PixelFlowBackend>(
    stage: &Stage,
    half: Option<Tensor<B, 4>>,
    noise: Tensor<B, 4>,
) -> Tensor<B, 4> {
    match half {
        Some(half) if stage.start_t > 0.0 => {
            double(half) * stage.start_t as f32 + noise * (1.0 - stage.start_t) as f32
        }
        _ => noise,
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::TensorData;
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::cascade::{CascadeConfig, halve as halve_on_host, training_pair};
    use crate::noise::{Key, Purpose};

    #[test]
    fn it_is_the_path_of_training_and_tells_the_clean_picture() {
        let cascade = CascadeConfig { stages: 3, train_timesteps: 100 }.build().unwrap();
        let key = Key::new(1, 0, Purpose::Testing);
        let picture = key.normals(3 * 16 * 24);
        let far = |found: Tensor<Flex, 4>, expected: &[f32]| {
            let found: Vec<f32> = found.into_data().to_vec().unwrap();
            assert_eq!(found.len(), expected.len());
            found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        for index in 0..3 {
            let (stage, (h, w)) = (&cascade.stages()[index], cascade.sides(index, 16, 24));
            let (mut clean, mut sides) = (picture.clone(), (16, 24));
            while sides.0 > h {
                clean = halve_on_host(&clean, 3, sides.0, sides.1);
                sides = (sides.0 / 2, sides.1 / 2);
            }
            let noise = key.at_stage(index as u32 + 1).normals(3 * h * w);
            let tensor = |values: &[f32]| {
                Tensor::from_data(TensorData::new(values.to_vec(), [1, 3, h, w]), &FlexDevice)
            };
            let path = Path::of_clean(stage, tensor(&clean), tensor(&noise));
            for timestep in [0, 30, 99] {
                let pair = training_pair(&picture, [3, 16, 24], &noise, &cascade, index, timestep);
                let at = far(path.at(cascade.time(timestep)), &pair.input);
                let velocity = far(path.velocity(), &pair.target);
                assert!(at < 1e-6 && velocity < 1e-6, "stage {index}: {at}, {velocity}");
            }
            // The worst divisor is `e - s` of stage 1: errors of f32 grow less than a hundredfold.
            let found = far(path.clean(stage), &clean);
            assert!(found < 2e-5, "stage {index}: {found}");
        }
    }
}
