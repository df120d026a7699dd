//! What a drawing of a network in training is told: classes, or captions that it has states for.

use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::Subjects;

use crate::Result;
use crate::captions::{CaptionedRecord, Part};
use crate::data::Data;
use crate::network::Network;
use crate::texts::{TextSource, Texts};

/// What the network is told of the images: `columns` images a caption, or nothing for classes, which a request
/// names.
///
/// # Errors
/// [`crate::Error::States`] and [`crate::Error::Model`] for captions that cannot be read.
pub fn subjects<B: PixelFlowBackend>(
    network: &Network<B>,
    data: &Data,
    records: &[CaptionedRecord],
    columns: usize,
    device: &B::Device,
) -> Result<Subjects<B>> {
    let texts = match &data.text {
        TextSource::None => return Ok(Subjects::Classes),
        TextSource::Joint { tokenizer, .. } => {
            let captions = records.iter().map(|record| record.caption.as_str());
            let tokens = captions.chain([""]).map(|text| tokenizer.tokens(text));
            let tokens = tokens.map(|tokens| Ok(tokens.map_err(pixelflow::Error::from)?.ids));
            Texts::Tokens(tokens.collect::<Result<_>>()?)
        }
        TextSource::States(training) => {
            let folder = |part| match (part, data.validation_text()) {
                (Part::Validation, TextSource::States(validation)) => validation,
                _ => training,
            };
            let captions =
                records.iter().map(|record| folder(record.part).read(Some(record.origin)));
            let states: Vec<_> = captions.chain([training.read(None)]).collect::<Result<_>>()?;
            Texts::States {
                lengths: states.iter().map(|(_, tokens)| *tokens).collect(),
                values: states.into_iter().flat_map(|(values, _)| values).collect(),
                width: training.index.width,
            }
        }
    };
    let images = records.len() * columns;
    Ok(Subjects::Texts {
        texts: network.text_states(&texts, device),
        prompts: (0..images).map(|image| image / columns).collect(),
        negatives: vec![records.len(); images],
    })
}
