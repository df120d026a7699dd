//! The pipeline as the worker sees it, whatever the backend.

use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{DrawEvent, Drawing, DrawnImage, Pipeline, Provenance, Request, Unseen};

use super::ServedModel;
use super::text_memory::TextMemory;
use crate::Result;

/// A pipeline.
pub(super) trait Engine {
    /// Reads the weights.
    fn load(&mut self) -> pixelflow::Result<()>;

    /// Begins to draw.
    fn draw(&mut self, request: &Request) -> pixelflow::Result<Box<dyn Steps>>;

    /// What the images of a request are drawn from.
    fn provenance(&self, request: &Request) -> pixelflow::Result<Provenance>;

    /// Parts of the newest texts that the text encoder does not see.
    fn unseen(&self) -> pixelflow::Result<Unseen>;

    /// Forgets texts: the next request brings its own.
    fn forget_texts(&mut self);
}

/// A drawing.
pub(super) trait Steps {
    /// As [`Drawing::next_event`].
    fn next_event(&mut self) -> pixelflow::Result<Option<DrawEvent>>;

    /// As [`Drawing::clean_preview`].
    fn preview(&mut self) -> pixelflow::Result<Vec<DrawnImage>>;

    /// As [`Drawing::finished`].
    fn finished(&mut self) -> Vec<DrawnImage>;
}

/// The pipeline of a served model, not yet loaded.
///
/// # Errors
/// What opening the model says.
pub(super) fn open<B: PixelFlowBackend>(
    model: &ServedModel,
    texts: &TextMemory,
    device: &B::Device,
) -> Result<Box<dyn Engine>> {
    let pipeline = model.setup()?.pipeline::<B>(device)?;
    Ok(Box::new(pipeline.with_text_store(texts.clone())))
}

impl<B: PixelFlowBackend> Engine for Pipeline<B> {
    fn load(&mut self) -> pixelflow::Result<()> {
        Pipeline::load(self).map(drop)
    }

    fn draw(&mut self, request: &Request) -> pixelflow::Result<Box<dyn Steps>> {
        Ok(Box::new(Pipeline::draw(self, request)?))
    }

    fn provenance(&self, request: &Request) -> pixelflow::Result<Provenance> {
        Pipeline::provenance(self, request)
    }

    fn unseen(&self) -> pixelflow::Result<Unseen> {
        Pipeline::unseen(self)
    }

    fn forget_texts(&mut self) {
        Pipeline::forget_texts(self);
    }
}

impl<B: PixelFlowBackend> Steps for Drawing<B> {
    fn next_event(&mut self) -> pixelflow::Result<Option<DrawEvent>> {
        Drawing::next_event(self)
    }

    fn preview(&mut self) -> pixelflow::Result<Vec<DrawnImage>> {
        Drawing::clean_preview(self)
    }

    fn finished(&mut self) -> Vec<DrawnImage> {
        Drawing::finished(self).collect()
    }
}
