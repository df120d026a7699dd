//! Without a tokenizer there is no text encoder.

use super::{CheckedRequest, EncoderProvenance, Unseen};
use crate::Result;
use crate::ops::PixelFlowBackend;
use crate::text::EncodedTexts;

/// A text encoder cannot exist in a build without the `text` feature.
pub(super) enum Encoder {}

impl Encoder {
    pub(super) fn width(&self) -> usize {
        match *self {}
    }

    pub(super) fn unseen(&self, _: &EncodedTexts) -> Result<Unseen> {
        match *self {}
    }

    pub(super) fn provenance(&self) -> Result<EncoderProvenance> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "its sibling waits for a device")]
    pub(super) async fn encode<B: PixelFlowBackend>(
        &self,
        _: &CheckedRequest,
        _: &mut EncodedTexts,
        _: &B::Device,
        _: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        match *self {}
    }
}
