//! The drawer of captions that the commands share.

use image::RgbImage;
use pixelflow::PixelFlow;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::Sampler;
use pixelflow::weights::TextEncoderFiles;
use pixelflow_host::device::{OnBackend, refuse_unsupported, select};

use super::model;
use super::sample::sampler_config;
use super::texts::say_what_is_not_seen;
use crate::Result;
use crate::arguments::DrawingArguments;
use crate::caption_images::{CaptionRequest, DrawCaptions, DrawnWith};
use crate::draw::{DrawObserver, ImageRequest, draw};
use crate::hub::Fetching;
use crate::model_source::ModelSource;
use crate::prompts::{EncodePrompts, EncodedTexts, PromptCache, text_encoder_files};
use crate::recipe::{RecipeEncoder, TEXT_DEMO};

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
    let description = &source.description;
    let [height, width] = size.unwrap_or([description.resolution; 2]);
    let cascade = description.cascade.build()?;
    cascade.check_size(height, width, description.model.patch_size)?;
    let config = sampler_config(&arguments.sampler, &source);
    let sampler = config.clone().check(cascade)?;
    let device = select(&arguments.device)?;
    let named = arguments.text.text_encoder.as_deref();
    let files = text_encoder_files(&source, named, Fetching::Allowed)?;
    let text_encoder = RecipeEncoder {
        folder: arguments.text.text_encoder.clone(),
        hash: files.hash()?,
        dtype: arguments.text.dtype(arguments.dtype),
    };
    let with = DrawnWith {
        model: match &arguments.model.model {
            None => TEXT_DEMO.to_owned(),
            Some(_) => source.name(),
        },
        weights: arguments.model.weights,
        model_hash: source.hash()?,
        text_encoder: Some(text_encoder),
        negative: arguments.text.negative.clone(),
        sampler: config,
        dtype: arguments.dtype,
        height,
        width,
    };
    device.run(Prepare { source, files, sampler, with, batch: arguments.batch as usize })
}

/// Everything that is known before the backend is.
struct Prepare {
    source: ModelSource,
    files: TextEncoderFiles,
    sampler: Sampler,
    with: DrawnWith,
    batch: usize,
}

impl OnBackend for Prepare {
    type Output = Result<Box<dyn DrawCaptions>>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        refuse_unsupported::<B>("--dtype", self.with.dtype.dtype(), &device)?;
        Ok(Box::new(CaptionDrawer::<B> { prepared: self, texts: None, model: None, device }))
    }
}

/// Draws captions on one backend; the model is loaded when the first image is drawn.
struct CaptionDrawer<B: PixelFlowBackend> {
    prepared: Prepare,
    texts: Option<EncodedTexts>,
    model: Option<PixelFlow<B>>,
    device: B::Device,
}

impl<B: PixelFlowBackend> CaptionDrawer<B> {
    /// Encodes captions and the negative; what was encoded before comes from the cache.
    fn encode(&self, captions: &[&str]) -> Result<EncodedTexts> {
        let encoder = self.prepared.with.text_encoder.as_ref();
        let encoder = encoder.expect("a drawer of captions has a text encoder");
        let negative = self.prepared.with.negative.as_str();
        let texts: Vec<&str> = captions.iter().copied().chain([negative]).collect();
        let encode = EncodePrompts {
            files: &self.prepared.files,
            texts: &texts,
            dtype: encoder.dtype,
            cache: PromptCache::of_encoder(&encoder.cache_key()),
        };
        encode.run::<B>(self.device.clone())
    }
}

impl<B: PixelFlowBackend> DrawCaptions for CaptionDrawer<B> {
    fn expect(&mut self, captions: &[&str]) -> Result<()> {
        let texts = self.encode(captions)?;
        say_what_is_not_seen(&texts, &self.prepared.files.tokenizer)?;
        self.texts = Some(texts);
        Ok(())
    }

    fn draw(
        &mut self,
        requests: &[CaptionRequest],
        observer: &mut dyn DrawObserver,
    ) -> Result<Vec<RgbImage>> {
        let captions: Vec<&str> = requests.iter().map(|r| r.caption.as_str()).collect();
        let texts = match self.texts.take() {
            Some(texts) if captions.iter().all(|caption| texts.has(caption)) => texts,
            _ => self.encode(&captions)?,
        };
        let Prepare { source, sampler, with, batch, .. } = &self.prepared;
        let model = match self.model.take() {
            Some(model) => model,
            None => source.load_as::<B>(with.dtype, &self.device)?,
        };
        let size = [with.height, with.width];
        let mut images = Vec::with_capacity(requests.len());
        // A batch at a time on the device: a benchmark has tens of thousands of captions.
        for requests in requests.chunks(*batch) {
            let keys: Vec<ImageRequest> = requests
                .iter()
                .map(|r| ImageRequest::of_prompt(r.seed, &r.caption, r.number))
                .collect();
            let captions = requests.iter().map(|r| r.caption.as_str());
            let pairs = captions.map(|caption| (caption, with.negative.as_str()));
            let subjects = texts.subjects(pairs, &self.device);
            let device = &self.device;
            let drawn = draw(&model, sampler, &keys, &subjects, size, *batch, device, observer)?;
            images.extend(drawn.images);
        }
        self.texts = Some(texts);
        self.model = Some(model);
        Ok(images)
    }

    fn drawn_with(&self) -> DrawnWith {
        self.prepared.with.clone()
    }
}
