//! The sum of the gradients of all ranks.

use std::collections::{BTreeMap, VecDeque};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use pixelflow_ranks::{Job, RankError, Sent};

use super::bucket::Bucket;
use super::tree_sum::nodes_of;
use super::{Node, Owners, TreeSum, flat_gradients, parts_of};
use crate::step::ExampleLosses;

/// Exchanges under way at once.
const AHEAD: usize = 3;

/// Who gets the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All ranks.
    ToAll,
    /// Of each parameter its owner.
    ToOwners,
}

/// What an exchange under way carries of a bucket.
enum Travelling<'a> {
    /// Gradients to the owners.
    Gradients(&'a Bucket),
    /// Their sums to all.
    Sums(&'a Bucket),
}

/// The gradients of all `parts` of a batch, of whose branches this rank has `own`.
///
/// An owner gets every rank's gradients of its parameters, adds them up in the order of [`TreeSum`], and gives the sum
/// to all: each number travels as often as in a ring, and the order of the sum is ours.
///
/// # Errors
/// [`RankError`].
///
/// # Panics
/// If this rank has no part of the batch.
pub fn sum_over_ranks<B: Backend>(
    job: &mut Job,
    module: &impl Module<B>,
    (own, parts): (Vec<(Node, GradientsParams)>, usize),
    (owners, delivery): (&Owners, Delivery),
    device: &B::Device,
) -> Result<GradientsParams, RankError> {
    let by_name = |(_, gradients)| flat_gradients::by_name(module, gradients);
    let mut own: Vec<BTreeMap<String, Tensor<B, 1>>> = own.into_iter().map(by_name).collect();
    let (rank, ranks) = (job.rank(), job.ranks());
    let buckets = Bucket::all(own[0].iter().map(|(name, of)| (name, of.dims()[0])));
    let (mut begun, mut summed) = (VecDeque::new(), BTreeMap::new());
    let mut waiting = buckets.iter();
    loop {
        while begun.len() < AHEAD
            && let Some(bucket) = waiting.next()
        {
            let for_rank = |rank| {
                let theirs = bucket.of_owner(owners, rank);
                let of_branch = |branch: &mut BTreeMap<String, Tensor<B, 1>>| {
                    // Taken out: it is not needed again.
                    theirs.message(|name| branch.remove(name).expect("all branches have the same"))
                };
                own.iter_mut().flat_map(of_branch).collect()
            };
            job.begin(Sent::Each((0..ranks).map(for_rank).collect()))?;
            begun.push_back(Travelling::Gradients(bucket));
        }
        match begun.pop_front() {
            None => break,
            Some(Travelling::Gradients(bucket)) => {
                let mine = bucket.of_owner(owners, rank);
                let sum = add_up(&job.finish()?, parts, mine.bytes())?;
                if delivery == Delivery::ToAll {
                    job.begin(Sent::All(bytemuck::cast_slice(&sum).to_vec()))?;
                    begun.push_back(Travelling::Sums(bucket));
                } else {
                    summed.extend(mine.tensors::<B>(&sum, device));
                }
            }
            Some(Travelling::Sums(bucket)) => {
                for (rank, message) in job.finish()?.into_iter().enumerate() {
                    let theirs = bucket.of_owner(owners, rank);
                    Job::check_length(rank, "gradients", message.len(), theirs.bytes())?;
                    let sum: Vec<f32> = bytemuck::pod_collect_to_vec(&message);
                    summed.extend(theirs.tensors::<B>(&sum, device));
                }
            }
        }
    }
    Ok(flat_gradients::of_module(module, summed))
}

/// The sum of what each rank has sent of one rank's parameters, which have so many `bytes`.
fn add_up(messages: &[Vec<u8>], parts: usize, bytes: usize) -> Result<Vec<f32>, RankError> {
    let mut sum = TreeSum::default();
    for (rank, message) in messages.iter().enumerate() {
        let nodes = nodes_of(parts_of(rank, messages.len(), parts));
        Job::check_length(rank, "gradients", message.len(), nodes.len() * bytes)?;
        for (number, node) in nodes.into_iter().enumerate() {
            let branch = &message[number * bytes..][..bytes];
            sum.add(node, bytemuck::pod_collect_to_vec(branch), plus);
        }
    }
    Ok(sum.total(plus).unwrap_or_default())
}

/// `a + b`.
fn plus(mut a: Vec<f32>, b: Vec<f32>) -> Vec<f32> {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
    a
}

/// The losses of all examples of a batch, in the order of its parts.
///
/// # Errors
/// [`RankError`].
pub fn gather_losses(job: &mut Job, own: ExampleLosses) -> Result<ExampleLosses, RankError> {
    let numbers = own.losses.iter().zip(&own.stages);
    let bytes = numbers
        .flat_map(|(loss, &stage)| [loss.to_le_bytes(), (stage as u32).to_le_bytes()].concat());
    let mut all = ExampleLosses::default();
    for message in job.gather(bytes.collect())? {
        for example in message.chunks_exact(8) {
            let word = |from: usize| [0, 1, 2, 3].map(|byte| example[from + byte]);
            all.losses.push(f32::from_le_bytes(word(0)));
            all.stages.push(u32::from_le_bytes(word(4)) as usize);
        }
    }
    Ok(all)
}
