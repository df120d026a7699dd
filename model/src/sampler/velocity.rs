//! The guided velocity: what a solver integrates.

use burn::tensor::Tensor;

use super::{Conditions, Sampler, StageCache};
use crate::layers::{images_to_tokens, tokens_to_images};
use crate::ops::PixelFlowBackend;
use crate::{Context, Example, PixelFlow, Result};

/// The images a batch of states belongs to: row `r` of the state is image `rows[r]` of the run.
pub type Rows<'a> = &'a [usize];

/// The right-hand side of the flow's differential equation within a stage.
pub trait Velocity<B: PixelFlowBackend> {
    /// The velocity of `state` at `times` within the stage, one per row.
    ///
    /// # Shapes
    /// - state and output: `[rows, channels, height, width]`
    ///
    /// # Errors
    /// Whatever the right-hand side cannot compute.
    fn at(&mut self, times: &[f64], state: Tensor<B, 4>, rows: Rows<'_>) -> Result<Tensor<B, 4>>;
}

impl<B, F> Velocity<B> for F
where
    B: PixelFlowBackend,
    F: FnMut(&[f64], Tensor<B, 4>, Rows<'_>) -> Result<Tensor<B, 4>>,
{
    fn at(&mut self, times: &[f64], state: Tensor<B, 4>, rows: Rows<'_>) -> Result<Tensor<B, 4>> {
        self(times, state, rows)
    }
}

/// The model's velocity with classifier-free guidance, in one stage.
#[derive(Debug)]
pub struct GuidedVelocity<'a, B: PixelFlowBackend> {
    pub(super) model: &'a PixelFlow<B>,
    pub(super) sampler: &'a Sampler,
    pub(super) conditions: &'a Conditions<B>,
    pub(super) stage: usize,
    pub(super) cache: &'a mut StageCache<B>,
}

impl<B: PixelFlowBackend> GuidedVelocity<'_, B> {
    /// Computes what all images will need at these times within the stage.
    pub(super) fn expect(&mut self, times: &[f64], [height, width]: [usize; 2]) {
        let rows: Vec<usize> = (0..self.conditions.images()).collect();
        let patch = self.model.patch_size();
        let (mut examples, mut labels) = (Vec::new(), Vec::new());
        for &t in times {
            let timestep = self.timestep(t);
            let guided = self.scale(timestep) != 1.0;
            let unconditional = if guided { &rows[..] } else { &[] };
            let Context::Class(of_batch) = self.conditions.batch(unconditional, &rows) else {
                return;
            };
            let example = Example::new(height / patch, width / patch, timestep as f32);
            examples.extend(of_batch.iter().map(|_| example));
            labels.extend(of_batch);
        }
        let context = Context::Class(labels);
        self.cache.expect(self.model, &examples, &context);
    }

    /// The network's timestep at time `t` within the stage.
    ///
    /// `t` in `[0, (N-1)/N]` maps linearly onto the stage's timesteps. Only the reference's Dopri5
    /// asks for more; our own solvers stop at the last timestep the network was trained on.
    pub fn timestep(&self, t: f64) -> f64 {
        let stage = &self.sampler.cascade.stages()[self.stage];
        stage.timestep_at(if self.sampler.config.reference { t } else { t.min(stage.last_time()) })
    }

    fn scale(&self, timestep: f64) -> f64 {
        let config = &self.sampler.config;
        let stages = self.sampler.cascade.stages().len();
        let time = timestep / self.sampler.cascade.train_timesteps() as f64;
        match (config.reference, self.conditions) {
            (true, Conditions::Class { .. }) => {
                config.guidance.reference_scale_at(self.stage, stages, time)
            }
            _ => config.guidance.scale_at(self.stage, stages, time),
        }
    }

    /// The velocity of `state` at the network's `timesteps`, one per row.
    ///
    /// # Shapes
    /// - state and output: `[rows, channels, height, width]`
    pub fn at_timesteps(
        &mut self,
        timesteps: &[f64],
        state: Tensor<B, 4>,
        rows: Rows<'_>,
    ) -> Tensor<B, 4> {
        let [count, _, height, width] = state.dims();
        let patch = self.model.patch_size();
        let (grid_height, grid_width) = (height / patch, width / patch);
        let scales: Vec<f64> = timesteps.iter().map(|&timestep| self.scale(timestep)).collect();
        // Where the scale is 1 the unconditional velocity cancels.
        let guided: Vec<usize> = (0..count).filter(|&row| scales[row] != 1.0).collect();

        let image = |&row: &usize| rows[row];
        let unconditional: Vec<usize> = guided.iter().map(image).collect();
        let context = self.conditions.batch(&unconditional, rows);
        let example = |row: usize| Example::new(grid_height, grid_width, timesteps[row] as f32);
        let examples: Vec<Example> = guided.iter().copied().chain(0..count).map(example).collect();
        let batch = match guided.len() {
            0 => state.clone(),
            all if all == count => state.clone().repeat_dim(0, 2),
            _ => Tensor::cat(vec![select(&state, &guided), state.clone()], 0),
        };

        let tokens = images_to_tokens(batch, patch);
        let images = [unconditional.as_slice(), rows];
        let velocity = self.cache.velocity(self.model, tokens, &examples, &context, images);
        let velocity = tokens_to_images(velocity, grid_height, grid_width, patch);
        if guided.is_empty() {
            return velocity;
        }
        let unconditional = velocity.clone().narrow(0, 0, guided.len());
        let conditional = velocity.narrow(0, guided.len(), count);
        let scale: Vec<f32> = guided.iter().map(|&row| scales[row] as f32).collect();
        let scale = column(&scale, &state);
        if guided.len() == count {
            return unconditional.clone() + (conditional - unconditional) * scale;
        }
        let chosen = select(&conditional, &guided);
        let pushed = unconditional.clone() + (chosen - unconditional) * scale;
        let row_of = |row: usize| match guided.binary_search(&row) {
            Ok(place) => pushed.clone().narrow(0, place, 1),
            Err(_) => conditional.clone().narrow(0, row, 1),
        };
        Tensor::cat((0..count).map(row_of).collect(), 0)
    }
}

impl<B: PixelFlowBackend> Velocity<B> for GuidedVelocity<'_, B> {
    fn at(&mut self, times: &[f64], state: Tensor<B, 4>, rows: Rows<'_>) -> Result<Tensor<B, 4>> {
        let timesteps: Vec<f64> = times.iter().map(|&t| self.timestep(t)).collect();
        Ok(self.at_timesteps(&timesteps, state, rows))
    }
}

/// Some rows of a batch.
pub(super) fn select<B: PixelFlowBackend>(state: &Tensor<B, 4>, rows: &[usize]) -> Tensor<B, 4> {
    Tensor::cat(rows.iter().map(|&row| state.clone().narrow(0, row, 1)).collect(), 0)
}

/// One number per row, ready to multiply a batch: `[rows, 1, 1, 1]`.
pub(super) fn column<B: PixelFlowBackend>(values: &[f32], like: &Tensor<B, 4>) -> Tensor<B, 4> {
    Tensor::<B, 1>::from_floats(values, &like.device()).reshape([values.len(), 1, 1, 1])
}
