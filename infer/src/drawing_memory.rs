//! What drawing needs in memory, by the number of images at once, and what is free.

use pixelflow::memory::DrawingBytes;
use pixelflow::ops::{AttentionForm, PixelFlowBackend};
use pixelflow::weights::is_int8;
use pixelflow::{NumberFormat, PixelFlowConfig};
use pixelflow_host::device::{Device, DeviceKind, OnBackend, available_memory};

use crate::Result;
use crate::model_source::ModelSource;

/// What drawing with a model needs in memory.
#[derive(Clone, Copy)]
pub(crate) struct DrawingMemory<'a> {
    config: &'a PixelFlowConfig,
    tokens: usize,
    /// Bytes of a number of weights and activations.
    element: u64,
    scores_in_memory: bool,
    /// Whether the model's matrices are in eight bits.
    pub is_int8: bool,
}

impl<'a> DrawingMemory<'a> {
    /// Of images of a size, height and width in pixels. No weights are fetched to look into them.
    ///
    /// # Errors
    /// What opening the weights says.
    pub fn of(
        source: &'a ModelSource,
        [height, width]: [usize; 2],
        format: NumberFormat,
        device: Device,
    ) -> Result<Self> {
        let config = &source.description.model;
        let scores = ScoresInMemory { head_dim: config.attention_head_dim, dtype: format };
        let is_int8 =
            format == NumberFormat::Int8 || (source.is_here() && is_int8(&source.files()?.open()?));
        Ok(Self {
            config,
            tokens: height * width / config.patch_size.pow(2),
            element: format.bytes(),
            scores_in_memory: device.run(scores),
            is_int8,
        })
    }

    /// The same with matrices in eight bits.
    pub fn in_int8(self) -> Self {
        Self { is_int8: true, ..self }
    }

    /// Bytes of drawing so many images at once, each twice, for guidance.
    pub fn bytes(&self, images: usize) -> DrawingBytes {
        let Self { config, tokens, element, scores_in_memory, is_int8 } = *self;
        let floats = DrawingBytes::new(config, 2 * images, tokens, element, scores_in_memory);
        if is_int8 { floats.with_int8(config, element) } else { floats }
    }

    /// The most images at once, up to `most`, that so many bytes are enough for.
    pub fn fitting(&self, most: usize, free: u64) -> Option<usize> {
        (1..=most).rev().find(|&images| self.bytes(images).peak() <= free)
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
        let memory = DrawingMemory {
            config,
            tokens: 64,
            element: 4,
            scores_in_memory: true,
            is_int8: false,
        };
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
