//! The drawer of captions that the commands share.

use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{ImageRequest, Pipeline, Provenance, Request, Subject};
use pixelflow_host::device::{OnBackend, select};
use pixelflow_host::interrupt::Interrupt;

use super::model;
use crate::Result;
use crate::arguments::DrawingArguments;
use crate::caption_images::{CaptionRequest, DrawCaptions, DrawnWith};
use crate::draw::{DrawObserver, Watched};
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup, sampler_config, say_unseen};
use crate::hub::Fetching;
use crate::model_source::ModelSource;

/// The model that draws captions, for images of `size`, height and width in pixels, or else of the
/// size that it was trained on.
///
/// # Errors
/// What is wrong with the model, its text encoder, the sampler's settings or the device.
pub(super) fn caption_drawer(
    arguments: &DrawingArguments,
    size: Option<[usize; 2]>,
) -> Result<Box<dyn DrawCaptions>> {
    let source = match &arguments.model.model {
        None => ModelSource::text_demo()?,
        path => model(path.as_deref(), arguments.model.weights)?,
    };
    // Any caption will do to check the rest.
    let request = Request {
        size,
        sampler: Some(sampler_config(&arguments.sampler, &source)),
        batch: arguments.batch as usize,
        ..Request::prompt("").negative(&arguments.text.negative)
    };
    request.check(&source.description)?;
    let device = select(&arguments.device)?;
    let (named, format) = (&arguments.text.text_encoder, arguments.text.dtype(arguments.dtype));
    let text_encoder = TextEncoderSetup::of(&source, named.as_deref(), format, Fetching::Allowed)?;
    let setup = DrawingSetup { source, device, format: arguments.dtype, text_encoder };
    device.run(Prepare { setup, request, negative: arguments.text.negative.clone() })
}

/// Everything that is known before the backend is.
struct Prepare {
    setup: DrawingSetup,
    request: Request,
    negative: String,
}

impl OnBackend for Prepare {
    type Output = Result<Box<dyn DrawCaptions>>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self { setup, request, negative } = self;
        let pipeline = setup.pipeline::<B>(&device)?;
        let provenance = pipeline.provenance(&request)?;
        Ok(Box::new(CaptionDrawer { pipeline, provenance, request, negative }))
    }
}

/// Draws captions on one backend; the model is loaded when the first image is drawn.
struct CaptionDrawer<B: PixelFlowBackend> {
    pipeline: Pipeline<B>,
    provenance: Provenance,
    /// Everything but the images.
    request: Request,
    negative: String,
}

impl<B: PixelFlowBackend> CaptionDrawer<B> {
    fn request(&self, images: impl Iterator<Item = (String, u64, u64)>) -> Request {
        let image = |(prompt, seed, number)| {
            let subject = Subject::Prompt { prompt, negative: self.negative.clone() };
            ImageRequest { subject, seed, number }
        };
        Request { images: images.map(image).collect(), ..self.request.clone() }
    }
}

impl<B: PixelFlowBackend> DrawCaptions for CaptionDrawer<B> {
    fn expect(&mut self, captions: &[&str]) -> Result<()> {
        let request = self.request(captions.iter().map(|caption| ((*caption).to_owned(), 0, 0)));
        self.pipeline.encode(&request)?;
        say_unseen(&self.pipeline.unseen()?);
        Ok(())
    }

    fn draw(
        &mut self,
        requests: &[CaptionRequest],
        observer: &mut dyn DrawObserver,
    ) -> Result<Vec<RgbImage>> {
        let images = requests.iter().map(|r| (r.caption.clone(), r.seed, r.number));
        let drawing = self.pipeline.draw(&self.request(images))?;
        let images = Watched::new(drawing, observer, Interrupt::default());
        Ok(images.collect::<pixelflow::Result<_>>()?)
    }

    fn drawn_with(&self) -> DrawnWith {
        DrawnWith::new(self.provenance.clone(), self.negative.clone())
    }
}
