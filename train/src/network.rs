//! What is trained: the transformer, and the text encoder if it learns too.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::T5Encoder;
use pixelflow::{Context, PixelFlow, Segments, TextStates};
use pixelflow_dataset::PackedExample;

use crate::Result;
use crate::config::TrainConfig;
use crate::initial_weights::{begin_with, text_encoder};
use crate::texts::{TextSource, Texts, TrainingBatch};
use crate::upload::upload;

/// Everything that has parameters to train.
#[derive(Module, Debug)]
pub struct Network<B: Backend> {
    /// The transformer.
    pub transformer: PixelFlow<B>,
    /// The text encoder that is trained with it; `None` for classes and for texts that were
    /// encoded beforehand.
    pub text_encoder: Option<T5Encoder<B>>,
}

impl<B: Backend> From<PixelFlow<B>> for Network<B> {
    fn from(transformer: PixelFlow<B>) -> Self {
        Self { transformer, text_encoder: None }
    }
}

impl<B: Backend> Network<B> {
    /// The network that a run begins with, whose classes are `class_names`.
    ///
    /// # Errors
    /// [`crate::Error::InitialWeights`] and what reading them says.
    pub fn begin(
        settings: &TrainConfig,
        text: &TextSource,
        class_names: &[String],
        device: &B::Device,
    ) -> Result<Self> {
        let (model, seed) = (&settings.model, settings.train.seed);
        let transformer = match settings.train.initial_weights.as_str() {
            "" => model.init(seed, device)?,
            _ => begin_with(&settings.train, model, class_names, device)?,
        };
        let text_encoder = match text {
            TextSource::None | TextSource::States(_) => None,
            TextSource::Joint { config, tokenizer } => {
                let trained = match settings.train.initial_weights.as_str() {
                    "" => None,
                    _ => text_encoder(&settings.train, model, (config, tokenizer), device)?,
                };
                let new = || config.init(seed, device).map_err(pixelflow::Error::from);
                Some(trained.map_or_else(new, Ok)?)
            }
        };
        Ok(Self { transformer, text_encoder })
    }

    /// Whether all weights are finite numbers.
    pub fn is_finite(&self) -> bool {
        let mut visitor = AllFinite(true);
        self.visit(&mut visitor);
        visitor.0
    }
}

/// Whether all parameters that were visited are finite.
struct AllFinite(bool);

impl<B: Backend> ModuleVisitor<B> for AllFinite {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if self.0 {
            let values = param.val().into_data().convert::<f32>();
            self.0 = values.as_slice().is_ok_and(|all: &[f32]| all.iter().all(|x| x.is_finite()));
        }
    }
}

impl<B: PixelFlowBackend> Network<B> {
    /// What the transformer is told of each example: a class, or a text's states.
    ///
    /// # Panics
    /// If the batch's texts are not of the network's kind.
    pub fn context(&self, batch: &TrainingBatch, device: &B::Device) -> Context<B> {
        match &batch.texts {
            None => {
                let null = self.transformer.classes();
                let label = |s: &PackedExample| if s.dropped { null } else { s.label };
                Context::Class(batch.packed.segments.iter().map(label).collect())
            }
            Some(texts) => Context::Text(self.text_states(texts, device)),
        }
    }

    /// The states of some texts.
    ///
    /// # Panics
    /// If the texts are not of the network's kind.
    pub fn text_states(&self, texts: &Texts, device: &B::Device) -> TextStates<B> {
        match (texts, &self.text_encoder) {
            (Texts::Tokens(tokens), Some(encoder)) => encoder.encode(tokens),
            (Texts::States { values, lengths, width }, None) => TextStates {
                states: upload(values, *width, device),
                segments: Segments::new(lengths.clone()),
                bias: None,
            },
            (Texts::Tokens(_), None) => panic!("tokens, but no text encoder"),
            (Texts::States { .. }, Some(_)) => panic!("states beside a text encoder"),
        }
    }
}
