//! The captions of a data set.

use std::path::Path;

use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow_dataset::Source;

use crate::config::{CheckedConfig, JointConfig, StatesConfig, TextConfig};
use crate::identity::hash_of_captions;
use crate::states::StatesFolder;
use crate::texts::TextSource;
use crate::{Error, Result};

/// How the captions of `source` become texts, as the settings say.
///
/// # Errors
/// [`Error::NoCaptions`], [`Error::Data`] if they cannot be read, [`Error::Model`] if no tokenizer
/// can be made of them.
pub fn source(config: &CheckedConfig, source: &dyn Source) -> Result<TextSource> {
    match &config.settings().text {
        None => Ok(TextSource::None),
        Some(TextConfig::Joint(JointConfig { width, layers, vocabulary, max_tokens })) => {
            let captions = all(source)?;
            let words = captions.iter().map(String::as_str);
            let tokenizer = TextTokenizer::train(words, *vocabulary)
                .map_err(pixelflow::Error::from)?
                .with_max_tokens(*max_tokens);
            Ok(TextSource::Joint {
                config: T5Config::small(*width, *layers, tokenizer.vocabulary()),
                tokenizer: Box::new(tokenizer),
            })
        }
        Some(TextConfig::States(StatesConfig { path, .. })) => states(path, config, source),
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

/// All captions there are, at least one.
fn all(source: &dyn Source) -> Result<Vec<String>> {
    let mut captions = Vec::with_capacity(source.len());
    for index in 0..source.len() {
        captions.extend(source.caption(index)?);
    }
    if captions.is_empty() {
        return Err(Error::NoCaptions { records: source.len() });
    }
    Ok(captions)
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

/// `count` records, evenly spread; fewer if some have no captions.
///
/// # Errors
/// [`Error::Data`] if they cannot be read.
pub fn spread(source: &dyn Source, part: Part, count: usize) -> Result<Vec<CaptionedRecord>> {
    let records = source.len();
    let count = count.min(records);
    let mut found = Vec::with_capacity(count);
    for row in 0..count {
        let record = row * records / count;
        found.extend(source.caption(record)?.map(|caption| CaptionedRecord {
            part,
            origin: source.origin(record),
            caption,
        }));
    }
    Ok(found)
}
