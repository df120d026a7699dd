//! What drawing needs in memory, by the number of images at once, and what is free.

use pixelflow::memory::DrawingBytes;
use pixelflow::ops::{AttentionForm, PixelFlowBackend};
use pixelflow::weights::is_int8;
use pixelflow::{NumberFormat, PixelFlowConfig};
use pixelflow_host::device::{Device, DeviceKind, OnBackend, available_memory};

use crate::Result;
use crate::model_source::ModelSource;

/// What drawing with a model needs in memory, and with a guide if it has one.
#[derive(Clone, Copy)]
pub(crate) struct DrawingMemory<'a> {
    model: NetworkMemory<'a>,
    guide: Option<NetworkMemory<'a>>,
}

/// What a network needs.
#[derive(Clone, Copy)]
struct NetworkMemory<'a> {
    config: &'a PixelFlowConfig,
    tokens: usize,
    /// Bytes of a number of weights and activations.
    element: u64,
    scores_in_memory: bool,
    /// Whether its matrices are in eight bits.
    is_int8: bool,
}

impl<'a> DrawingMemory<'a> {
    /// Of images of a size, height and width in pixels, by a model and perhaps its guide. No weights are
    /// fetched to look into them.
    ///
    /// # Errors
    /// What opening the weights says.
    pub fn of(
        source: &'a ModelSource,
        guide: Option<&'a ModelSource>,
        [height, width]: [usize; 2],
        format: NumberFormat,
        device: Device,
    ) -> Result<Self> {
        let network = |source: &'a ModelSource| -> Result<_> {
            let config = &source.description.model;
            let scores = ScoresInMemory { head_dim: config.attention_head_dim, dtype: format };
            let in_file = || Ok::<_, crate::Error>(is_int8(&source.files()?.open()?));
            Ok(NetworkMemory {
                config,
                tokens: height * width / config.patch_size.pow(2),
                element: format.bytes(),
                scores_in_memory: device.run(scores),
                is_int8: format == NumberFormat::Int8 || (source.is_here() && in_file()?),
            })
        };
        Ok(Self { model: network(source)?, guide: guide.map(network).transpose()? })
    }

    /// The same with matrices in eight bits.
    pub fn in_int8(self) -> Self {
        let in_int8 = |network| NetworkMemory { is_int8: true, ..network };
        Self { model: in_int8(self.model), guide: self.guide.map(in_int8) }
    }

    /// Whether all matrices are in eight bits.
    pub fn is_int8(&self) -> bool {
        self.model.is_int8 && self.guide.is_none_or(|guide| guide.is_int8)
    }

    /// Bytes of drawing so many images at once, each twice, for guidance: by the model, or by each of model
    /// and guide. What one of the two leaves behind may not be free yet when the other computes.
    pub fn bytes(&self, images: usize) -> DrawingBytes {
        let Some(guide) = &self.guide else {
            return self.model.bytes(2 * images);
        };
        let [model, guide] = [&self.model, guide].map(|network| network.bytes(images));
        DrawingBytes {
            weights: model.weights + guide.weights,
            passing: model.passing.saturating_add(guide.passing),
        }
    }

    /// The most images at once, up to `most`, that so many bytes are enough for.
    pub fn fitting(&self, most: usize, free: u64) -> Option<usize> {
        (1..=most).rev().find(|&images| self.bytes(images).peak() <= free)
    }
}

impl NetworkMemory<'_> {
    fn bytes(&self, rows: usize) -> DrawingBytes {
        let Self { config, tokens, element, scores_in_memory, is_int8 } = *self;
        let floats = DrawingBytes::new(config, rows, tokens, element, scores_in_memory);
        if is_int8 { floats.with_int8(config, element) } else { floats }
    }
}

/// Bytes that are free where a device computes; `None` where nobody says.
pub(crate) fn free_memory(device: Device) -> Option<u64> {
    (device.kind == DeviceKind::Cpu).then(available_memory).flatten()
}

pub(crate) fn gigabytes(bytes: u64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

/// Whether a device's attention has scores in memory.
struct ScoresInMemory {
    head_dim: usize,
    dtype: NumberFormat,
}

impl OnBackend for ScoresInMemory {
    type Output = bool;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> bool {
        B::attention_form(self.head_dim, self.dtype.dtype(), &device) == AttentionForm::Portable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixelflow::Preset;

    #[test]
    fn as_many_images_are_drawn_at_once_as_memory_is_enough_for() {
        let config = &Preset::Tiny.config(3);
        let model = NetworkMemory {
            config,
            tokens: 64,
            element: 4,
            scores_in_memory: true,
            is_int8: false,
        };
        let alone = DrawingMemory { model, guide: None };
        for memory in [alone, DrawingMemory { model, guide: Some(model) }] {
            let of = |images| memory.bytes(images).peak();
            for (free, fitting) in [
                (of(1) - 1, None),
                (of(1), Some(1)),
                (of(3), Some(3)),
                (of(4) - 1, Some(3)),
                (u64::MAX, Some(8)),
            ] {
                assert_eq!(memory.fitting(8, free), fitting, "{free}");
            }
        }
    }

    #[test]
    fn a_guide_has_weights_of_its_own() {
        let (large, small) = (&Preset::Small.config(3), &Preset::Tiny.config(3));
        let network = |config, is_int8| NetworkMemory {
            config,
            tokens: 64,
            element: 4,
            scores_in_memory: true,
            is_int8,
        };
        let model = network(large, false);
        let memory = DrawingMemory { model, guide: Some(network(small, true)) };
        let alone = DrawingMemory { guide: None, ..memory };
        let more = memory.bytes(2).weights - alone.bytes(2).weights;
        assert_eq!(more, network(small, true).bytes(1).weights);
        assert!(!memory.is_int8() && memory.in_int8().is_int8());
        assert!(memory.in_int8().bytes(2).weights < alone.bytes(2).weights);
    }
}
