//! `train encode-text`: the captions of a data set through a text encoder, once for all.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::DType;
use indicatif::{ProgressBar, ProgressStyle};
use infer::device::OnBackend;
use infer::prompts::{EncodedText, encode_tokens};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::T5Encoder;
use pixelflow::weights::{DType as FileType, SafetensorsWriter, TextDescription, TextEncoderFiles};
use pixelflow_dataset::Source;
use sha2::{Digest, Sha256};

use super::{INDEX, RECORDS_A_FILE, StatesIndex, file_name, tensor_name};
use crate::error::write_error;
use crate::{Error, Result};

/// What to encode, with what, and where to.
pub struct EncodeText<'a> {
    /// The data set.
    pub source: &'a dyn Source,
    /// The encoder.
    pub files: &'a TextEncoderFiles,
    /// What models that learn from the states say of their encoder.
    pub text: TextDescription,
    /// Format of the encoder's weights.
    pub dtype: DType,
    /// The folder of the states.
    pub out: &'a Path,
}

/// Encodes all captions; returns how many files were there already.
///
/// It goes on where it stopped: each file appears when it is whole. At most one file's states are in
/// memory: of Flan-T5-XL and 30 tokens a caption, 250 MB.
///
/// # Errors
/// [`Error::NoCaptions`], [`Error::States`] if the folder holds states of other captions or of
/// another encoder, and what reading, encoding or writing says.
pub fn encode_text<B: PixelFlowBackend>(job: &EncodeText<'_>, device: &B::Device) -> Result<usize> {
    let records = job.source.len();
    let (captions_hash, captions) = hash_of_captions(job.source)?;
    if captions == 0 {
        return Err(Error::NoCaptions { records });
    }
    let index = StatesIndex {
        records,
        width: job.files.config.d_model,
        text: job.text.clone(),
        encoder_hash: job.files.hash()?,
        captions_hash,
    };
    std::fs::create_dir_all(job.out).map_err(write_error(job.out))?;
    if job.out.join(INDEX).exists() {
        if StatesIndex::read(job.out)? != index {
            return Err(Error::States {
                path: job.out.to_owned(),
                reason: "it holds states of other captions or of another encoder; choose another \
                         --out, or remove it"
                    .to_owned(),
            });
        }
    } else {
        index.write(job.out)?;
    }
    let open: Vec<usize> = (0..index.files())
        .filter(|file| !job.out.join(file_name(*file)).exists())
        .collect();
    let done = index.files() - open.len();
    if open.is_empty() {
        return Ok(done);
    }
    let encoder = job.files.load::<B>(job.dtype, device)?;
    let bar = ProgressBar::new(open.len().min(records) as u64 * RECORDS_A_FILE as u64);
    let style = ProgressStyle::with_template("{bar:32} {pos} of {len} captions  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    for file in open {
        write_file(job, &encoder, file, &bar)?;
    }
    bar.finish_and_clear();
    Ok(done)
}

/// Encodes and writes the captions of one file.
fn write_file<B: PixelFlowBackend>(
    job: &EncodeText<'_>,
    encoder: &T5Encoder<B>,
    file: usize,
    bar: &ProgressBar,
) -> Result<()> {
    let first = file * RECORDS_A_FILE;
    let records = first..job.source.len().min(first + RECORDS_A_FILE);
    let mut names = Vec::new();
    let mut tokens = Vec::new();
    let mut add = |record, text: &str| {
        names.push(tensor_name(record));
        let of_text = job.files.tokenizer.tokens(text);
        tokens.push(of_text.map_err(pixelflow::Error::from)?.ids);
        Ok::<_, Error>(())
    };
    if file == 0 {
        add(None, "")?;
    }
    for record in records {
        add(
            Some(record),
            &job.source.caption(record)?.unwrap_or_default(),
        )?;
    }
    let states = encode_tokens(encoder, &tokens, &mut |count| bar.inc(count as u64));
    let states = states.ok_or_else(|| infer::Error::EncoderOverflow {
        folder: job.files.folder().to_owned(),
    })?;
    write_states(&job.out.join(file_name(file)), &names, &states, job.dtype)
}

/// Writes states, in the precision that they were computed in.
fn write_states(path: &Path, names: &[String], states: &[EncodedText], dtype: DType) -> Result<()> {
    let shape = |state: &EncodedText| vec![state.tokens, state.values.len() / state.tokens];
    let tensors: Vec<_> = names
        .iter()
        .cloned()
        .zip(states.iter().map(shape))
        .collect();
    let format = match dtype {
        DType::F16 => FileType::F16,
        DType::BF16 => FileType::BF16,
        _ => FileType::F32,
    };
    let mut writer = SafetensorsWriter::create(path, &tensors, format, &BTreeMap::new())?;
    for (name, state) in names.iter().zip(states) {
        writer.push(name, &state.values)?;
    }
    Ok(writer.finish()?)
}

/// A hash of all captions in order, and how many there are.
fn hash_of_captions(source: &dyn Source) -> Result<(String, usize)> {
    let mut hash = Sha256::new();
    let mut count = 0;
    for record in 0..source.len() {
        let caption = source.caption(record)?;
        count += usize::from(caption.is_some());
        let caption = caption.unwrap_or_default();
        hash.update((caption.len() as u64).to_le_bytes());
        hash.update(caption.as_bytes());
    }
    let digest = hash.finalize();
    let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
    Ok((format!("{first:016x}"), count))
}

/// [`encode_text`] on whatever backend the user has chosen.
impl OnBackend for EncodeText<'_> {
    type Output = Result<usize>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        encode_text::<B>(&self, &device)
    }
}
