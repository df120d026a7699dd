//! How many numbers a model has.

use crate::PixelFlowConfig;
use crate::layers::TIMESTEP_FEATURES;

impl PixelFlowConfig {
    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        let width = self.width() as u64;
        let linear = |input: u64, output: u64| input * output + output;
        let bias = u64::from(self.attention_bias);
        let attention = |source: u64| 2 * (width + source) * width + 4 * bias * width + 2 * width;
        let text = self.cross_attention_dim.map_or(0, |source| attention(source as u64) + width);
        let block = linear(width, 6 * width)
            + attention(width)
            + text
            + width
            + linear(width, 4 * width)
            + linear(4 * width, width);
        let embedder = linear(TIMESTEP_FEATURES as u64, width) + linear(width, width);
        let classes = match self.num_classes as u64 {
            0 => 0,
            classes => (classes + 1) * width,
        };
        let velocity = (self.out_channels * self.patch_size * self.patch_size) as u64;
        linear(self.patch_features() as u64, width)
            + 2 * embedder
            + classes
            + self.depth as u64 * block
            + linear(width, 2 * width)
            + linear(width, velocity)
    }
}

/// Numbers in the matrices of linear layers, which may be kept [in eight bits](crate::int8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Matrices {
    /// Of all.
    pub weights: u64,
    /// Rows of all: each has a scale.
    pub outputs: u64,
    /// Of the largest.
    pub largest: u64,
}

impl Matrices {
    pub fn of(config: &PixelFlowConfig) -> Self {
        let (width, depth) = (config.width() as u64, config.depth as u64);
        let velocity = (config.out_channels * config.patch_size * config.patch_size) as u64;
        let mut all = Self::default();
        // The embedders of time and resolution, and the head.
        all.add(2, TIMESTEP_FEATURES as u64, width);
        all.add(2, width, width);
        all.add(1, width, 2 * width);
        all.add(1, width, velocity);
        // Modulation, self-attention and the feed-forward layer of each block.
        all.add(depth, width, 6 * width);
        all.add(4 * depth, width, width);
        all.add(depth, width, 4 * width);
        all.add(depth, 4 * width, width);
        if let Some(source) = config.cross_attention_dim {
            all.add(2 * depth, width, width);
            all.add(2 * depth, source as u64, width);
        }
        all
    }

    fn add(&mut self, count: u64, inputs: u64, outputs: u64) {
        self.weights += count * inputs * outputs;
        self.outputs += count * outputs;
        self.largest = self.largest.max(inputs * outputs);
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::Preset;
    use crate::weights::parameter_forms;

    #[test]
    fn parameters_are_counted_as_the_model_has_them() {
        let text = PixelFlowConfig {
            cross_attention_dim: Some(24),
            attention_bias: false,
            ..Preset::Tiny.config(0)
        };
        for config in [Preset::Tiny.config(7), text] {
            let forms = parameter_forms::<burn_flex::Flex>(&config, &burn_flex::FlexDevice);
            let count = |shape: &[usize]| shape.iter().product::<usize>() as u64;
            let all: u64 = forms.values().map(|form| count(&form.shape)).sum();
            assert_eq!(config.parameters(), all);
            let matrices = forms.values().filter(|form| form.is_linear_matrix);
            let matrices: Vec<&[usize]> = matrices.map(|form| form.shape.as_slice()).collect();
            let expected = Matrices {
                weights: matrices.iter().map(|shape| count(shape)).sum(),
                outputs: matrices.iter().map(|shape| shape[0] as u64).sum(),
                largest: matrices.iter().map(|shape| count(shape)).max().unwrap(),
            };
            assert_eq!(Matrices::of(&config), expected);
        }
        assert_eq!(Preset::Xl.config(1000).parameters() / 100_000, 6_766);
    }
}
