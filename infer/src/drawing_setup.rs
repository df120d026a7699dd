//! All that a drawing command needs besides its request: model, text encoder, formats, device.

use pixelflow::NumberFormat;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{Pipeline, Unseen};
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::TextEncoderFiles;
use pixelflow_host::device::{Device, refuse_unsupported};
use pixelflow_host::output::note;
use pixelflow_host::progress::bar;

use crate::Result;
use crate::arguments::SamplerArguments;
use crate::hub::Fetching;
use crate::model_source::ModelSource;
use crate::prompts::{PromptCache, text_encoder_files};
use pixelflow::excerpt::{excerpt, listed};

/// All that a drawing command needs besides its request.
#[derive(Debug)]
pub struct DrawingSetup {
    /// The model.
    pub source: ModelSource,
    /// What it is guided away from.
    pub guide: Option<ModelSource>,
    /// Where it is computed.
    pub device: Device,
    /// The format it is computed in.
    pub format: NumberFormat,
    /// The encoder of a text model's prompts.
    pub text_encoder: Option<TextEncoderSetup>,
}

/// A text encoder, and the format of its weights.
#[derive(Debug)]
pub struct TextEncoderSetup {
    /// Its files.
    pub files: TextEncoderFiles,
    /// The format of its weights.
    pub format: NumberFormat,
}

impl TextEncoderSetup {
    /// The encoder of a text model that the user names, else the model's own; `None` for classes.
    ///
    /// # Errors
    /// [`crate::Error::NoTextEncoder`], [`crate::Error::Hub`], and what opening it says.
    pub fn of(
        source: &ModelSource,
        named: Option<&str>,
        format: NumberFormat,
        fetching: Fetching,
    ) -> Result<Option<Self>> {
        if !source.description.is_text() {
            return Ok(None);
        }
        Ok(Some(Self { files: text_encoder_files(source, named, fetching)?, format }))
    }
}

impl DrawingSetup {
    /// The pipeline on a device of a backend. Nothing is loaded yet, but a repository's weights are
    /// fetched.
    ///
    /// # Errors
    /// [`crate::Error::Hub`], and formats that the device does not compute in.
    pub fn pipeline<B: PixelFlowBackend>(self, device: &B::Device) -> Result<Pipeline<B>> {
        let Self { source, guide, device: named, format, text_encoder } = self;
        refuse_unsupported::<B>("--dtype", format.dtype(), device)?;
        let mut pipeline = Pipeline::new(source.files()?, device).with_format(format);
        source.note_other_bases()?;
        if let Some(guide) = guide {
            let guide = guide.files()?;
            if guide.hash()? == pipeline.files().hash()? {
                note("note: the guide is the model itself: the images are those of --guidance 1");
            }
            pipeline = pipeline.with_guide(guide)?;
        }
        let Some(TextEncoderSetup { files, format }) = text_encoder else {
            return Ok(pipeline);
        };
        refuse_unsupported::<B>("--text-dtype", format.dtype(), device)?;
        let cache = PromptCache::of_encoder(files.hash()?, format, named.kind.name());
        let bar = bar(0, "{bar:32} {pos} of {len} texts encoded  {eta} left");
        let pipeline =
            pipeline.with_text_encoder(files, format).watching_texts(move |done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
                if done == all {
                    bar.finish_and_clear();
                }
            });
        Ok(match cache {
            Some(cache) => pipeline.with_text_store(cache),
            None => pipeline,
        })
    }
}

/// The model's sampler with what the user wants otherwise.
pub fn sampler_config(arguments: &SamplerArguments, source: &ModelSource) -> SamplerConfig {
    let model = source.sampler();
    let is_text = source.description.is_text();
    SamplerConfig {
        solver: arguments.solver.map_or(model.solver, Into::into),
        reference: arguments.reference || model.reference,
        steps: arguments.steps.clone().unwrap_or(model.steps),
        shift: arguments.shift.unwrap_or(model.shift),
        guidance: arguments.guidance.map_or(model.guidance, |own| own.of_model(is_text)),
        guidance_rule: arguments.guidance_rule.unwrap_or(model.guidance_rule),
        rtol: arguments.rtol.unwrap_or(model.rtol),
        atol: arguments.atol.unwrap_or(model.atol),
    }
}

/// Texts that are too long and named, at most; the others are counted.
const MOST_CUT: usize = 5;

/// Says on the terminal which texts are too long, and which words the encoder does not know.
pub fn say_unseen(Unseen { cut, max_tokens, unknown }: &Unseen) {
    for (text, cut) in cut.iter().take(MOST_CUT) {
        note(format_args!(
            "note: `{}` is longer than {max_tokens} tokens; its last {cut} are not seen",
            excerpt(text)
        ));
    }
    if cut.len() > MOST_CUT {
        let more = cut.len() - MOST_CUT;
        note(format_args!("note: {more} more texts are longer than {max_tokens} tokens"));
    }
    if !unknown.is_empty() {
        note(format_args!(
            "note: the text encoder has never seen {}; they are drawn as any unknown word",
            listed(unknown)
        ));
    }
}
