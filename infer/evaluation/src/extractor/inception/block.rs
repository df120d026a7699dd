//! A block of Inception: branches side by side, each a chain of steps.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use pixelflow::weights::WeightsError;

use super::layout;
use crate::extractor::convolution::{Convolution, Names};
use crate::extractor::weight_reader::WeightReader;

/// One step of a branch; `C` is a convolution, in the layout its form and in the network its weights.
#[derive(Clone, Debug)]
pub(super) enum Step<C> {
    /// A convolution with its normalisation, and `ReLU`.
    Convolution(C),
    /// The mean of 3x3 places without those beyond the border, convolved by 1x1 and cut at 0.
    ///
    /// Both are linear, one over places and one over channels: they exchange. The mean comes second, when a
    /// quarter of the channels is left. The doubt: sums round in another order.
    ConvolvedAverage(C),
    /// The maximum of 3x3 places at every place.
    Maximum,
    /// The maximum of 3x3 places at every second place, without padding.
    Halve,
    /// Two convolutions of the same input, their results side by side.
    Fork(C, C),
}

/// Branches of one input, their results side by side.
#[derive(Clone, Debug)]
pub(super) struct Block<B: Backend> {
    branches: Vec<Vec<Step<Convolution<B>>>>,
}

/// Keeps the variance of a normalisation from 0.
const EPSILON: f64 = 1e-3;

impl<B: Backend> Block<B> {
    /// Reads the convolutions of a layout, whose names begin with that of the block.
    pub(super) fn read(
        reader: &mut WeightReader<'_>,
        block: &str,
        layout: Vec<Vec<Step<layout::Convolution>>>,
        device: &B::Device,
    ) -> Result<Self, WeightsError> {
        let mut read = |of: layout::Convolution| {
            let name =
                if block.is_empty() { of.name.to_owned() } else { format!("{block}.{}", of.name) };
            let [convolution, normalisation] = ["conv", "bn"].map(|part| format!("{name}.{part}"));
            let names = Names {
                convolution: &convolution,
                normalisation: &normalisation,
                epsilon: EPSILON,
            };
            Convolution::read(reader, &names, of.form, device)
        };
        let mut branches = Vec::with_capacity(layout.len());
        for branch in layout {
            let mut steps = Vec::with_capacity(branch.len());
            for step in branch {
                steps.push(match step {
                    Step::Convolution(of) => Step::Convolution(read(of)?),
                    Step::Fork(one, other) => Step::Fork(read(one)?, read(other)?),
                    Step::ConvolvedAverage(of) => Step::ConvolvedAverage(read(of)?),
                    Step::Maximum => Step::Maximum,
                    Step::Halve => Step::Halve,
                });
            }
            branches.push(steps);
        }
        Ok(Self { branches })
    }

    /// The results of all branches.
    pub(super) fn branches(&self, x: Tensor<B, 4>) -> Vec<Tensor<B, 4>> {
        let chain = |steps: &Vec<Step<Convolution<B>>>| {
            steps.iter().fold(x.clone(), |x, step| step.forward(x))
        };
        self.branches.iter().map(chain).collect()
    }

    /// Their results side by side.
    pub(super) fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        Tensor::cat(self.branches(x), 1)
    }
}

impl<B: Backend> Step<Convolution<B>> {
    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        match self {
            Self::Convolution(convolution) => relu(convolution.forward(x)),
            Self::ConvolvedAverage(convolution) => {
                let x = convolution.forward(x);
                relu(avg_pool2d(x, [3; 2], [1; 2], [1; 2], false, false))
            }
            Self::Maximum => max_pool2d(x, [3; 2], [1; 2], [1; 2], [1; 2], false),
            Self::Halve => max_pool2d(x, [3; 2], [2; 2], [0; 2], [1; 2], false),
            Self::Fork(one, other) => {
                let both = [one, other].map(|convolution| relu(convolution.forward(x.clone())));
                Tensor::cat(both.to_vec(), 1)
            }
        }
    }
}
