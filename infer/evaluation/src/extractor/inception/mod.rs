//! Inception-v3 as FID has it: the network of 2015-12-05, which differs from every later one.
//!
//! Its average pools leave the padding out, and the last block pools by the maximum. Szegedy et al. 2015,
//! arXiv 1512.00567; names of tensors as in `torchvision`.

mod block;
mod layout;

use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::module::{linear, max_pool2d};
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::TensorFile;

use self::block::Block;
use super::weight_reader::WeightReader;
use super::weight_source::WeightSource;
use super::{Extractor, Outputs, Preparation};
use crate::{Protocol, Result};

/// Features that FID looks at.
pub const FEATURES: usize = 2048;
/// Classes of the classifier: `ImageNet`'s thousand, and eight that mean nothing.
pub const CLASSES: usize = 1008;
/// Channels of `mixed_6/conv` that sFID looks at.
pub const SPATIAL_CHANNELS: usize = 7;
/// Places of each, `[17, 17]`.
const SPATIAL_SIDE: usize = 17;

/// Which file, and from where.
pub const WEIGHTS: WeightSource = WeightSource {
    network: "Inception-v3",
    source: "take pt_inception-2015-12-05-6726825d.pth from the releases of mseitzer/pytorch-fid, or \
             weights-inception-2015-12-05-6726825d.pth from those of toshas/torch-fidelity (the same values)",
    alternative: "FD-EffLite0 and KID-EffLite0 can be measured, whose network is shipped; they are no FID",
};

/// The network.
#[derive(Clone, Debug)]
pub struct Inception<B: Backend> {
    stem: Block<B>,
    middle: Block<B>,
    mixed: Vec<Block<B>>,
    /// `[2048, 1008]`
    classifier: Tensor<B, 2>,
    bias: Vec<f32>,
    protocol: Protocol,
}

/// What the network makes on its way.
#[derive(Clone, Debug)]
pub struct Maps<B: Backend> {
    /// After the first pool, `[images, 64, 73, 73]`.
    pub block0: Tensor<B, 4>,
    /// After the second pool, `[images, 192, 35, 35]`.
    pub block1: Tensor<B, 4>,
    /// After `Mixed_6e`, `[images, 768, 17, 17]`.
    pub block2: Tensor<B, 4>,
    /// `mixed_6/conv`, the first branch of `Mixed_6d`, `[images, 192, 17, 17]`.
    pub mixed_6_conv: Tensor<B, 4>,
    /// `pool_3`, `[images, 2048]`.
    pub pool3: Tensor<B, 2>,
}

impl<B: Backend> Inception<B> {
    /// Reads the weights from a file of the user's.
    ///
    /// # Errors
    /// [`crate::Error::MissingWeights`] without a file, [`crate::Error::Weights`] for one that does not fit.
    pub fn open(path: Option<&Path>, protocol: Protocol, device: &B::Device) -> Result<Self> {
        Self::load(&WEIGHTS.open(path)?, protocol, device)
    }

    /// Takes the weights of a file.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] naming every tensor that does not fit.
    pub fn load(file: &TensorFile, protocol: Protocol, device: &B::Device) -> Result<Self> {
        let mut reader = WeightReader::new(file);
        let mut block =
            |name, layout: Vec<Vec<layout::Step>>| Block::read(&mut reader, name, layout, device);
        let stem = block("", layout::stem())?;
        let middle = block("", layout::middle())?;
        let mixed = layout::MIXED.iter().map(|mixed| block(mixed.name, mixed.branches()));
        let mixed = mixed.collect::<std::result::Result<_, _>>()?;
        let classifier = reader.values("fc.weight", &[CLASSES, FEATURES])?;
        let bias = reader.values("fc.bias", &[CLASSES])?;
        // Later files have a second classifier for training, and count batches.
        reader.finish(|name| {
            name.starts_with("AuxLogits.") || name.ends_with(".num_batches_tracked")
        })?;
        let data = TensorData::new(classifier, [CLASSES, FEATURES]);
        let classifier = Tensor::<B, 2>::from_data(data, device).transpose();
        Ok(Self { stem, middle, mixed, classifier, bias, protocol })
    }

    /// Everything that it makes of prepared images.
    ///
    /// # Shapes
    /// - x: `[images, 3, 299, 299]`
    pub fn maps(&self, x: Tensor<B, 4>) -> Maps<B> {
        let pool = |x| max_pool2d(x, [3; 2], [2; 2], [0; 2], [1; 2], false);
        let block0 = pool(self.stem.forward(x));
        let block1 = pool(self.middle.forward(block0.clone()));
        let through = |x, blocks: &[Block<B>]| blocks.iter().fold(x, |x, block| block.forward(x));
        let (before, rest) = self.mixed.split_at(layout::MIXED_6D);
        let branches = rest[0].branches(through(block1.clone(), before));
        let mixed_6_conv = branches[0].clone();
        let block2 = rest[1].forward(Tensor::cat(branches, 1));
        let x = through(block2.clone(), &rest[2..]);
        let pool3 = x.mean_dim(3).mean_dim(2).flatten(1, 3);
        Maps { block0, block1, block2, mixed_6_conv, pool3 }
    }

    /// Logits without the bias, as the Inception Score has them.
    ///
    /// # Shapes
    /// - pool3: `[images, 2048]`
    /// - output: `[images, 1008]`
    pub fn logits(&self, pool3: Tensor<B, 2>) -> Tensor<B, 2> {
        linear(pool3, self.classifier.clone(), None)
    }

    /// The bias that [`logits`](Self::logits) leaves out, `[1008]`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }
}

impl<B: Backend> Extractor<B> for Inception<B> {
    fn name(&self) -> &'static str {
        WEIGHTS.network
    }

    fn columns(&self) -> usize {
        FEATURES
    }

    fn spatial_columns(&self) -> Option<usize> {
        let columns = SPATIAL_CHANNELS * SPATIAL_SIDE * SPATIAL_SIDE;
        self.protocol.has_spatial().then_some(columns)
    }

    fn preparation(&self) -> Preparation {
        Preparation { side: 299, resize: self.protocol.resize(), range: self.protocol.range() }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Outputs<B> {
        let maps = self.maps(x);
        // The reference's files have the channel innermost.
        let places = |map: Tensor<B, 4>| {
            map.narrow(1, 0, SPATIAL_CHANNELS).permute([0, 2, 3, 1]).flatten(1, 3)
        };
        Outputs {
            spatial: self.protocol.has_spatial().then(|| places(maps.mixed_6_conv)),
            logits: Some(self.logits(maps.pool3.clone())),
            features: maps.pool3,
        }
    }
}
