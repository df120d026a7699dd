//! The guided velocity: what a solver integrates.

use burn::tensor::Tensor;

use super::guidance_rule::Parts;
use super::known::Known;
use super::{Conditions, Networks, Sampler, StageCache};
use crate::layers::{images_to_tokens, tokens_to_images};
use crate::ops::PixelFlowBackend;
use crate::{Context, Example, Result};

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

/// The model's velocity with classifier-free guidance in one stage; of an edit, that of the picture where it
/// stays.
#[derive(Debug)]
pub struct GuidedVelocity<'a, B: PixelFlowBackend> {
    pub(super) networks: &'a Networks<B>,
    pub(super) sampler: &'a Sampler,
    pub(super) conditions: &'a Conditions<B>,
    pub(super) stage: usize,
    /// Of the model, and of its guide.
    pub(super) caches: &'a mut [StageCache<B>; 2],
    /// Calls of a network, for each image of the run.
    pub(super) calls: &'a mut [usize],
    /// What stays of the picture of an edit.
    pub(super) known: Option<&'a Known<B>>,
}

impl<B: PixelFlowBackend> GuidedVelocity<'_, B> {
    /// Computes what all images will need at these times within the stage.
    pub(super) fn expect(&mut self, times: &[f64], sides: [usize; 2]) {
        let timesteps: Vec<f64> = times.iter().map(|&t| self.timestep(t)).collect();
        let guided = |timestep: f64| self.scale(timestep) != 1.0;
        let with_guide = self.networks.guide.is_some();
        let asked: Vec<_> = timesteps.iter().map(|&t| (t, guided(t) && !with_guide)).collect();
        let of_guide: Vec<_> =
            timesteps.iter().filter(|&&t| guided(t)).map(|&t| (t, false)).collect();
        self.expect_of(0, &asked, sides);
        if with_guide {
            self.expect_of(1, &of_guide, sides);
        }
    }

    /// Computes what a network needs at some timesteps, at each with or without the null condition too.
    fn expect_of(&mut self, network: usize, asked: &[(f64, bool)], [height, width]: [usize; 2]) {
        let rows: Vec<usize> = (0..self.conditions.images()).collect();
        let patch = self.networks.model.patch_size();
        let (mut examples, mut labels) = (Vec::new(), Vec::new());
        for &(timestep, with_null) in asked {
            let unconditional = if with_null { &rows[..] } else { &[] };
            let Context::Class(of_batch) = self.conditions.batch(unconditional, &rows) else {
                return;
            };
            let example = Example::new(height / patch, width / patch, timestep as f32);
            examples.extend(of_batch.iter().map(|_| example));
            labels.extend(of_batch);
        }
        let model = self.networks.get(network);
        self.caches[network].expect(model, &examples, &Context::Class(labels));
    }

    /// The network's timestep at time `t` within the stage.
    ///
    /// `t` in `[0, (N-1)/N]` maps linearly onto the stage's timesteps. Only the reference's Dopri5
    /// asks for more; our own solvers stop at the last timestep the network was trained on.
    pub fn timestep(&self, t: f64) -> f64 {
        self.sampler.timestep(self.stage, t)
    }

    fn scale(&self, timestep: f64) -> f64 {
        let is_text = !matches!(self.conditions, Conditions::Class { .. });
        self.sampler.guidance_scale(self.stage, timestep, is_text)
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
        let velocity = self.of_networks(timesteps, state, rows);
        self.keep(velocity, rows)
    }

    /// A velocity with that of the picture where it stays.
    fn keep(&self, velocity: Tensor<B, 4>, rows: Rows<'_>) -> Tensor<B, 4> {
        match self.known {
            Some(known) => known.keep(velocity, rows),
            None => velocity,
        }
    }

    /// The velocity of the networks alone.
    fn of_networks(
        &mut self,
        timesteps: &[f64],
        state: Tensor<B, 4>,
        rows: Rows<'_>,
    ) -> Tensor<B, 4> {
        let count = state.dims()[0];
        let scales: Vec<f64> = timesteps.iter().map(|&timestep| self.scale(timestep)).collect();
        // Where the scale is 1 the unconditional velocity cancels.
        let guided: Vec<usize> = (0..count).filter(|&row| scales[row] != 1.0).collect();
        let of_guided = |all: &Tensor<B, 4>| {
            if guided.len() == count { all.clone() } else { select(all, &guided) }
        };
        let images: Vec<usize> = guided.iter().map(|&row| rows[row]).collect();
        let times: Vec<f64> = guided.iter().map(|&row| timesteps[row]).collect();
        if guided.is_empty() {
            return self.ask(0, state, timesteps, [&[], rows]);
        }
        let [unconditional, conditional] = if self.networks.guide.is_some() {
            let guide = self.ask(1, of_guided(&state), &times, [&[], &images]);
            [guide, self.ask(0, state.clone(), timesteps, [&[], rows])]
        } else {
            let batch = match guided.len() {
                all if all == count => state.clone().repeat_dim(0, 2),
                _ => Tensor::cat(vec![of_guided(&state), state.clone()], 0),
            };
            let times = [&times[..], timesteps].concat();
            let both = self.ask(0, batch, &times, [&images, rows]);
            [both.clone().narrow(0, 0, guided.len()), both.narrow(0, guided.len(), count)]
        };
        let scale: Vec<f32> = guided.iter().map(|&row| scales[row] as f32).collect();
        let scale = column(&scale, &state);
        let left = || {
            let stage = &self.sampler.cascade.stages()[self.stage];
            let left = |&row: &usize| (1.0 - stage.time_of(timesteps[row])) as f32;
            column(&guided.iter().map(left).collect::<Vec<_>>(), &state)
        };
        let parts = Parts { conditional: of_guided(&conditional), unconditional, scale };
        let rule = self.sampler.config.guidance_rule;
        let pushed = rule.combine(parts, || of_guided(&state), left);
        if guided.len() == count {
            return pushed;
        }
        let row_of = |row: usize| match guided.binary_search(&row) {
            Ok(place) => pushed.clone().narrow(0, place, 1),
            Err(_) => conditional.clone().narrow(0, row, 1),
        };
        Tensor::cat((0..count).map(row_of).collect(), 0)
    }
}

impl<B: PixelFlowBackend> GuidedVelocity<'_, B> {
    /// The velocity of a network: of some images without their condition, then of some with it.
    fn ask(
        &mut self,
        network: usize,
        state: Tensor<B, 4>,
        timesteps: &[f64],
        images: [&[usize]; 2],
    ) -> Tensor<B, 4> {
        for &image in images.into_iter().flatten() {
            self.calls[image] += 1;
        }
        let model = self.networks.get(network);
        let [_, _, height, width] = state.dims();
        let patch = model.patch_size();
        let (grid_height, grid_width) = (height / patch, width / patch);
        let stage = &self.sampler.cascade.stages()[self.stage];
        let example = |&timestep: &f64| {
            let time = stage.time_of(timestep) as f32;
            Example::new(grid_height, grid_width, timestep as f32).at_time(time)
        };
        let examples: Vec<Example> = timesteps.iter().map(example).collect();
        let context = self.conditions.batch(images[0], images[1]);
        let tokens = images_to_tokens(state, patch);
        let velocity = self.caches[network].velocity(model, tokens, &examples, &context, images);
        tokens_to_images(velocity, grid_height, grid_width, patch)
    }
}

impl<B: PixelFlowBackend> Velocity<B> for GuidedVelocity<'_, B> {
    fn at(&mut self, times: &[f64], state: Tensor<B, 4>, rows: Rows<'_>) -> Result<Tensor<B, 4>> {
        let timesteps: Vec<f64> = times.iter().map(|&t| self.timestep(t)).collect();
        let moves = |&timestep: &f64| self.sampler.moves_at(timestep);
        if timesteps.iter().all(moves) {
            return Ok(self.at_timesteps(&timesteps, state, rows));
        }
        if !timesteps.iter().any(moves) {
            return Ok(self.keep(state.zeros_like(), rows));
        }
        let moves: Vec<f32> = timesteps.iter().map(|t| f32::from(u8::from(moves(t)))).collect();
        let moves = column(&moves, &state);
        let moving = self.of_networks(&timesteps, state, rows) * moves;
        Ok(self.keep(moving, rows))
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
