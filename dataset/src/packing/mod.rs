//! A training batch: examples of all resolutions, their tokens one behind the other.
//!
//! Nothing is padded: an example of stage 0 takes as many tokens as it has patches. The highest
//! resolution comes first; within a stage examples keep the batch's order, as in the reference.

mod cut;
mod draw;
mod stages;
mod timesteps;

use std::cmp::Reverse;

use pixelflow::cascade::{Cascade, patchify, training_pair};
use rayon::prelude::*;

pub use draw::Draw;
pub(crate) use draw::Randomness;
pub(crate) use stages::assign_stages;
pub use timesteps::Timesteps;

use crate::{Error, Result};

/// One image of a batch and everything that was drawn for it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingImage {
    /// The image at full resolution, `[channels, height, width]` in -1..1.
    pub image: Vec<f32>,
    /// Its size; examples of a batch may differ in height and width.
    pub shape: Shape,
    /// Its class.
    pub label: usize,
    /// What was drawn for it.
    pub draw: Draw,
}

/// Size of an image, and of the patches it is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels of the image.
    pub channels: usize,
    /// Height at full resolution, in pixels.
    pub height: usize,
    /// Width at full resolution, in pixels.
    pub width: usize,
    /// Side of a patch, in pixels.
    pub patch: usize,
}

impl Shape {
    /// Values of a token: `channels * patch * patch`.
    pub fn features(&self) -> usize {
        self.channels * self.patch * self.patch
    }

    /// Values of an image at `stage`.
    pub fn values(&self, cascade: &Cascade, stage: usize) -> usize {
        let (height, width) = cascade.sides(stage, self.height, self.width);
        self.channels * height * width
    }

    /// Checks that training pairs of this shape can be made at every stage.
    ///
    /// # Errors
    /// [`Error::Cascade`] when the sides cannot be divided into the patches of the lowest stage,
    /// [`Error::Config`] when they could not be halved once more: a pair starts from the image at
    /// half its stage's resolution.
    pub fn check(&self, cascade: &Cascade) -> Result<()> {
        cascade.check_size(self.height, self.width, self.patch)?;
        let (height, width) = cascade.sides(0, self.height, self.width);
        if height % 2 == 0 && width % 2 == 0 {
            return Ok(());
        }
        Err(Error::Config {
            field: "size",
            value: format!("{}x{}", self.height, self.width),
            reason: format!(
                "for training, the lowest stage ({height}x{width}) must have even sides"
            ),
        })
    }
}

/// The tokens of a batch and which of them belong to which example.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedBatch {
    /// Noisy patches, `[tokens, features]`, features in `(c ph pw)` order.
    pub inputs: Vec<f32>,
    /// Their velocities, same layout.
    pub targets: Vec<f32>,
    /// Values of a token.
    pub features: usize,
    /// The examples in packed order.
    pub segments: Vec<PackedExample>,
}

impl PackedBatch {
    /// Number of tokens of all examples together.
    pub fn tokens(&self) -> usize {
        self.inputs.len() / self.features
    }
}

/// One example's stretch of tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PackedExample {
    /// Its stage; 0 has the lowest resolution.
    pub stage: usize,
    /// Rows of its tokens.
    pub grid_height: usize,
    /// Columns of its tokens.
    pub grid_width: usize,
    /// The network's timestep.
    pub timestep: f32,
    /// The time within its stage, 0 to 1.
    pub time: f32,
    /// Its class.
    pub label: usize,
    /// Whether the model shall not be told the class (or caption).
    pub dropped: bool,
    /// Position of the example in the batch, before packing.
    pub example: usize,
}

impl PackedExample {
    /// Number of its tokens.
    pub fn tokens(&self) -> usize {
        self.grid_height * self.grid_width
    }
}

/// Makes the training pair of every example and packs them. Nothing is drawn here.
///
/// # Errors
/// [`Error::Cascade`] or [`Error::Config`] when a shape does not fit the cascade,
/// [`Error::Unpackable`] when an example's image, stage, timestep, noise or values of a token do not
/// fit.
pub fn pack(examples: &[TrainingImage], cascade: &Cascade) -> Result<PackedBatch> {
    let features = examples.first().map_or(0, |example| example.shape.features());
    for (position, example) in examples.iter().enumerate() {
        example.shape.check(cascade)?;
        check(example, features, cascade)
            .map_err(|reason| Error::Unpackable { example: position, reason })?;
    }
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&position| Reverse(examples[position].draw.stage));
    let parts: Vec<_> = order
        .into_par_iter()
        .map(|position| tokens_of(&examples[position], position, cascade))
        .collect();

    let values = parts.iter().map(|(inputs, ..)| inputs.len()).sum();
    let mut packed = PackedBatch {
        inputs: Vec::with_capacity(values),
        targets: Vec::with_capacity(values),
        features,
        segments: Vec::with_capacity(parts.len()),
    };
    for (inputs, targets, segment) in parts {
        packed.inputs.extend(inputs);
        packed.targets.extend(targets);
        packed.segments.push(segment);
    }
    Ok(packed)
}

/// Input tokens, target tokens and segment of one checked example.
fn tokens_of(
    example: &TrainingImage,
    position: usize,
    cascade: &Cascade,
) -> (Vec<f32>, Vec<f32>, PackedExample) {
    let Shape { channels, height, width, patch } = example.shape;
    let Draw { stage, timestep_index, dropped, ref noise } = example.draw;
    let pair = training_pair(
        &example.image,
        [channels, height, width],
        noise,
        cascade,
        stage,
        timestep_index,
    );
    let tokens = |image: &[f32]| patchify(image, channels, pair.height, pair.width, patch);
    let segment = PackedExample {
        stage,
        grid_height: pair.height / patch,
        grid_width: pair.width / patch,
        timestep: pair.timestep,
        time: pair.time,
        label: example.label,
        dropped,
        example: position,
    };
    (tokens(&pair.input), tokens(&pair.target), segment)
}

/// Says what of an example does not fit, if anything.
fn check(
    example: &TrainingImage,
    features: usize,
    cascade: &Cascade,
) -> std::result::Result<(), String> {
    let shape = example.shape;
    if shape.features() != features {
        return Err(format!(
            "its tokens have {} values, those of the first example {features}",
            shape.features()
        ));
    }
    let Draw { stage, timestep_index, ref noise, .. } = example.draw;
    let stages = cascade.stages().len();
    if stage >= stages {
        return Err(format!("its stage is {stage}, there are {stages}"));
    }
    let timesteps = cascade.train_timesteps();
    if timestep_index >= timesteps {
        return Err(format!("its timestep is {timestep_index}, there are {timesteps}"));
    }
    let pixels = shape.channels * shape.height * shape.width;
    for (what, found, expected) in [
        ("image", example.image.len(), pixels),
        ("noise", noise.len(), shape.values(cascade, stage)),
    ] {
        if found != expected {
            return Err(format!("its {what} has {found} values instead of {expected}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pixelflow::cascade::CascadeConfig;

    use super::*;

    const SHAPE: Shape = Shape { channels: 1, height: 8, width: 16, patch: 2 };

    fn cascade(stages: usize) -> Cascade {
        CascadeConfig { stages, train_timesteps: 10 }.build().unwrap()
    }

    /// A grey example without noise.
    fn example(stage: usize, value: f32) -> TrainingImage {
        let noise = vec![0.0; SHAPE.values(&cascade(2), stage)];
        let draw = Draw { stage, timestep_index: 5, dropped: stage == 0, noise };
        TrainingImage { image: vec![value; 128], shape: SHAPE, label: 7 + stage, draw }
    }

    #[test]
    fn the_highest_resolution_comes_first_and_examples_keep_their_order() {
        let examples = [example(0, 0.1), example(1, 0.2), example(0, 0.3), example(1, 0.4)];
        let packed = pack(&examples, &cascade(2)).unwrap();
        let order: Vec<usize> = packed.segments.iter().map(|segment| segment.example).collect();
        assert_eq!(order, [1, 3, 0, 2]);
        assert_eq!((packed.tokens(), packed.features), (2 * 32 + 2 * 8, 4));
        assert_eq!(packed.inputs.len(), packed.targets.len());
        let last = packed.segments[3];
        assert_eq!((last.stage, last.grid_height, last.grid_width, last.tokens()), (0, 2, 4, 8));
        assert_eq!((last.label, last.dropped), (7, true));
    }

    #[test]
    fn a_flat_image_without_noise_moves_by_the_stage_s_share_of_time() {
        let cascade = cascade(2);
        let packed = pack(&[example(1, 0.5)], &cascade).unwrap();
        let stage = &cascade.stages()[1];
        let velocity = (stage.end_t - stage.start_t) as f32 * 0.5;
        assert!(packed.targets.iter().all(|target| (target - velocity).abs() < 1e-6));
        assert!((packed.segments[0].timestep - stage.timesteps[5] as f32).abs() < 1e-6);
        assert_eq!(packed.segments[0].time, 0.5);
    }

    #[test]
    fn examples_that_do_not_fit_are_named() {
        type Change = fn(&mut TrainingImage);
        let cascade = cascade(2);
        let broken = |change: Change| {
            let mut bad = example(0, 0.0);
            change(&mut bad);
            pack(&[example(1, 0.0), bad], &cascade).unwrap_err().to_string()
        };
        let cases: [(Change, &str); 5] = [
            (|bad| bad.draw.stage = 2, "its stage is 2, there are 2"),
            (|bad| bad.draw.timestep_index = 10, "its timestep is 10, there are 10"),
            (|bad| bad.image.truncate(9), "its image has 9 values instead of 128"),
            (|bad| bad.shape.patch = 1, "its tokens have 1 values, those of the first example 4"),
            (|bad| bad.draw.noise.push(0.0), "its noise has 33 values instead of 32"),
        ];
        for (change, reason) in cases {
            let message = format!("example 1 of the batch cannot be packed: {reason}");
            assert_eq!(broken(change), message);
        }
    }

    #[test]
    fn wide_and_tall_examples_are_packed_together() {
        let mut tall = example(1, 0.2);
        (tall.shape.height, tall.shape.width) = (16, 8);
        let packed = pack(&[example(1, 0.1), tall], &cascade(2)).unwrap();
        let grids = packed.segments.iter().map(|s| (s.grid_height, s.grid_width));
        assert_eq!(grids.collect::<Vec<_>>(), [(4, 8), (8, 4)]);
        assert_eq!(packed.tokens(), 64);
    }

    #[test]
    fn sizes_that_cannot_be_halved_are_refused() {
        let shape = |side, patch| Shape { channels: 3, height: side, width: side, patch };
        assert!(shape(32, 4).check(&cascade(4)).is_ok());
        assert!(matches!(shape(36, 4).check(&cascade(4)), Err(Error::Cascade(_))));
        let error = shape(6, 3).check(&cascade(2)).unwrap_err().to_string();
        assert_eq!(error, "size is 6x6: for training, the lowest stage (3x3) must have even sides");
    }
}
