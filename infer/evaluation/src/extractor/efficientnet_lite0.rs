//! EfficientNet-Lite0, the classifier that is shipped: its features make FD-EffLite0 and KID-EffLite0.
//!
//! They are no FID: another network sees other things. But they need no file that must be fetched first.
//! Tan and Le 2019, arXiv 1905.11946; the Lite variant (no squeezing, `ReLU6`) is Google's of 2020. Names of
//! tensors as in the package `efficientnet-lite-pytorch`.

use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::module::linear;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::{TensorFile, WeightsError};

use super::convolution::{Convolution, Form, Names};
use super::feature_map::{Activation, FeatureMap, MemoryMap, Placed, is_in_memory};
use super::weight_reader::WeightReader;
use super::weight_source::WeightSource;
use super::{Extractor, Outputs, Preparation, Range, Resize};
use crate::Result;

/// Features after the global mean.
pub const FEATURES: usize = 1280;
/// `ImageNet`'s classes.
pub const CLASSES: usize = 1000;

/// Which file, and from where.
pub const WEIGHTS: WeightSource = WeightSource {
    network: "EfficientNet-Lite0",
    source: "take assets/efficientnet-lite0/model.safetensors of this repository",
    alternative: "FID can be measured with Inception's weights",
};

/// Keeps the variance of a normalisation from 0.
const EPSILON: f64 = 1e-3;

/// Blocks of a kind that follow each other: how many, side of the kernel, step of the first, by how much the
/// channels grow inside, channels of the result.
const STAGES: [[usize; 5]; 7] = [
    [1, 3, 1, 1, 16],
    [2, 3, 2, 6, 24],
    [2, 5, 2, 6, 40],
    [3, 3, 2, 6, 80],
    [3, 5, 1, 6, 112],
    [4, 5, 2, 6, 192],
    [1, 3, 1, 6, 320],
];

/// The network.
#[derive(Clone, Debug)]
pub struct EfficientNetLite0<B: Backend> {
    network: Placed<OnDevice<B>, InMemory>,
    /// `[1280, 1000]`
    classifier: Tensor<B, 2>,
    bias: Tensor<B, 1>,
    device: B::Device,
}

/// The network with its weights on a device.
type OnDevice<B> = Network<<Tensor<B, 4> as FeatureMap>::Weights>;
/// The network with its weights in memory.
type InMemory = Network<<MemoryMap as FeatureMap>::Weights>;

/// Everything before the classifier.
#[derive(Clone, Debug)]
struct Network<W> {
    stem: W,
    blocks: Vec<InvertedResidual<W>>,
    head: W,
}

/// A block that widens, convolves each channel alone, and narrows.
#[derive(Clone, Debug)]
struct InvertedResidual<W> {
    expand: Option<W>,
    depthwise: W,
    project: W,
    has_residual: bool,
}

impl<B: Backend> EfficientNetLite0<B> {
    /// Reads the weights from a file.
    ///
    /// # Errors
    /// [`crate::Error::MissingWeights`] without a file, [`crate::Error::Weights`] for one that does not fit.
    pub fn open(path: Option<&Path>, device: &B::Device) -> Result<Self> {
        Self::load(&WEIGHTS.open(path)?, device)
    }

    /// Takes the weights of a file; the shipped one can be opened from memory by [`TensorFile::from_bytes`].
    ///
    /// # Errors
    /// [`crate::Error::Weights`] naming every tensor that does not fit.
    pub fn load(file: &TensorFile, device: &B::Device) -> Result<Self> {
        let mut reader = WeightReader::new(file);
        let network = Network::read(&mut reader)?;
        let (classifier, bias) = classifier(&mut reader, device)?;
        reader.finish(|name| name.ends_with(".num_batches_tracked"))?;
        let network = if is_in_memory::<B>(device) {
            Placed::InMemory(network.placed::<MemoryMap>(&()))
        } else {
            Placed::OnDevice(network.placed::<Tensor<B, 4>>(device))
        };
        Ok(Self { network, classifier, bias, device: device.clone() })
    }
}

type Classifier<B> = (Tensor<B, 2>, Tensor<B, 1>);

fn classifier<B: Backend>(
    reader: &mut WeightReader<'_>,
    device: &B::Device,
) -> std::result::Result<Classifier<B>, WeightsError> {
    let weight = reader.values("_fc.weight", &[CLASSES, FEATURES])?;
    let bias = reader.values("_fc.bias", &[CLASSES])?;
    let weight = Tensor::<B, 2>::from_data(TensorData::new(weight, [CLASSES, FEATURES]), device);
    Ok((weight.transpose(), Tensor::from_data(TensorData::new(bias, [CLASSES]), device)))
}

impl Network<Convolution> {
    /// Reads all convolutions.
    fn read(reader: &mut WeightReader<'_>) -> std::result::Result<Self, WeightsError> {
        let mut read = |block: &str, [convolution, normalisation]: [&str; 2], form| {
            let [convolution, normalisation] =
                [convolution, normalisation].map(|part| format!("{block}{part}"));
            let names = Names {
                convolution: &convolution,
                normalisation: &normalisation,
                epsilon: EPSILON,
            };
            Convolution::read(reader, &names, form)
        };
        let stem = Form { stride: 2, ..Form::same(3, 32, [3, 3]) };
        let stem = read("", ["_conv_stem", "_bn0"], stem)?;
        let (mut blocks, mut inputs) = (Vec::new(), 32);
        for [count, kernel, first_stride, growth, outputs] in STAGES {
            for number in 0..count {
                let block = format!("_blocks.{}.", blocks.len());
                let stride = if number == 0 { first_stride } else { 1 };
                let inner = inputs * growth;
                let mut part = |names, form| read(&block, names, form);
                let expand = (growth > 1)
                    .then(|| part(["_expand_conv", "_bn0"], Form::same(inputs, inner, [1, 1])));
                let depthwise =
                    Form { stride, depthwise: true, ..Form::same(inner, inner, [kernel; 2]) };
                blocks.push(InvertedResidual {
                    expand: expand.transpose()?,
                    depthwise: part(["_depthwise_conv", "_bn1"], depthwise)?,
                    project: part(["_project_conv", "_bn2"], Form::same(inner, outputs, [1, 1]))?,
                    has_residual: stride == 1 && inputs == outputs,
                });
                inputs = outputs;
            }
        }
        let head = read("", ["_conv_head", "_bn1"], Form::same(inputs, FEATURES, [1, 1]))?;
        Ok(Self { stem, blocks, head })
    }

    /// Brings the weights where a kind of maps needs them.
    fn placed<M: FeatureMap>(self, device: &M::Device) -> Network<M::Weights> {
        let place = |convolution| M::weights(convolution, device);
        let block = |block: InvertedResidual<Convolution>| InvertedResidual {
            expand: block.expand.map(place),
            depthwise: place(block.depthwise),
            project: place(block.project),
            has_residual: block.has_residual,
        };
        Network {
            stem: place(self.stem),
            blocks: self.blocks.into_iter().map(block).collect(),
            head: place(self.head),
        }
    }
}

impl<W> Network<W> {
    /// What the features are the means of, `[1280, 7, 7]`, of a prepared image.
    fn forward<M: FeatureMap<Weights = W>>(&self, x: &M) -> M {
        let x = x.convolve(&self.stem, Activation::Relu6);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        x.convolve(&self.head, Activation::Relu6)
    }
}

impl<W> InvertedResidual<W> {
    fn forward<M: FeatureMap<Weights = W>>(&self, input: M) -> M {
        let wide = self.expand.as_ref().map(|expand| input.convolve(expand, Activation::Relu6));
        let x = wide.as_ref().unwrap_or(&input).convolve(&self.depthwise, Activation::Relu6);
        let x = x.convolve(&self.project, Activation::None);
        if self.has_residual { x.plus(input) } else { x }
    }
}

impl<B: Backend> Extractor<B> for EfficientNetLite0<B> {
    fn name(&self) -> &'static str {
        WEIGHTS.network
    }

    fn columns(&self) -> usize {
        FEATURES
    }

    fn preparation(&self) -> Preparation {
        Preparation { side: 224, resize: Resize::PillowBytes, range: Range::AROUND_127 }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Outputs<B> {
        let features = match &self.network {
            Placed::OnDevice(network) => network.forward(&x).mean_dim(3).mean_dim(2).flatten(1, 3),
            Placed::InMemory(network) => {
                let means = MemoryMap::each(x, |x| network.forward(&x).means());
                let data = TensorData::new(means.concat(), [means.len(), FEATURES]);
                Tensor::<B, 2>::from_data(data, &self.device)
            }
        };
        let logits = linear(features.clone(), self.classifier.clone(), Some(self.bias.clone()));
        Outputs { features, spatial: None, logits: Some(logits) }
    }
}
