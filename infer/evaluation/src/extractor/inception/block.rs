//! A block of Inception: branches side by side, each a chain of steps.

use pixelflow::weights::WeightsError;

use super::layout;
use crate::extractor::convolution::{Convolution, Names};
use crate::extractor::feature_map::{Activation, FeatureMap, Places};
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
pub(super) struct Block<W> {
    branches: Vec<Vec<Step<W>>>,
}

/// Keeps the variance of a normalisation from 0.
const EPSILON: f64 = 1e-3;

impl Block<Convolution> {
    /// Reads the convolutions of a layout, whose names begin with that of the block.
    pub(super) fn read(
        reader: &mut WeightReader<'_>,
        block: &str,
        layout: Vec<Vec<Step<layout::Convolution>>>,
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
            Convolution::read(reader, &names, of.form)
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

    /// Brings the weights where a kind of maps needs them.
    pub(super) fn placed<M: FeatureMap>(self, device: &M::Device) -> Block<M::Weights> {
        let place = |convolution| M::weights(convolution, device);
        let step = |step| match step {
            Step::Convolution(of) => Step::Convolution(place(of)),
            Step::Fork(one, other) => Step::Fork(place(one), place(other)),
            Step::ConvolvedAverage(of) => Step::ConvolvedAverage(place(of)),
            Step::Maximum => Step::Maximum,
            Step::Halve => Step::Halve,
        };
        let branch = |steps: Vec<_>| steps.into_iter().map(step).collect();
        Block { branches: self.branches.into_iter().map(branch).collect() }
    }
}

impl<W> Block<W> {
    /// The results of all branches.
    pub(super) fn branches<M: FeatureMap<Weights = W>>(&self, x: &M) -> Vec<M> {
        let chain = |steps: &Vec<Step<W>>| {
            let (first, rest) = steps.split_first().expect("a branch has a step");
            rest.iter().fold(first.forward(x), |x, step| step.forward(&x))
        };
        self.branches.iter().map(chain).collect()
    }

    /// Their results side by side.
    pub(super) fn forward<M: FeatureMap<Weights = W>>(&self, x: &M) -> M {
        M::beside(&self.branches(x))
    }
}

impl<W> Step<W> {
    fn forward<M: FeatureMap<Weights = W>>(&self, x: &M) -> M {
        match self {
            Self::Convolution(convolution) => x.convolve(convolution, Activation::Relu),
            Self::ConvolvedAverage(convolution) => x
                .convolve(convolution, Activation::None)
                .neighbour_mean()
                .activate(Activation::Relu),
            Self::Maximum => x.maximum(Places::Every),
            Self::Halve => x.maximum(Places::EverySecond),
            Self::Fork(one, other) => {
                M::beside(&[one, other].map(|of| x.convolve(of, Activation::Relu)))
            }
        }
    }
}
