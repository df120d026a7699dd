//! Training pairs: a point on the straight path of a stage and the velocity there.

use super::{Cascade, halve, upsample_nearest};

/// One training example of one stage, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingPair {
    /// `x_t`, `[channels, height, width]` at the stage's resolution.
    pub input: Vec<f32>,
    /// The velocity `x_end - x_start`, same layout.
    pub target: Vec<f32>,
    /// The network's timestep.
    pub timestep: f32,
    /// The time `t` within the stage.
    pub time: f32,
    /// Height of the stage in pixels.
    pub height: usize,
    /// Width of the stage in pixels.
    pub width: usize,
}

/// The training pair of `stage` at training timestep `timestep_index`.
///
/// With `k = S - 1 - stage`, one noise `eps`, and `t = timestep_index / N`:
/// - `x_start = start_t Up(Down(x, 2^(k+1))) + (1 - start_t) eps`
/// - `x_end = end_t Down(x, 2^k) + (1 - end_t) eps`
/// - `x_t = t x_end + (1 - t) x_start`, velocity `x_end - x_start`
///
/// Paper, equations 3 to 5.
///
/// # Shapes
/// - image: `shape`, `[channels, height, width]` at full resolution, in -1..1
/// - noise: `[channels, height, width]` at the stage's resolution
///
/// # Panics
/// If `image` or `noise` has another size, or there is no such stage or timestep.
pub fn training_pair(
    image: &[f32],
    [channels, height, width]: [usize; 3],
    noise: &[f32],
    cascade: &Cascade,
    stage: usize,
    timestep_index: usize,
) -> TrainingPair {
    let (mut end, mut sides) = (image.to_vec(), (height, width));
    while sides.0 > cascade.sides(stage, height, width).0 {
        end = halve(&end, channels, sides.0, sides.1);
        sides = (sides.0 / 2, sides.1 / 2);
    }
    assert_eq!(noise.len(), end.len(), "noise of another resolution than stage {stage}");
    let start = upsample_nearest(&halve(&end, channels, sides.0, sides.1), sides.1 / 2);

    let place = &cascade.stages()[stage];
    let (start_t, end_t) = (place.start_t as f32, place.end_t as f32);
    let (start_noise, end_noise) = ((1.0 - place.start_t) as f32, (1.0 - place.end_t) as f32);
    let t = cascade.time(timestep_index) as f32;
    let (input, target) = end
        .iter()
        .zip(&start)
        .zip(noise)
        .map(|((end, start), noise)| {
            let x_end = end_t * end + end_noise * noise;
            let x_start = start_t * start + start_noise * noise;
            (t * x_end + (1.0 - t) * x_start, x_end - x_start)
        })
        .unzip();
    let timestep = place.timesteps[timestep_index] as f32;
    TrainingPair { input, target, timestep, time: t, height: sides.0, width: sides.1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::CascadeConfig;
    use crate::noise::{Key, Purpose};

    #[test]
    fn following_the_velocity_from_the_start_reaches_the_end() {
        let cascade = CascadeConfig { stages: 3, train_timesteps: 100 }.build().unwrap();
        let key = Key::new(1, 0, Purpose::Testing);
        let image = key.normals(3 * 16 * 24);
        for stage in 0..3 {
            let (h, w) = cascade.sides(stage, 16, 24);
            let noise = key.at_stage(stage as u32 + 1).normals(3 * h * w);
            let at = |index| training_pair(&image, [3, 16, 24], &noise, &cascade, stage, index);
            let (start, later) = (at(0), at(75));
            for ((a, v), b) in start.input.iter().zip(&start.target).zip(&later.input) {
                assert!((a + 0.75 * v - b).abs() < 1e-5);
            }
        }
    }
}
