//! What is drawn for an example: timestep, noise, whether its condition is dropped.

use pixelflow::cascade::Cascade;
use pixelflow::noise::{Key, Purpose};

use super::{Shape, Timesteps};

/// Everything random about one example's training pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The stage it trains.
    pub stage: usize,
    /// Which of the stage's training timesteps.
    pub timestep_index: usize,
    /// Whether the model shall not be told the condition.
    pub dropped: bool,
    /// Standard normal noise, `[channels, height, width]` at the stage's resolution.
    pub noise: Vec<f32>,
}

/// What the draws depend on besides the example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Randomness {
    /// The run's seed.
    pub seed: u64,
    /// Share of examples whose condition is dropped, 0 to 1.
    pub dropout: f64,
    /// How timesteps are distributed.
    pub timesteps: Timesteps,
}

impl Randomness {
    /// The draws of example number `example` of the run, at `stage`.
    ///
    /// # Panics
    /// If the cascade has no such stage.
    pub fn draw(&self, example: u64, stage: usize, shape: Shape, cascade: &Cascade) -> Draw {
        let key = |purpose| Key::new(self.seed, example, purpose);
        let noise = key(Purpose::TrainingNoise).at_stage(stage as u32);
        Draw {
            stage,
            timestep_index: self.timesteps.index(key(Purpose::Timestep), cascade.train_timesteps()),
            dropped: key(Purpose::ConditionDropout).uniforms(1)[0] < self.dropout,
            noise: noise.normals(shape.values(cascade, stage)),
        }
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::cascade::CascadeConfig;

    use super::*;

    const SHAPE: Shape = Shape { channels: 3, height: 16, width: 16, patch: 4 };

    fn draws(seed: u64, dropout: f64) -> Vec<Draw> {
        let cascade = CascadeConfig { stages: 2, train_timesteps: 50 }.build().unwrap();
        let randomness = Randomness { seed, dropout, timesteps: Timesteps::Uniform };
        (0..2000).map(|example| randomness.draw(example, 0, SHAPE, &cascade)).collect()
    }

    #[test]
    fn the_given_share_of_conditions_is_dropped() {
        let dropped = |dropout| draws(1, dropout).iter().filter(|draw| draw.dropped).count();
        assert_eq!((dropped(0.0), dropped(1.0)), (0, 2000));
        assert!((140..260).contains(&dropped(0.1)), "{}", dropped(0.1));
    }

    #[test]
    fn every_timestep_is_drawn() {
        let mut timesteps: Vec<usize> =
            draws(1, 0.1).iter().map(|draw| draw.timestep_index).collect();
        timesteps.sort_unstable();
        timesteps.dedup();
        assert_eq!(timesteps, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn noise_has_the_stage_s_resolution_and_depends_on_seed_and_example() {
        let (first, other_seed) = (draws(1, 0.1), draws(2, 0.1));
        assert_eq!(first[0].noise.len(), 3 * 8 * 8);
        assert_ne!(first[0].noise, first[1].noise);
        assert_ne!(first[0].noise, other_seed[0].noise);
        assert_eq!(first, draws(1, 0.1));
    }
}
