//! Images of captions: what is asked of a model that draws from text.

use image::RgbImage;
use pixelflow::NumberFormat;
use pixelflow::pipeline::{Edit, GuideProvenance, NoiseRule, Provenance};
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::WeightSet;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::draw::DrawObserver;
use crate::recipe::RecipeEncoder;

/// One image: the same request is the same image, whatever else is drawn beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaptionRequest {
    /// What it shows.
    pub caption: String,
    /// The user's seed.
    pub seed: u64,
    /// Which image of that seed and caption.
    pub number: u64,
}

/// Draws images of captions.
pub trait DrawCaptions {
    /// Says which captions will be drawn, so that all can be encoded at once, before the model is
    /// loaded.
    ///
    /// # Errors
    /// What the text encoder says.
    fn expect(&mut self, captions: &[&str]) -> Result<()> {
        let _ = captions;
        Ok(())
    }

    /// One image for each request, in their order, all of the size in [`DrawnWith`].
    ///
    /// # Errors
    /// What the model or the device says.
    fn draw(
        &mut self,
        requests: &[CaptionRequest],
        observer: &mut dyn DrawObserver,
    ) -> Result<Vec<RgbImage>>;

    /// One image that begins with a picture.
    ///
    /// # Errors
    /// What the model or the device says.
    fn edit(
        &mut self,
        request: &CaptionRequest,
        edit: Edit,
        observer: &mut dyn DrawObserver,
    ) -> Result<RgbImage>;

    /// Everything but the request that its images depend on.
    fn drawn_with(&self) -> DrawnWith;
}

/// Everything but the request that an image of a caption depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnWith {
    /// The model's name, or [`DEMO`](crate::recipe::DEMO).
    pub model: String,
    /// Which weights, if the file is a training checkpoint.
    pub weights: WeightSet,
    /// Hash of the weights.
    pub model_hash: String,
    /// What it is guided away from, if not from its own images without a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<GuideProvenance>,
    /// What the captions are read with.
    pub text_encoder: Option<RecipeEncoder>,
    /// What the images shall not show.
    pub negative: String,
    /// How the images are sampled.
    pub sampler: SamplerConfig,
    /// The format it is computed in.
    pub dtype: NumberFormat,
    /// Height of an image in pixels.
    pub height: usize,
    /// Width of an image in pixels.
    pub width: usize,
    /// How noise is keyed.
    #[serde(default = "NoiseRule::unsaid")]
    pub noise: NoiseRule,
}

impl DrawnWith {
    /// This provenance, with the name of the text encoder on the Hub, if it is from there, and a negative
    /// prompt.
    pub fn new(provenance: Provenance, hub_name: Option<String>, negative: String) -> Self {
        let Provenance { model, weights, model_hash, guide, text_encoder, sampler, .. } =
            provenance;
        Self {
            model,
            weights,
            model_hash,
            guide,
            text_encoder: text_encoder.map(|encoder| RecipeEncoder {
                folder: hub_name,
                hash: encoder.hash,
                dtype: encoder.dtype,
            }),
            negative,
            sampler,
            dtype: provenance.dtype,
            height: provenance.height,
            width: provenance.width,
            noise: provenance.noise,
        }
    }
}

/// A drawer without a model.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Draws what a function says and counts the requests.
    pub(crate) struct FakeDrawer {
        size: [usize; 2],
        image: Box<dyn Fn(&CaptionRequest) -> RgbImage>,
        /// All requests so far.
        pub(crate) requests: Vec<CaptionRequest>,
        /// Fails when so many requests were answered.
        pub(crate) fails_after: usize,
        /// Whether an edit keeps what it should.
        pub(crate) heeds_masks: bool,
    }

    impl FakeDrawer {
        pub(crate) fn new(
            size: [usize; 2],
            image: impl Fn(&CaptionRequest) -> RgbImage + 'static,
        ) -> Self {
            Self {
                size,
                image: Box::new(image),
                requests: Vec::new(),
                fails_after: usize::MAX,
                heeds_masks: true,
            }
        }

        /// Draws noise that depends on the request alone.
        pub(crate) fn noise(size: [usize; 2]) -> Self {
            Self::new(size, move |request| {
                let [height, width] = size.map(|side| side as u32);
                let letters = request.caption.bytes().map(u64::from);
                let index = letters.fold(request.number, |sum, letter| sum * 31 + letter);
                let purpose = pixelflow::noise::Purpose::Testing;
                let key = pixelflow::noise::Key::new(request.seed, index, purpose);
                let levels = key.uniforms((height * width * 3) as usize);
                let levels = levels.into_iter().map(|level| (level * 256.0) as u8);
                RgbImage::from_raw(width, height, levels.collect()).unwrap()
            })
        }

        pub(crate) fn settings([height, width]: [usize; 2]) -> DrawnWith {
            DrawnWith {
                model: "a/model.safetensors".to_owned(),
                weights: WeightSet::Ema,
                model_hash: "00ff".to_owned(),
                guide: None,
                text_encoder: None,
                negative: String::new(),
                sampler: SamplerConfig::default(),
                dtype: NumberFormat::F32,
                height,
                width,
                noise: NoiseRule::default(),
            }
        }
    }

    impl DrawCaptions for FakeDrawer {
        fn draw(
            &mut self,
            requests: &[CaptionRequest],
            observer: &mut dyn DrawObserver,
        ) -> Result<Vec<RgbImage>> {
            if self.requests.len() + requests.len() > self.fails_after {
                return Err(crate::Error::Argument {
                    argument: "--device",
                    value: "fake".to_owned(),
                    reason: "it was unplugged".to_owned(),
                });
            }
            self.requests.extend_from_slice(requests);
            observer.batch_done(requests.len());
            Ok(requests.iter().map(&self.image).collect())
        }

        /// What it would draw, where the mask is not 0.
        fn edit(
            &mut self,
            request: &CaptionRequest,
            edit: Edit,
            observer: &mut dyn DrawObserver,
        ) -> Result<RgbImage> {
            let mut image = self.draw(std::slice::from_ref(request), observer)?.remove(0);
            let kept = edit.picture.rgb.as_chunks::<3>().0;
            let mask = edit.mask.expect("tests edit with masks");
            for ((pixel, kept), level) in image.pixels_mut().zip(kept).zip(mask.grey.iter()) {
                if *level == 0 && self.heeds_masks {
                    pixel.0 = *kept;
                }
            }
            Ok(image)
        }

        fn drawn_with(&self) -> DrawnWith {
            Self::settings(self.size)
        }
    }
}
