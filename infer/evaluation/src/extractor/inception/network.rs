//! The layers of Inception in their order, over any kind of feature maps.

use pixelflow::weights::WeightsError;

use super::block::Block;
use super::layout;
use crate::extractor::convolution::Convolution;
use crate::extractor::feature_map::{FeatureMap, Places};
use crate::extractor::weight_reader::WeightReader;

/// All blocks, with their weights.
#[derive(Clone, Debug)]
pub(super) struct Network<W> {
    stem: Block<W>,
    middle: Block<W>,
    mixed: Vec<Block<W>>,
}

/// The maps on the way; [`Maps`](super::Maps) says their shapes.
pub(super) struct Way<M> {
    pub(super) block0: M,
    pub(super) block1: M,
    pub(super) mixed_6_conv: M,
    pub(super) block2: M,
    /// What `pool_3` is the mean of, `[2048, 8, 8]`.
    pub(super) last: M,
}

impl Network<Convolution> {
    /// Reads all convolutions.
    pub(super) fn read(reader: &mut WeightReader<'_>) -> Result<Self, WeightsError> {
        let stem = Block::read(reader, "", layout::stem())?;
        let middle = Block::read(reader, "", layout::middle())?;
        let mixed = layout::MIXED.iter();
        let mixed = mixed.map(|mixed| Block::read(reader, mixed.name, mixed.branches()));
        Ok(Self { stem, middle, mixed: mixed.collect::<Result<_, _>>()? })
    }

    /// Brings the weights where a kind of maps needs them.
    pub(super) fn placed<M: FeatureMap>(self, device: &M::Device) -> Network<M::Weights> {
        let place = |block: Block<Convolution>| block.placed::<M>(device);
        Network {
            stem: place(self.stem),
            middle: place(self.middle),
            mixed: self.mixed.into_iter().map(place).collect(),
        }
    }
}

impl<W> Network<W> {
    /// The way of prepared images, `[3, 299, 299]` each.
    pub(super) fn way<M: FeatureMap<Weights = W>>(&self, x: M) -> Way<M> {
        let block0 = self.stem.forward(&x).maximum(Places::EverySecond);
        let block1 = self.middle.forward(&block0).maximum(Places::EverySecond);
        let through = |x: &M, blocks: &[Block<W>]| {
            let (first, rest) = blocks.split_first().expect("there are blocks");
            rest.iter().fold(first.forward(x), |x, block| block.forward(&x))
        };
        let (before, rest) = self.mixed.split_at(layout::MIXED_6D);
        let branches = rest[0].branches(&through(&block1, before));
        let mixed_6_conv = branches[0].clone();
        let block2 = rest[1].forward(&M::beside(&branches));
        let last = through(&block2, &rest[2..]);
        Way { block0, block1, mixed_6_conv, block2, last }
    }
}
