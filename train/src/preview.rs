//! A grid of images drawn from the moving average: one row a class or caption, the same seeds each time.

use image::RgbImage;
use infer::draw::{ImageRequest, Subjects, draw};
use infer::grid::{GridRow, labelled_grid};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::Silent;

use crate::Result;
use crate::captions::{CaptionedRecord, Part};
use crate::config::CheckedConfig;
use crate::data::Data;
use crate::network::Network;
use crate::texts::{TextSource, Texts};

/// Height a small image is shown with at least, in pixels.
const SHOWN_HEIGHT: usize = 64;
/// Images drawn at once.
const BATCH: usize = 32;

/// Draws the preview grid of a run.
///
/// # Errors
/// [`crate::Error::Model`] if the model returns values that are not finite.
pub fn preview<B: PixelFlowBackend>(
    network: &Network<B>,
    config: &CheckedConfig,
    data: &Data,
    device: &B::Device,
) -> Result<RgbImage> {
    let settings = config.settings();
    let (side, columns) = (settings.data.resolution, settings.preview.images_per_class);
    let seed = settings.preview.seed;
    let rows: Vec<(String, Vec<ImageRequest>)> = match &data.text {
        TextSource::None => {
            let classes = config.preview_classes().into_iter();
            let row = |class: usize| {
                let request = |column| ImageRequest::new(seed, class, column as u64);
                let requests = (0..columns).map(request).collect();
                (data.class_names[class].clone(), requests)
            };
            classes.map(row).collect()
        }
        TextSource::Joint { .. } | TextSource::States(_) => {
            let row = |record: &CaptionedRecord| {
                let caption = &record.caption;
                let request = |column| ImageRequest::of_prompt(seed, caption, column as u64);
                (caption.clone(), (0..columns).map(request).collect())
            };
            data.preview_records.iter().map(row).collect()
        }
    };
    let requests: Vec<ImageRequest> = rows.iter().flat_map(|(_, row)| row.clone()).collect();
    let drawn = draw(
        &network.transformer,
        config.preview_sampler(),
        &requests,
        &subjects(network, data, columns, device)?,
        [side, side],
        BATCH,
        device,
        &mut Silent,
    )?;
    let row = |((label, _), images): (&(String, Vec<ImageRequest>), &[RgbImage])| GridRow {
        label: label.clone(),
        images: images.to_vec(),
    };
    let rows: Vec<GridRow> = rows.iter().zip(drawn.images.chunks(columns)).map(row).collect();
    Ok(labelled_grid(&rows, SHOWN_HEIGHT.div_ceil(side) as u32))
}

/// What the network is told of the images: a row a caption.
fn subjects<B: PixelFlowBackend>(
    network: &Network<B>,
    data: &Data,
    columns: usize,
    device: &B::Device,
) -> Result<Subjects<B>> {
    let records = &data.preview_records;
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
