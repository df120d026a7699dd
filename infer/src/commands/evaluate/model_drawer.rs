//! The model whose images are measured, on any device.

use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{ImageRequest, Pipeline, Request};
use pixelflow::sampler::SamplerConfig;
use pixelflow_host::device::{Device, OnBackend};
use pixelflow_host::interrupt::Interrupt;

use crate::Result;
use crate::caption_images::DrawnWith;
use crate::draw::{DrawObserver, Watched};
use crate::drawing_setup::{DrawingSetup, say_unseen};

/// A model that draws what it is asked for.
pub(super) trait DrawImages {
    /// One image for each request, in their order; fewer after Ctrl-C.
    ///
    /// # Errors
    /// What the sampler's settings, the model or the device say.
    fn draw(
        &mut self,
        sampler: &SamplerConfig,
        images: Vec<ImageRequest>,
        observer: &mut dyn DrawObserver,
        interrupt: &Interrupt,
    ) -> Result<Vec<RgbImage>>;

    /// Everything but the requests that its images depend on.
    fn drawn_with(&self) -> &DrawnWith;
}

/// What a drawer is made of.
pub(super) struct DrawerConfig {
    /// Model, device and formats.
    pub(super) setup: DrawingSetup,
    /// Sampler, size and batch, and an image of every subject.
    pub(super) request: Request,
    /// Name of the text encoder's repository, if it is from one.
    pub(super) hub_encoder: Option<String>,
    /// What texts shall not show.
    pub(super) negative: String,
}

impl DrawerConfig {
    /// The drawer on a device; the weights are read when it draws.
    ///
    /// # Errors
    /// What is wrong with the model's files, or its texts.
    pub(super) fn on(self, device: Device) -> Result<Box<dyn DrawImages>> {
        device.run(self)
    }
}

impl OnBackend for DrawerConfig {
    type Output = Result<Box<dyn DrawImages>>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self { setup, request, hub_encoder, negative } = self;
        let is_text = setup.source.description.is_text();
        let mut pipeline = setup.pipeline::<B>(&device)?;
        if is_text {
            pipeline.encode(&request)?;
            say_unseen(&pipeline.unseen()?);
        }
        let with = DrawnWith::new(pipeline.provenance(&request)?, hub_encoder, negative);
        Ok(Box::new(ModelDrawer { pipeline, request, with }))
    }
}

struct ModelDrawer<B: PixelFlowBackend> {
    pipeline: Pipeline<B>,
    request: Request,
    with: DrawnWith,
}

impl<B: PixelFlowBackend> DrawImages for ModelDrawer<B> {
    fn draw(
        &mut self,
        sampler: &SamplerConfig,
        images: Vec<ImageRequest>,
        observer: &mut dyn DrawObserver,
        interrupt: &Interrupt,
    ) -> Result<Vec<RgbImage>> {
        let drawing = self.pipeline.draw(&Request {
            images,
            sampler: Some(sampler.clone()),
            ..self.request.clone()
        })?;
        let drawn = Watched::new(drawing, observer, interrupt.clone());
        Ok(drawn.collect::<pixelflow::Result<_>>()?)
    }

    fn drawn_with(&self) -> &DrawnWith {
        &self.with
    }
}
