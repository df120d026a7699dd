//! The optimiser's state in shards: each rank has that of the parameters that it owns (ZeRO-1, arXiv 1910.02054).

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow_ranks::{Job, RankError, Sent};

use super::Owners;
use super::bucket::Bucket;
use crate::optimizer::{Moments, WholeMoments};
use crate::parameters::{flat_parameters, with_parameters};

/// The squared norms of all gradients, of which this rank has those of its own parameters, in the order of the module.
///
/// # Errors
/// [`RankError`].
pub fn gather_squares<B: Backend>(
    job: &mut Job,
    own: Vec<(String, Option<Tensor<B, 1>>)>,
    owners: &Owners,
    device: &B::Device,
) -> Result<Tensor<B, 1>, RankError> {
    let mut message = Vec::new();
    for (_, square) in own.iter().filter(|(name, _)| owners.of(name) == job.rank()) {
        let square = square.clone().map_or_else(|| vec![0; 4], |square| bytes(square));
        message.extend(square);
    }
    let mut all = Vec::new();
    for (rank, message) in job.gather(message)?.into_iter().enumerate() {
        let count = own.iter().filter(|(name, _)| owners.of(name) == rank).count();
        Job::check_length(rank, "norms", message.len(), size_of::<f32>() * count)?;
        all.push(bytemuck::pod_collect_to_vec::<u8, f32>(&message).into_iter());
    }
    let of_owner =
        |(name, _): &(String, _)| all[owners.of(name)].next().expect("as many as counted");
    let squares: Vec<f32> = own.iter().map(of_owner).collect();
    let count = squares.len();
    Ok(Tensor::from_data(TensorData::new(squares, [count]), device))
}

fn bytes<B: Backend>(tensor: Tensor<B, 1>) -> Vec<u8> {
    tensor.into_data().as_bytes().to_vec()
}

/// The module with all parameters as their owners have them.
///
/// # Errors
/// [`RankError`].
pub fn spread_parameters<B: Backend, M: Module<B>>(
    job: &mut Job,
    module: M,
    owners: &Owners,
    device: &B::Device,
) -> Result<M, RankError> {
    let rank = job.rank();
    let parameters = flat_parameters(&module);
    let sizes = parameters.iter().map(|(name, of)| (name, of.values.dims()[0]));
    let mut values = BTreeMap::new();
    for bucket in Bucket::all(sizes) {
        let mine = bucket.of_owner(owners, rank);
        let message = mine.message(|name| parameters[name].values.clone());
        for (rank, message) in job.gather(message)?.into_iter().enumerate() {
            let theirs = bucket.of_owner(owners, rank);
            Job::check_length(rank, "weights", message.len(), theirs.bytes())?;
            let numbers: Vec<f32> = bytemuck::pod_collect_to_vec(&message);
            values.extend(theirs.tensors::<B>(&numbers, device));
        }
    }
    drop(parameters);
    Ok(with_parameters(module, |name| values.get(name).cloned()))
}

/// All moments and averages in the first rank's own memory, not in its device's; `None` on the others.
///
/// # Errors
/// [`RankError`].
pub fn gather_moments<B: PixelFlowBackend>(
    job: &mut Job,
    own: &BTreeMap<String, Moments<B>>,
    (owners, sizes): (&Owners, &BTreeMap<String, [usize; 3]>),
) -> Result<Option<WholeMoments>, RankError> {
    let mut whole = WholeMoments::new();
    // One parameter at a time: all together would be three times the weights.
    for (name, sizes) in sizes {
        let mut messages = vec![Vec::new(); job.ranks()];
        if let Some(Moments { first, second, average }) = own.get(name) {
            for tensor in [first, second, average] {
                messages[0].extend_from_slice(tensor.clone().into_data().as_bytes());
            }
        }
        job.begin(Sent::Each(messages))?;
        let owner = owners.of(name);
        let message = job.finish()?.swap_remove(owner);
        if job.leads() {
            let numbers: Vec<f32> = bytemuck::pod_collect_to_vec(&message);
            let count = sizes.iter().sum::<usize>();
            Job::check_length(owner, "moments", message.len(), size_of::<f32>() * count)?;
            let mut rest = numbers.as_slice();
            let parts = sizes.map(|size| {
                let (part, behind) = rest.split_at(size);
                rest = behind;
                part.to_vec()
            });
            whole.insert(name.clone(), parts);
        }
    }
    Ok(job.leads().then_some(whole))
}
