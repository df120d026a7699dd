//! The sum of the gradients of all parts of a batch, of which each rank computes some.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use pixelflow_dataset::loader::Share;
use pixelflow_ranks::{Job, RankError, Sent};

use super::bucket::Bucket;
use super::{Owners, flat_gradients};

/// Who gets the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All ranks.
    ToAll,
    /// Of each parameter its owner.
    ToOwners,
}

/// A sum of gradients on its way, round by round: in each, every rank has one part of the batch, or none in the last.
///
/// An owner gets all ranks' gradients of its parameters, and adds them in the order of the parts. They travel in buckets
/// while the ranks compute the next round.
pub struct Reduction<'a> {
    owners: &'a Owners,
    share: Share,
    /// What travels together; known with the first gradients.
    buckets: Vec<Bucket>,
    /// What this rank owns of each bucket: the sum of the rounds before.
    sums: Vec<Vec<f32>>,
    /// Rounds that have begun, and those that were added.
    rounds: [usize; 2],
}

impl<'a> Reduction<'a> {
    /// A sum that has no terms yet.
    pub fn new(owners: &'a Owners, share: Share) -> Self {
        Self { owners, share, buckets: Vec::new(), sums: Vec::new(), rounds: [0; 2] }
    }

    /// Takes in the gradients of this rank's part of the next round, if it has one.
    ///
    /// # Errors
    /// [`RankError`].
    ///
    /// # Panics
    /// If there are none in the first round.
    pub fn add<B: Backend>(
        &mut self,
        job: &mut Job,
        module: &impl Module<B>,
        gradients: Option<GradientsParams>,
    ) -> Result<(), RankError> {
        // Those of the round before have travelled while this one was computed.
        self.catch_up(job)?;
        let mut own: Option<BTreeMap<String, Tensor<B, 1>>> =
            gradients.map(|gradients| flat_gradients::by_name(module, gradients));
        if self.rounds[0] == 0 {
            let own = own.as_ref().expect("each rank has a part in the first round");
            self.buckets = Bucket::all(own.iter().map(|(name, of)| (name, of.dims()[0])));
        }
        for bucket in &self.buckets {
            let for_rank = |rank| match &mut own {
                None => Vec::new(),
                Some(own) => {
                    // Taken out: it is not needed again.
                    let take = |name: &str| own.remove(name).expect("all parts have the same");
                    bucket.of_owner(self.owners, rank).message(take)
                }
            };
            job.begin(Sent::Each((0..job.ranks()).map(for_rank).collect()))?;
        }
        self.rounds[0] += 1;
        Ok(())
    }

    /// The sum of all rounds.
    ///
    /// # Errors
    /// [`RankError`].
    pub fn finish<B: Backend>(
        mut self,
        job: &mut Job,
        module: &impl Module<B>,
        (delivery, device): (Delivery, &B::Device),
    ) -> Result<GradientsParams, RankError> {
        let mut summed = BTreeMap::new();
        for number in 0..self.buckets.len() {
            self.add_bucket(job, number)?;
            let sum = &self.sums[number];
            if delivery == Delivery::ToAll {
                // It travels while the next bucket is added.
                job.begin(Sent::All(bytemuck::cast_slice(sum).to_vec()))?;
            } else {
                let mine = self.buckets[number].of_owner(self.owners, job.rank());
                summed.extend(mine.tensors::<B>(sum, device));
            }
        }
        if delivery == Delivery::ToAll {
            for bucket in &self.buckets {
                for (rank, message) in job.finish()?.into_iter().enumerate() {
                    let theirs = bucket.of_owner(self.owners, rank);
                    Job::check_length(rank, "gradients", message.len(), theirs.bytes())?;
                    let sum: Vec<f32> = bytemuck::pod_collect_to_vec(&message);
                    summed.extend(theirs.tensors::<B>(&sum, device));
                }
            }
        }
        Ok(flat_gradients::of_module(module, summed))
    }

    /// Adds the round that is under way, if there is one.
    fn catch_up(&mut self, job: &mut Job) -> Result<(), RankError> {
        if self.rounds[1] < self.rounds[0] {
            (0..self.buckets.len()).try_for_each(|number| self.add_bucket(job, number))?;
            self.rounds[1] += 1;
        }
        Ok(())
    }

    /// Adds what all ranks have sent of a bucket's parameters that this rank owns, in the order of the parts.
    fn add_bucket(&mut self, job: &mut Job, number: usize) -> Result<(), RankError> {
        let round = self.rounds[1];
        let bytes = self.buckets[number].of_owner(self.owners, job.rank()).bytes();
        for (rank, message) in job.finish()?.into_iter().enumerate() {
            let has_part = round < (Share { rank, ..self.share }).own_parts();
            let expected = if has_part { bytes } else { 0 };
            Job::check_length(rank, "gradients", message.len(), expected)?;
            if !has_part {
                continue;
            }
            let gradients: Vec<f32> = bytemuck::pod_collect_to_vec(&message);
            match self.sums.get_mut(number) {
                None => self.sums.push(gradients),
                Some(sum) => add(sum, &gradients),
            }
        }
        Ok(())
    }
}

/// `sum += terms`.
fn add(sum: &mut [f32], terms: &[f32]) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum += term;
    }
}
