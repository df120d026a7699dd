//! The captions of a data set.

use std::path::Path;

use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow_dataset::Source;
use pixelflow_dataset::source::LeftOut;

use crate::config::{CheckedConfig, JointConfig, StatesConfig, TextConfig};
use crate::identity::hash_of_captions;
use crate::states::StatesFolder;
use crate::texts::TextSource;
use crate::{Error, Result};

/// How the captions of a data set become texts.
pub struct CaptionedSource {
    /// What makes the texts.
    pub text: TextSource,
    /// How many captions there are, where they were read.
    pub captions: Option<usize>,
    /// Records whose captions cannot be read.
    pub unreadable: LeftOut,
}

impl From<TextSource> for CaptionedSource {
    fn from(text: TextSource) -> Self {
        Self { text, captions: None, unreadable: LeftOut::default() }
    }
}

/// How the captions of `source` become texts, as the settings say.
///
/// # Errors
/// [`Error::NoCaptions`], [`Error::Data`] if they cannot be read, [`Error::Model`] if no tokenizer
/// can be made of them.
pub fn source(config: &CheckedConfig, source: &dyn Source) -> Result<CaptionedSource> {
    match &config.settings().text {
        None => Ok(TextSource::None.into()),
        Some(TextConfig::Joint(JointConfig { width, layers, vocabulary, max_tokens })) => {
            let (captions, unreadable) = all(source)?;
            let words = captions.iter().map(String::as_str);
            let tokenizer = TextTokenizer::train(words, *vocabulary)
                .map_err(pixelflow::Error::from)?
                .with_max_tokens(*max_tokens);
            let text = TextSource::Joint {
                config: T5Config::small(*width, *layers, tokenizer.vocabulary()),
                tokenizer: Box::new(tokenizer),
            };
            Ok(CaptionedSource { text, captions: Some(captions.len()), unreadable })
        }
        Some(TextConfig::States(StatesConfig { path, .. })) => {
            Ok(states(path, config, source)?.into())
        }
    }
}

/// States in a folder that are of all records of `source` and fit the model.
///
/// # Errors
/// [`Error::States`] if they do not, and what opening the folder says.
pub fn states(path: &Path, config: &CheckedConfig, source: &dyn Source) -> Result<TextSource> {
    let folder = StatesFolder::open(path)?;
    let misfit = |reason: String| Error::States { path: path.to_owned(), reason };
    let (records, width) = (source.len(), config.settings().model.cross_attention_dim);
    if folder.index.records != records {
        return Err(misfit(format!(
            "it is of {} records, the data set has {records}; encode its captions again",
            folder.index.records
        )));
    }
    if folder.index.captions_hash != hash_of_captions(source)?.0 {
        return Err(misfit(
            "it is of other captions; encode those of the data set again".to_owned(),
        ));
    }
    if Some(folder.index.width) != width {
        return Err(misfit(format!(
            "its states have {} features; use --set model.cross_attention_dim={0}",
            folder.index.width
        )));
    }
    Ok(TextSource::States(folder))
}

/// All captions there are, at least one, and the records whose captions cannot be read.
fn all(source: &dyn Source) -> Result<(Vec<String>, LeftOut)> {
    let (mut captions, mut unreadable) = (Vec::with_capacity(source.len()), LeftOut::default());
    for index in 0..source.len() {
        match source.captions(index) {
            Ok(of_record) => captions.extend(of_record),
            Err(error) if error.is_corrupt_record() => unreadable.record(error),
            Err(error) => return Err(error.into()),
        }
    }
    if captions.is_empty() {
        unreadable.refuse_records()?;
        return Err(Error::NoCaptions { records: source.len() });
    }
    Ok((captions, unreadable))
}

/// Which images a record is among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The training images.
    Training,
    /// The validation images.
    Validation,
}

/// A record and its caption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionedRecord {
    /// Which images it is among.
    pub part: Part,
    /// Its number in the data set that was opened.
    pub origin: usize,
    /// Its caption.
    pub caption: String,
}

/// `count` records, evenly spread; fewer if some have no captions, or none that can be read.
///
/// # Errors
/// [`Error::Data`] if they cannot be read.
pub fn spread(source: &dyn Source, part: Part, count: usize) -> Result<Vec<CaptionedRecord>> {
    let records = source.len();
    let count = count.min(records);
    let mut found = Vec::with_capacity(count);
    for row in 0..count {
        let record = row * records / count;
        let caption = match source.caption(record) {
            Err(error) if error.is_corrupt_record() => None,
            caption => caption?,
        };
        let origin = source.origin(record);
        found.extend(caption.map(|caption| CaptionedRecord { part, origin, caption }));
    }
    Ok(found)
}
