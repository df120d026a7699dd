//! What the examples of a batch are told in words.

use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{TEXT_ENCODER_FOLDER, TextDescription};
use pixelflow_dataset::{Batch, Loader, PackedBatch};

use crate::Result;
use crate::states::StatesFolder;

/// A packed batch and its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingBatch {
    /// Tokens of the images.
    pub packed: PackedBatch,
    /// A text for each example, in packed order; `None` for a class model.
    pub texts: Option<Texts>,
}

impl From<PackedBatch> for TrainingBatch {
    fn from(packed: PackedBatch) -> Self {
        Self { packed, texts: None }
    }
}

/// Texts of the examples of a batch, in packed order.
#[derive(Clone, Debug, PartialEq)]
pub enum Texts {
    /// Ids of the tokens of each text, for a text encoder.
    Tokens(Vec<Vec<u32>>),
    /// States that a text encoder has made beforehand.
    States {
        /// `[keys, width]`.
        values: Vec<f32>,
        /// States of each text.
        lengths: Vec<usize>,
        /// Features of a state.
        width: usize,
    },
}

/// How the captions of a run's images become texts of its batches.
#[derive(Clone, Debug)]
pub enum TextSource {
    /// The model knows classes, not texts.
    None,
    /// A text encoder that is trained with the model.
    Joint {
        /// Its shape.
        config: T5Config,
        /// Its tokenizer, made from the captions.
        tokenizer: Box<TextTokenizer>,
    },
    /// States that were made of the captions beforehand.
    States(StatesFolder),
}

impl TextSource {
    /// What a model's description says of it.
    pub fn description(&self) -> Option<TextDescription> {
        match self {
            Self::None => None,
            Self::Joint { tokenizer, .. } => Some(TextDescription {
                encoder: TEXT_ENCODER_FOLDER.to_owned(),
                max_tokens: tokenizer.max_tokens(),
            }),
            Self::States(folder) => Some(folder.index.text.clone()),
        }
    }

    /// A batch of a loader in `parts`, with its texts: a hidden or missing caption is the empty text.
    ///
    /// # Errors
    /// [`crate::Error::Model`] for a caption that cannot be cut into tokens, and what reading states
    /// says.
    pub fn attach(
        &self,
        batch: Batch,
        loader: &Loader,
        parts: usize,
    ) -> Result<Vec<TrainingBatch>> {
        let Batch { packed, records, captions, .. } = batch;
        let part = |packed| {
            let texts = self.texts(&packed, &records, &captions, loader)?;
            Ok(TrainingBatch { packed, texts })
        };
        packed.cut(parts).into_iter().map(part).collect()
    }

    /// The texts of the examples of a packed batch, whose records and captions these are.
    fn texts(
        &self,
        packed: &PackedBatch,
        records: &[usize],
        captions: &[Option<String>],
        loader: &Loader,
    ) -> Result<Option<Texts>> {
        Ok(match self {
            Self::None => None,
            Self::Joint { tokenizer, .. } => {
                let tokens = packed.segments.iter().map(|segment| {
                    let caption = captions[segment.example].as_deref();
                    let told = caption.filter(|_| !segment.dropped).unwrap_or("");
                    Ok(tokenizer.tokens(told).map_err(pixelflow::Error::from)?.ids)
                });
                Some(Texts::Tokens(tokens.collect::<Result<_>>()?))
            }
            Self::States(folder) => {
                let (mut values, mut lengths) = (Vec::new(), Vec::new());
                for segment in &packed.segments {
                    let record = loader.origin(records[segment.example]);
                    let told = (!segment.dropped).then_some(record);
                    let (states, tokens) = folder.read(told)?;
                    values.extend(states);
                    lengths.push(tokens);
                }
                Some(Texts::States { values, lengths, width: folder.index.width })
            }
        })
    }
}
