//! From a model and a request to images.
//!
//! [`Pipeline::open`] → [`Request`] → [`Pipeline::draw`] → [`Drawing`], which gives images as they are
//! done and can be looked at, stopped and gone on from at every solver step. A request may begin with a picture
//! and keep a part of it: see [`Edit`].

mod base64_bytes;
mod drawing;
mod drawing_state;
mod edit;
mod edit_check;
#[cfg(all(test, feature = "flex", feature = "save", feature = "tokenizer"))]
mod edit_tests;
#[cfg(feature = "text")]
mod encoder;
#[cfg(not(feature = "text"))]
#[path = "no_encoder.rs"]
mod encoder;
mod guide;
mod model_files;
mod noise_rule;
mod problems;
mod provenance;
mod request;
mod subjects;
#[cfg(all(test, feature = "flex", feature = "save", feature = "tokenizer"))]
mod tests;
mod unseen;

use std::path::Path;

use burn::tensor::read_sync;

pub use self::drawing::{DrawEvent, Drawing, DrawnImage};
pub use self::drawing_state::DrawingState;
pub use self::edit::{Begin, Edit, EditProvenance, Mask, Picture};
use self::encoder::Encoder;
pub use self::model_files::ModelFiles;
pub use self::noise_rule::NoiseRule;
pub use self::problems::{Field, Problem, Problems};
pub use self::provenance::{AdapterProvenance, EncoderProvenance, GuideProvenance, Provenance};
pub use self::request::{CheckedRequest, ImageRequest, MAX_PROMPT, Request, Subject};
pub use self::subjects::Subjects;
pub use self::unseen::Unseen;
use crate::ops::PixelFlowBackend;
use crate::sampler::Networks;
use crate::text::EncodedTexts;
#[cfg(feature = "text")]
use crate::text::TextStore;
use crate::weights::ModelDescription;
#[cfg(feature = "text")]
use crate::weights::TextEncoderFiles;
use crate::{Error, NumberFormat, Result};

/// A model on a device that draws what it is asked.
///
/// The weights are read when the first image is drawn, after the texts of the request are encoded and
/// the text encoder is gone again: the larger of both must fit in memory, not their sum.
pub struct Pipeline<B: PixelFlowBackend> {
    files: ModelFiles,
    guide: Option<ModelFiles>,
    format: NumberFormat,
    device: B::Device,
    networks: Option<Networks<B>>,
    encoder: Option<Encoder>,
    texts: EncodedTexts,
    watch: Box<dyn FnMut(usize, usize) + Send>,
}

impl<B: PixelFlowBackend> Pipeline<B> {
    /// The model at `path`, as [`ModelFiles::find`] takes it, with the text encoder in its folder if it
    /// has one there.
    ///
    /// # Errors
    /// Those of [`ModelFiles::find`] and [`TextEncoderFiles::open`].
    pub fn open(path: impl AsRef<Path>, device: &B::Device) -> Result<Self> {
        let files = ModelFiles::find(path.as_ref())?;
        #[cfg(feature = "text")]
        if let (Some(weights), Some(text)) = (files.path(), &files.description().text) {
            let folder = weights.with_file_name(&text.encoder);
            if folder.is_dir() {
                let encoder = TextEncoderFiles::open(&folder, files.set())?;
                return Ok(Self::new(files, device).with_text_encoder(encoder, NumberFormat::F32));
            }
        }
        Ok(Self::new(files, device))
    }

    /// The model of these files.
    pub fn new(files: ModelFiles, device: &B::Device) -> Self {
        Self {
            files,
            guide: None,
            format: NumberFormat::default(),
            device: device.clone(),
            networks: None,
            encoder: None,
            texts: EncodedTexts::default(),
            watch: Box::new(|_, _| {}),
        }
    }

    /// Computes in another number format than f32. Matrices that the file has in eight bits stay so.
    #[must_use]
    pub fn with_format(self, format: NumberFormat) -> Self {
        Self { format, networks: None, ..self }
    }

    /// Guides the model away from this one instead of from what it draws without a condition: see
    /// [`Networks`]. It reads the states of the model's text encoder; negative texts have no part in it,
    /// and where the scale of guidance is 1 the guide has none. Its format is the model's; the weights of
    /// both are in memory at once.
    ///
    /// # Errors
    /// Those of [`ModelDescription::check_guide`]; no weights are read.
    pub fn with_guide(self, guide: ModelFiles) -> Result<Self> {
        self.description().check_guide(guide.description())?;
        Ok(Self { guide: Some(guide), networks: None, ..self })
    }

    /// Reads prompts with this encoder, its weights in `format`.
    #[cfg(feature = "text")]
    #[must_use]
    pub fn with_text_encoder(mut self, mut files: TextEncoderFiles, format: NumberFormat) -> Self {
        if let Some(text) = &self.files.description().text {
            files.tokenizer = files.tokenizer.with_max_tokens(text.max_tokens);
        }
        self.texts = EncodedTexts::default();
        self.encoder = Some(Encoder { files, format, store: None });
        self
    }

    /// Keeps the states of prompts in a store. Without a text encoder it does nothing.
    #[cfg(feature = "text")]
    #[must_use]
    pub fn with_text_store(mut self, store: impl TextStore + Send + Sync + 'static) -> Self {
        if let Some(encoder) = &mut self.encoder {
            encoder.store = Some(Box::new(store));
        }
        self
    }

    /// Tells `watch` how many of how many texts are encoded.
    #[must_use]
    pub fn watching_texts(self, watch: impl FnMut(usize, usize) + Send + 'static) -> Self {
        Self { watch: Box::new(watch), ..self }
    }

    /// What the model is: its classes or texts, sizes and defaults.
    pub fn description(&self) -> &ModelDescription {
        self.files.description()
    }

    /// Its files.
    pub fn files(&self) -> &ModelFiles {
        &self.files
    }

    /// The texts that are encoded so far.
    pub fn texts(&self) -> &EncodedTexts {
        &self.texts
    }

    /// Forgets the texts that are encoded so far: a program that never ends would keep them all.
    pub fn forget_texts(&mut self) {
        self.texts = EncodedTexts::default();
    }

    /// Parts of the encoded texts that the text encoder does not see.
    ///
    /// # Errors
    /// [`crate::text::TextError::Text`].
    pub fn unseen(&self) -> Result<Unseen> {
        match &self.encoder {
            Some(encoder) => encoder.unseen(&self.texts),
            None => Ok(Unseen::default()),
        }
    }

    /// Checks a request, and names all that is wrong with it at once; nothing is read or computed.
    ///
    /// # Errors
    /// [`Error::Request`], [`Error::NoTextEncoder`].
    pub fn check(&self, request: &Request) -> Result<CheckedRequest> {
        let checked = request.check(self.description())?;
        let Some(wanted) = self.description().model.cross_attention_dim else {
            return Ok(checked);
        };
        let reason = match &self.encoder {
            None => "none is at hand".to_owned(),
            Some(encoder) if encoder.width() == wanted => return Ok(checked),
            Some(encoder) => {
                format!("it makes states of {} features, the model reads {wanted}", encoder.width())
            }
        };
        Err(Error::NoTextEncoder { reason })
    }

    /// Encodes the texts of a request that are not yet encoded; the encoder is gone when this returns.
    /// [`draw`](Self::draw) does it by itself.
    ///
    /// # Errors
    /// [`Error::Request`], [`crate::text::TextError`], and what went wrong on reading the encoder.
    pub async fn encode_async(&mut self, request: &Request) -> Result<()> {
        let request = self.check(request)?;
        self.encode_checked(&request).await
    }

    /// As [`encode_async`](Self::encode_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`encode_async`](Self::encode_async).
    ///
    /// # Panics
    /// In a browser, whose devices answer only what awaits them.
    pub fn encode(&mut self, request: &Request) -> Result<()> {
        read_sync(self.encode_async(request))
    }

    async fn encode_checked(&mut self, request: &CheckedRequest) -> Result<()> {
        let Self { encoder, texts, device, watch, .. } = self;
        match encoder {
            Some(encoder) => encoder.encode::<B>(request, texts, device, watch).await,
            None => Ok(()),
        }
    }

    /// Reads the weights of the model and its guide, unless that is done already.
    ///
    /// # Errors
    /// Those of [`ModelFiles::load`].
    pub fn load(&mut self) -> Result<&Networks<B>> {
        let Self { files, guide, format, device, networks, .. } = self;
        match networks {
            Some(networks) => Ok(networks),
            none => {
                let model = files.load(*format, device)?;
                let guide = guide.as_ref().map(|guide| guide.load(*format, device)).transpose()?;
                Ok(none.insert(Networks { model, guide }))
            }
        }
    }

    /// Begins to draw: encodes what is not yet encoded, reads the weights if they are not yet read.
    ///
    /// # Errors
    /// [`Error::Request`] before any work; then those of [`encode_async`](Self::encode_async) and
    /// [`load`](Self::load).
    pub async fn draw_async(&mut self, request: &Request) -> Result<Drawing<B>> {
        let request = self.check(request)?;
        let provenance = self.provenance_of(&request)?;
        self.draw_checked(request, provenance).await
    }

    async fn draw_checked(
        &mut self,
        request: CheckedRequest,
        provenance: Provenance,
    ) -> Result<Drawing<B>> {
        self.encode_checked(&request).await?;
        let subjects = Subjects::of_texts(&request.request.images, &self.texts, &self.device);
        Ok(Drawing::new(self.load()?, request, subjects)?.with_provenance(provenance))
    }

    /// As [`draw_async`](Self::draw_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`draw_async`](Self::draw_async).
    ///
    /// # Panics
    /// In a browser with prompts, whose devices answer only what awaits them.
    pub fn draw(&mut self, request: &Request) -> Result<Drawing<B>> {
        read_sync(self.draw_async(request))
    }

    /// Goes on with a drawing that was [saved](Drawing::save), perhaps by another process: the images
    /// that are not done yet.
    ///
    /// # Errors
    /// [`Error::SavedState`] for the state of another model; those of [`draw`](Self::draw).
    pub async fn resume_async(&mut self, state: &DrawingState) -> Result<Drawing<B>> {
        let request = self.check(&state.request)?;
        let provenance = self.provenance_of(&request)?;
        if state.provenance.as_ref() != Some(&provenance) {
            let reason =
                "it is of other weights, another guide, another text encoder or another format"
                    .to_owned();
            return Err(Error::SavedState { reason });
        }
        self.draw_checked(request, provenance).await?.go_on(state)
    }

    /// As [`resume_async`](Self::resume_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`resume_async`](Self::resume_async).
    ///
    /// # Panics
    /// As [`draw`](Self::draw).
    pub fn resume(&mut self, state: &DrawingState) -> Result<Drawing<B>> {
        read_sync(self.resume_async(state))
    }

    /// All that images of a request are drawn from: what a picture says of itself.
    ///
    /// # Errors
    /// [`Error::Request`], and what went wrong on reading the weights.
    pub fn provenance(&self, request: &Request) -> Result<Provenance> {
        self.provenance_of(&self.check(request)?)
    }

    fn provenance_of(&self, checked: &CheckedRequest) -> Result<Provenance> {
        let encoder = self.encoder.as_ref().map(Encoder::provenance);
        let guide = self.guide.as_ref().map(|guide| -> Result<_> {
            Ok(GuideProvenance {
                model: guide.name().to_owned(),
                weights: guide.set(),
                model_hash: guide.hash()?.to_owned(),
            })
        });
        Ok(Provenance {
            model: self.files.name().to_owned(),
            weights: self.files.set(),
            model_hash: self.files.hash()?.to_owned(),
            adapters: self.files.adapters().iter().map(AdapterProvenance::of).collect(),
            guide: guide.transpose()?,
            text_encoder: encoder.transpose()?,
            sampler: checked.sampler.config().clone(),
            dtype: self.format,
            height: checked.size[0],
            width: checked.size[1],
            noise: checked.request.noise,
            edit: checked.request.edit.as_ref().map(Edit::provenance),
        })
    }
}
