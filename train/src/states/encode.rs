//! `train encode-text`: the captions of a data set through a text encoder, once for all.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::NumberFormat;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::T5Encoder;
use pixelflow::text::TextError;
use pixelflow::weights::{SafetensorsWriter, TextDescription, TextEncoderFiles};
use pixelflow_dataset::Source;
use pixelflow_host::device::{OnBackend, refuse_unsupported};
use pixelflow_host::output::note;
use pixelflow_host::progress::{ProgressBar, bar};

use super::batches::encode_tokens;
use super::index::states_format;
use super::{INDEX, StatesIndex, file_name, tensor_name};
use crate::all_captions::AllCaptions;
use crate::error::write_error;
use crate::{Error, Result};

/// Captions whose states are in memory at once.
const AT_ONCE: usize = 1000;

/// What to encode, with what, and where to.
pub struct EncodeText<'a> {
    /// The data set.
    pub source: &'a dyn Source,
    /// Its captions.
    pub captions: &'a AllCaptions,
    /// The encoder.
    pub files: &'a TextEncoderFiles,
    /// What models that learn from the states say of their encoder.
    pub text: TextDescription,
    /// Format of the encoder's weights, and of the states.
    pub format: NumberFormat,
    /// The folder of the states.
    pub out: &'a Path,
}

/// Encodes all captions; returns how many files were there already.
///
/// It goes on where it stopped: each file appears when it is whole, and one that was damaged since is
/// made anew. The states of a thousand captions
/// are in memory: of Flan-T5-XL and 30 tokens a caption, 250 MB.
///
/// # Errors
/// [`Error::NoCaptions`], [`Error::OutExists`] for states without an index, [`Error::States`] if the folder holds states of other captions or of
/// another encoder, and what reading, encoding or writing says.
pub fn encode_text<B: PixelFlowBackend>(job: &EncodeText<'_>, device: &B::Device) -> Result<usize> {
    refuse_unsupported::<B>("--dtype", job.format.dtype(), device)?;
    let records = job.source.len();
    if job.captions.count == 0 {
        return Err(Error::NoCaptions { records });
    }
    let index = StatesIndex {
        records,
        width: job.files.config.d_model,
        text: job.text.clone(),
        format: job.format,
        encoder_hash: job.files.hash()?.to_owned(),
        captions_hash: job.captions.hash.clone(),
    };
    std::fs::create_dir_all(job.out).map_err(write_error(job.out))?;
    if job.out.join(INDEX).exists() {
        if StatesIndex::read(job.out)? != index {
            return Err(Error::States {
                path: job.out.to_owned(),
                reason:
                    "it holds states of other captions, of another encoder, or in another format; \
                         choose another --out, or remove it"
                        .to_owned(),
            });
        }
    } else if let Some(path) = index.paths(job.out).find(|path| path.exists()) {
        // The index comes first: what is there without one is somebody else's.
        return Err(Error::OutExists { path });
    } else {
        index.write(job.out)?;
    }
    let is_open = |file: &usize| match index.open_file(job.out, *file) {
        Ok(found) => found.is_none(),
        Err(reason) => {
            note(format_args!("{reason}; its captions are encoded anew"));
            true
        }
    };
    let open: Vec<usize> = (0..index.files()).filter(is_open).collect();
    let done = index.files() - open.len();
    if open.is_empty() {
        return Ok(done);
    }
    let encoder = job.files.load::<B>(job.format.dtype(), device)?;
    let captions: usize = open.iter().map(|&file| index.records_of(file).len()).sum();
    let bar = bar(captions as u64, "{bar:32} {pos} of {len} captions  {eta} left");
    for file in open {
        write_file(job, &index, &encoder, file, &bar)?;
    }
    bar.finish_and_clear();
    Ok(done)
}

/// Encodes and writes the captions of one file, some at a time.
fn write_file<B: PixelFlowBackend>(
    job: &EncodeText<'_>,
    index: &StatesIndex,
    encoder: &T5Encoder<B>,
    file: usize,
    bar: &ProgressBar,
) -> Result<()> {
    let (mut names, mut tokens) = (Vec::new(), Vec::new());
    let mut add = |record, text: &str| {
        names.push(tensor_name(record));
        let of_text = job.files.tokenizer.tokens(text);
        tokens.push(of_text.map_err(pixelflow::Error::from)?.ids);
        Ok::<_, Error>(())
    };
    if file == 0 {
        add(None, "")?;
    }
    for record in index.records_of(file) {
        let caption = match job.source.caption(record) {
            Err(error) if error.is_corrupt_record() => {
                bar.note(format_args!("{error}; taken as no caption"));
                None
            }
            other => other?,
        };
        add(Some(record), &caption.unwrap_or_default())?;
    }
    // How many states a caption has is known before it is encoded.
    let shapes = tokens.iter().map(|ids| vec![ids.len(), index.width]);
    let tensors: Vec<_> = names.iter().cloned().zip(shapes).collect();
    let format = states_format(job.format);
    let path = job.out.join(file_name(file));
    let mut writer = SafetensorsWriter::create(&path, &tensors, format, &BTreeMap::new())?;
    for (names, tokens) in names.chunks(AT_ONCE).zip(tokens.chunks(AT_ONCE)) {
        let states = encode_tokens(encoder, tokens, &mut |count| bar.inc(count as u64));
        let states = states.ok_or(pixelflow::Error::Text(TextError::NotFinite))?;
        for (name, state) in names.iter().zip(states) {
            writer.push(name, &state.values)?;
        }
    }
    Ok(writer.finish()?)
}

/// [`encode_text`] on whatever backend the user has chosen.
impl OnBackend for EncodeText<'_> {
    type Output = Result<usize>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        encode_text::<B>(&self, &device)
    }
}
