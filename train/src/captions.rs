//! The captions of a data set.

use std::path::Path;

use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow_dataset::Source;

use crate::all_captions::AllCaptions;
use crate::config::{CheckedConfig, JointConfig, StatesConfig, TextConfig};
use crate::states::StatesFolder;
use crate::texts::TextSource;
use crate::{Error, Result};

/// How the captions of `source` become texts, as the settings say, and what was read of them; `None` for
/// a class model.
///
/// # Errors
/// [`Error::NoCaptions`], [`Error::Data`] if they cannot be read, [`Error::Model`] if no tokenizer
/// can be made of them.
pub fn source(
    config: &CheckedConfig,
    source: &dyn Source,
) -> Result<(TextSource, Option<AllCaptions>)> {
    match &config.settings().text {
        None => Ok((TextSource::None, None)),
        Some(TextConfig::Joint(JointConfig { width, layers, vocabulary, max_tokens })) => {
            let mut words = Vec::with_capacity(source.len());
            let captions = AllCaptions::read(source, |caption| words.push(caption))?;
            if words.is_empty() {
                captions.unreadable.refuse_records()?;
                return Err(Error::NoCaptions { records: source.len() });
            }
            let tokenizer = TextTokenizer::train(words.iter().map(String::as_str), *vocabulary)
                .map_err(pixelflow::Error::from)?
                .with_max_tokens(*max_tokens);
            let text = TextSource::Joint {
                config: T5Config::small(*width, *layers, tokenizer.vocabulary()),
                tokenizer: Box::new(tokenizer),
            };
            Ok((text, Some(captions)))
        }
        Some(TextConfig::States(StatesConfig { path, .. })) => {
            let captions = AllCaptions::read(source, drop)?;
            Ok((states(path, config, source.len(), &captions)?, Some(captions)))
        }
    }
}

/// States in a folder that are of all captions of so many `records` and fit the model.
///
/// # Errors
/// [`Error::States`] if they do not, and what opening the folder says.
pub fn states(
    path: &Path,
    config: &CheckedConfig,
    records: usize,
    captions: &AllCaptions,
) -> Result<TextSource> {
    let folder = StatesFolder::open(path)?;
    let misfit = |reason: String| Error::States { path: path.to_owned(), reason };
    let width = config.settings().model.cross_attention_dim;
    if folder.index.records != records {
        return Err(misfit(format!(
            "it is of {} records, the data set has {records}; encode its captions again",
            folder.index.records
        )));
    }
    if folder.index.captions_hash != captions.hash {
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
