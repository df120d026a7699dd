//! The drawer of captions that the commands share.

use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{Edit, ImageRequest, Pipeline, Provenance, Request, Subject};
use pixelflow_host::device::{OnBackend, select};
use pixelflow_host::interrupt::Interrupt;

use super::named_model;
use crate::Result;
use crate::arguments::DrawingArguments;
use crate::caption_images::{CaptionRequest, DrawCaptions, DrawnWith};
use crate::draw::{DrawObserver, Watched};
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup, sampler_config, say_unseen};
use crate::guide::{find_guide, refuse_idle_guide};
use crate::hub::{Fetching, HubName};
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
    let source = named_model(&arguments.model, ModelSource::text_demo)?;
    // Any caption will do to check the rest.
    let request = Request {
        size,
        sampler: Some(sampler_config(&arguments.sampler, &source)),
        batch: arguments.batch as usize,
        ..Request::prompt("").negative(&arguments.text.negative)
    };
    let checked = request.check(&source.description)?;
    let guide = find_guide(&arguments.guide, &source, &checked)?;
    refuse_idle_guide(&arguments.guide, [checked.sampler().config()].into_iter())?;
    let device = select(&arguments.device)?;
    let (named, format) = (&arguments.text.text_encoder, arguments.text.dtype(arguments.dtype));
    let text_encoder = TextEncoderSetup::of(&source, named.as_deref(), format, Fetching::Allowed)?;
    let setup = DrawingSetup { source, guide, device, format: arguments.dtype, text_encoder };
    // The name of a repository tells nothing of its user's disk.
    let hub_encoder = named.clone().filter(|name| HubName::is_meant(name.as_ref()));
    device.run(Prepare { setup, request, hub_encoder, negative: arguments.text.negative.clone() })
}

/// Everything that is known before the backend is.
struct Prepare {
    setup: DrawingSetup,
    request: Request,
    hub_encoder: Option<String>,
    negative: String,
}

impl OnBackend for Prepare {
    type Output = Result<Box<dyn DrawCaptions>>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self { setup, request, hub_encoder, negative } = self;
        let pipeline = setup.pipeline::<B>(&device)?;
        let provenance = pipeline.provenance(&request)?;
        Ok(Box::new(CaptionDrawer { pipeline, provenance, request, hub_encoder, negative }))
    }
}

/// Draws captions on one backend; the model is loaded when the first image is drawn.
struct CaptionDrawer<B: PixelFlowBackend> {
    pipeline: Pipeline<B>,
    provenance: Provenance,
    /// Everything but the images.
    request: Request,
    hub_encoder: Option<String>,
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
        let mut images = Vec::with_capacity(requests.len());
        // A batch at a time on the device: a benchmark has tens of thousands of captions.
        for requests in requests.chunks(self.request.batch) {
            let batch = requests.iter().map(|r| (r.caption.clone(), r.seed, r.number));
            let drawing = self.pipeline.draw(&self.request(batch))?;
            for image in Watched::new(drawing, observer, Interrupt::default()) {
                images.push(image?);
            }
        }
        Ok(images)
    }

    fn edit(
        &mut self,
        request: &CaptionRequest,
        edit: Edit,
        observer: &mut dyn DrawObserver,
    ) -> Result<RgbImage> {
        let CaptionRequest { caption, seed, number } = request.clone();
        let request = self.request(std::iter::once((caption, seed, number))).edit(edit);
        let drawing = self.pipeline.draw(&request)?;
        let mut images = Watched::new(drawing, observer, Interrupt::default());
        Ok(images.next().expect("a drawing ends with its image or an error")?)
    }

    fn drawn_with(&self) -> DrawnWith {
        let encoder = self.hub_encoder.clone();
        DrawnWith::new(self.provenance.clone(), encoder, self.negative.clone())
    }
}
