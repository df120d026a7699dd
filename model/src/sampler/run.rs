//! The run through the stages.

use burn::tensor::{ElementConversion, Tensor, TensorData};

use super::{
    Conditions, GuidedVelocity, NoiseSource, SampleObserver, Sampler, SolverKind, StageStart,
    Tolerance, dopri5_per_image, dopri5_reference, euler, euler_times, heun,
};
use crate::cascade::Renoise;
use crate::ops::PixelFlowBackend;
use crate::{Error, PixelFlow, Result};

/// The images of a run.
#[derive(Clone, Debug)]
pub struct Samples<B: PixelFlowBackend> {
    /// The last state, `[images, channels, height, width]`; pixels are in -1..1.
    pub images: Tensor<B, 4>,
    /// Network evaluations (NFE) of each image in each stage, `[stage][image]`.
    pub evaluations: Vec<Vec<usize>>,
}

impl<B: PixelFlowBackend> Samples<B> {
    /// Network evaluations of each image over all stages.
    pub fn total_evaluations(&self) -> Vec<usize> {
        let images = self.evaluations.first().map_or(0, Vec::len);
        (0..images).map(|image| self.evaluations.iter().map(|stage| stage[image]).sum()).collect()
    }
}

impl Sampler {
    /// Draws images of `height` x `width` pixels.
    ///
    /// # Errors
    /// [`Error::InvalidSize`] for a size that does not fit, [`Error::ClassOutOfRange`] for a class
    /// the model does not have, [`Error::NotFinite`] and [`Error::SolverStuck`] where the model
    /// misbehaves.
    ///
    /// # Panics
    /// If the conditions are of the other kind than the model's.
    pub fn run<B: PixelFlowBackend>(
        &self,
        model: &PixelFlow<B>,
        conditions: &Conditions<B>,
        noise: &dyn NoiseSource,
        [height, width]: [usize; 2],
        device: &B::Device,
        observer: &mut dyn SampleObserver<B>,
    ) -> Result<Samples<B>> {
        self.cascade.check_size(height, width, model.patch_size())?;
        check_classes(conditions, model.classes())?;
        let (images, channels) = (conditions.images(), model.channels());
        let upload = |values: Vec<f32>, [height, width]: [usize; 2]| {
            let count = values.len() / (channels * height * width);
            Tensor::<B, 4>::from_data(
                TensorData::new(values, [count, channels, height, width]),
                device,
            )
        };
        // The reference's Dopri5 carries the state twice, with separate noise from stage 1 on.
        let copies = if self.doubles_state() { 2 } else { 1 };

        let stages = self.cascade.stages();
        let (first_height, first_width) = self.cascade.sides(0, height, width);
        let first = noise.initial(channels, first_height, first_width);
        let mut state = upload(first, [first_height, first_width]).repeat_dim(0, copies);
        let mut evaluations = Vec::with_capacity(stages.len());

        for (index, stage) in stages.iter().enumerate() {
            let (height, width) = self.cascade.sides(index, height, width);
            if index > 0 {
                let block = |copy| noise.block(index, copy, channels, height, width);
                let blocks = upload((0..copies).flat_map(block).collect(), [height, width]);
                let Renoise { alpha, beta } = Renoise::entering(stage);
                state = double(state) * alpha + blocks * beta;
            }
            let adaptive = self.config.solver == SolverKind::Dopri5;
            let steps = (!adaptive).then_some(self.steps[index]);
            let start = StageStart { stage: index, stages: stages.len(), height, width, steps };
            observer.stage_started(start, &state);
            let velocity = GuidedVelocity::new(model, self, conditions, index);
            let counts;
            (state, counts) = self.solve(velocity, state, images, observer)?;
            evaluations.push(counts);
            let sum: f64 = state.clone().sum().into_scalar().elem();
            if !sum.is_finite() {
                return Err(Error::NotFinite { stage: index });
            }
            observer.stage_finished(index, &state);
        }
        Ok(Samples { images: state.narrow(0, 0, images), evaluations })
    }

    /// Whether the state is carried twice.
    fn doubles_state(&self) -> bool {
        self.config.reference && self.config.solver == SolverKind::Dopri5
    }

    /// Solves one stage; also the evaluations of each image.
    fn solve<B: PixelFlowBackend>(
        &self,
        mut velocity: GuidedVelocity<'_, B>,
        state: Tensor<B, 4>,
        images: usize,
        observer: &mut dyn SampleObserver<B>,
    ) -> Result<(Tensor<B, 4>, Vec<usize>)> {
        let (config, stage) = (&self.config, velocity.stage);
        let rows: Vec<usize> = (0..images).collect();
        let steps = self.steps[stage];
        let n = self.cascade.train_timesteps();
        let times = euler_times(steps, config.shift, n, config.reference);
        let tolerance = Tolerance { relative: config.rtol, absolute: config.atol };
        let asked = match config.solver {
            SolverKind::Euler => &times[..steps],
            SolverKind::Heun => &times,
            // It chooses its times as it goes.
            SolverKind::Dopri5 => &[],
        };
        if !asked.is_empty() {
            let [_, _, height, width] = state.dims();
            velocity.expect(asked, [height, width]);
        }
        let done = |step, time, state: &_| observer.step_done(stage, step, time, state);
        match (config.solver, config.reference) {
            (SolverKind::Euler, _) => {
                let state = euler(&mut velocity, state, &times, &rows, done)?;
                Ok((state, vec![steps; images]))
            }
            (SolverKind::Heun, _) => {
                let state = heun(&mut velocity, state, &times, &rows, done)?;
                Ok((state, vec![2 * steps; images]))
            }
            (SolverKind::Dopri5, false) => {
                let solved = dopri5_per_image(&mut velocity, state, tolerance, stage, done)?;
                Ok((solved.state, solved.evaluations))
            }
            (SolverKind::Dopri5, true) => {
                let span = &self.cascade.stages()[stage];
                let (first, last) = (span.first_timestep(), span.last_timestep());
                let mut doubled = |times: &[f64], state: Tensor<B, 4>, _: &[usize]| {
                    let timesteps = vec![(last - first) * times[0] + first; images];
                    let half = state.narrow(0, 0, images);
                    Ok(velocity.at_timesteps(&timesteps, half, &rows).repeat_dim(0, 2))
                };
                let solved = dopri5_reference(&mut doubled, state, &[1.0], tolerance, stage, done)?;
                Ok((solved.state, vec![solved.evaluations[0]; images]))
            }
        }
    }
}

/// Nearest-neighbour upsampling by two.
///
/// # Shapes
/// - images: `[images, channels, height, width]`
/// - output: `[images, channels, 2 height, 2 width]`
fn double<B: PixelFlowBackend>(images: Tensor<B, 4>) -> Tensor<B, 4> {
    let [count, channels, height, width] = images.dims();
    images.reshape([count, channels, height, 1, width, 1]).repeat(&[1, 1, 1, 2, 1, 2]).reshape([
        count,
        channels,
        2 * height,
        2 * width,
    ])
}

fn check_classes<B: PixelFlowBackend>(conditions: &Conditions<B>, classes: usize) -> Result<()> {
    match conditions {
        Conditions::Class { labels, .. } => match labels.iter().find(|&&label| label > classes) {
            Some(&class) => Err(Error::ClassOutOfRange { class, classes }),
            None => Ok(()),
        },
        Conditions::Text { .. } => Ok(()),
    }
}
