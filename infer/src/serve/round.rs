//! Images of several jobs in one batch, which changes none of them.

use std::ops::Range;
use std::sync::Arc;

use pixelflow::pipeline::Request;

use super::job::Job;

/// Images of a job in a round.
#[derive(Clone, Debug)]
pub(super) struct Share {
    /// The job.
    pub(super) job: Arc<Job>,
    /// Which of its images.
    pub(super) images: Range<usize>,
}

/// Images that are drawn at once.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// Whose; the images of the first come first.
    pub(super) shares: Vec<Share>,
}

/// Whether images of two jobs can be in one batch: what a batch has once is equal in both.
pub(super) fn go_together(first: &Job, second: &Job) -> bool {
    let once = |Job { request, .. }: &Job| (request.size, request.sampler.clone(), request.noise);
    once(first) == once(second) && first.edit() == second.edit()
}

impl Round {
    /// How many images.
    pub(super) fn images(&self) -> usize {
        self.shares.iter().map(|share| share.images.len()).sum()
    }

    /// The request of all images.
    pub(super) fn request(&self) -> Request {
        let of = |share: &Share| share.job.request.images[share.images.clone()].to_vec();
        let images = self.shares.iter().flat_map(of).collect();
        let first = &self.shares[0].job;
        let (edit, request) = (first.edit(), first.request.clone());
        Request { images, batch: self.images(), edit, ..request }
    }

    /// The share of image `index` of the round, and which of the job's images it is.
    pub(super) fn place(&self, mut index: usize) -> (&Share, usize) {
        for share in &self.shares {
            if index < share.images.len() {
                return (share, share.images.start + index);
            }
            index -= share.images.len();
        }
        unreachable!("a drawing has no more images than its request")
    }

    /// A round for each share.
    pub(super) fn one_by_one(self) -> impl Iterator<Item = Self> {
        self.shares.into_iter().map(|share| Self { shares: vec![share] })
    }
}
