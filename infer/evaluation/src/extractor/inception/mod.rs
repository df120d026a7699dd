//! Inception-v3 as FID has it: the network of 2015-12-05, which differs from every later one.
//!
//! Its average pools leave the padding out, and the last block pools by the maximum. Szegedy et al. 2015,
//! arXiv 1512.00567; names of tensors as in `torchvision`.

mod block;
mod layout;
mod network;

use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::module::linear;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::TensorFile;

use self::network::{Network, Way};
use super::convolution::Convolution;
use super::feature_map::{FeatureMap, MemoryMap, Placed, is_in_memory};
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
    network: Placed<OnDevice<B>, InMemory>,
    device: B::Device,
    /// `[2048, 1008]`
    classifier: Tensor<B, 2>,
    bias: Vec<f32>,
    protocol: Protocol,
}

/// The network with its weights on a device.
type OnDevice<B> = Network<<Tensor<B, 4> as FeatureMap>::Weights>;
/// The network with its weights in memory.
type InMemory = Network<<MemoryMap as FeatureMap>::Weights>;

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
        let network = Network::<Convolution>::read(&mut reader)?;
        let network = if is_in_memory::<B>(device) {
            Placed::InMemory(network.placed::<MemoryMap>(&()))
        } else {
            Placed::OnDevice(network.placed::<Tensor<B, 4>>(device))
        };
        let classifier = reader.values("fc.weight", &[CLASSES, FEATURES])?;
        let bias = reader.values("fc.bias", &[CLASSES])?;
        // Later files have a second classifier for training, and count batches.
        reader.finish(|name| {
            name.starts_with("AuxLogits.") || name.ends_with(".num_batches_tracked")
        })?;
        let data = TensorData::new(classifier, [CLASSES, FEATURES]);
        let classifier = Tensor::<B, 2>::from_data(data, device).transpose();
        Ok(Self { network, device: device.clone(), classifier, bias, protocol })
    }

    /// Everything that it makes of prepared images.
    ///
    /// # Shapes
    /// - x: `[images, 3, 299, 299]`
    pub fn maps(&self, x: Tensor<B, 4>) -> Maps<B> {
        match &self.network {
            Placed::OnDevice(network) => {
                let Way { block0, block1, mixed_6_conv, block2, last } = network.way(x);
                let pool3 = last.mean_dim(3).mean_dim(2).flatten(1, 3);
                Maps { block0, block1, block2, mixed_6_conv, pool3 }
            }
            Placed::InMemory(network) => {
                let ways = MemoryMap::each(x, |x| network.way(x));
                let stack = |map: fn(&Way<MemoryMap>) -> &MemoryMap| {
                    MemoryMap::stack::<B>(ways.iter().map(map), &self.device)
                };
                Maps {
                    block0: stack(|way| &way.block0),
                    block1: stack(|way| &way.block1),
                    block2: stack(|way| &way.block2),
                    mixed_6_conv: stack(|way| &way.mixed_6_conv),
                    pool3: self.pool3(ways.iter().map(|way| way.last.means())),
                }
            }
        }
    }

    /// `pool_3` and, if a metric needs it, `mixed_6/conv`.
    fn outputs(&self, x: Tensor<B, 4>) -> (Tensor<B, 2>, Option<Tensor<B, 4>>) {
        let has_spatial = self.protocol.has_spatial();
        match &self.network {
            Placed::OnDevice(_) => {
                let maps = self.maps(x);
                (maps.pool3, has_spatial.then_some(maps.mixed_6_conv))
            }
            // No map is kept that nobody asks for.
            Placed::InMemory(network) => {
                let images = MemoryMap::each(x, |x| {
                    let way = network.way(x);
                    (way.last.means(), has_spatial.then_some(way.mixed_6_conv))
                });
                let (means, maps): (Vec<_>, Vec<_>) = images.into_iter().unzip();
                let maps: Option<Vec<_>> = maps.into_iter().collect();
                let maps = maps.map(|maps| MemoryMap::stack::<B>(&maps, &self.device));
                (self.pool3(means.into_iter()), maps)
            }
        }
    }

    /// The means of every image's last map.
    fn pool3(&self, means: impl Iterator<Item = Vec<f32>>) -> Tensor<B, 2> {
        let values: Vec<f32> = means.flatten().collect();
        let images = values.len() / FEATURES;
        Tensor::from_data(TensorData::new(values, [images, FEATURES]), &self.device)
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
        let (pool3, map) = self.outputs(x);
        // The reference's files have the channel innermost.
        let places = |map: Tensor<B, 4>| {
            map.narrow(1, 0, SPATIAL_CHANNELS).permute([0, 2, 3, 1]).flatten(1, 3)
        };
        Outputs {
            spatial: map.map(places),
            logits: Some(self.logits(pool3.clone())),
            features: pool3,
        }
    }
}
