//! What labels and captions of a run's data mean, so that it goes on with the same ones.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pixelflow::weights::{DESCRIPTION_FILE, ModelDescription};
use pixelflow_dataset::Source;
use pixelflow_dataset::source::{ClassDifference, relabelled, relabelled_among, without};
use pixelflow_host::output::note;
use pixelflow_ranks::Job;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::all_captions::AllCaptions;
use crate::config::TrainConfig;
use crate::initial_weights::InitialClasses;
use crate::texts::TextSource;
use crate::{Error, Result, initial_weights};

/// Records whose files are looked into, besides the first of each class.
const LOOKED_INTO: usize = 1000;

/// Which records a run learns from, wherever they lie: hashes of their names, classes and captions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Of the training records in order: what each is called, its class, and of some what is in it.
    records: String,
    /// Of all captions in order; `None` for a class model.
    captions: Option<String>,
    /// Of the text encoder that made states of them beforehand.
    encoder: Option<String>,
}

impl Identity {
    /// The hash of the training records.
    pub fn records(&self) -> &str {
        &self.records
    }

    /// That of the captions, of a text model.
    pub fn captions(&self) -> Option<&str> {
        self.captions.as_deref()
    }

    /// That of `training`, a part of the records whose `captions` were read.
    pub fn of(training: &dyn Source, captions: Option<&AllCaptions>, text: &TextSource) -> Self {
        let mut hash = Sha256::new();
        let (mut seen, spacing) = (HashSet::new(), training.len().div_ceil(LOOKED_INTO).max(1));
        for record in 0..training.len() {
            let (name, label) = training.identity(record);
            update(&mut hash, &name);
            update(&mut hash, training.classes().get(label).map_or(&[], String::as_bytes));
            // Folders that were swapped may hold files of the same names. What cannot be read is nothing
            // here: that is the loader's business.
            if seen.insert(label) || record.is_multiple_of(spacing) {
                update(&mut hash, &training.beginning(record).unwrap_or_default());
            }
        }
        let encoder = match text {
            TextSource::None | TextSource::Joint { .. } => None,
            TextSource::States(folder) => Some(folder.index.encoder_hash.clone()),
        };
        let captions = captions.map(|captions| captions.hash.clone());
        Self { records: first_half(hash), captions, encoder }
    }

    /// What is no longer as it was, in words.
    fn changes(&self, now: &Self) -> Vec<&'static str> {
        let changes = [
            (self.records != now.records, "names, order, classes or content of the images"),
            (self.captions != now.captions, "captions"),
            (self.encoder != now.encoder, "the text encoder that made the states of the captions"),
        ];
        changes.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect()
    }
}

/// Checks that a run saved in `checkpoint` goes on with the records that it has learned from.
///
/// # Errors
/// [`Error::DataChanged`].
pub fn check(
    checkpoint: &Path,
    (records, identity): (usize, Option<&Identity>),
    (records_now, identity_now): (usize, &Identity),
) -> Result<()> {
    let path = || checkpoint.to_owned();
    if records != records_now {
        let what = format!("there were {records} training images, now there are {records_now}");
        return Err(Error::DataChanged { path: path(), what });
    }
    let Some(identity) = identity else {
        note(format_args!(
            "{} does not say which images it has learned from: only their number and the names of the \
             classes could be compared",
            checkpoint.display()
        ));
        return Ok(());
    };
    let changes = identity.changes(identity_now);
    if changes.is_empty() {
        return Ok(());
    }
    Err(Error::DataChanged {
        path: path(),
        what: format!("{} have changed", changes.join(" and ")),
    })
}

/// Checks that all ranks learn from the same records.
///
/// # Errors
/// [`Error::OtherData`], [`Error::Ranks`].
pub fn check_ranks(job: &mut Job, own: &Identity) -> Result<()> {
    let message = serde_json::to_vec(own).expect("plain values");
    let mut all: Vec<Identity> = Vec::new();
    for (rank, message) in job.gather(message)?.into_iter().enumerate() {
        let identity = serde_json::from_slice(&message)
            .map_err(|error| Error::OtherProgram { rank, reason: error.to_string() })?;
        all.push(identity);
    }
    let differing = all.iter().enumerate().map(|(rank, other)| (rank, all[0].changes(other)));
    match differing.into_iter().find(|(_, changes)| !changes.is_empty()) {
        None => Ok(()),
        Some((rank, changes)) => {
            Err(Error::OtherData { rank, reason: format!("{} differ", changes.join(" and ")) })
        }
    }
}

/// The names of classes in the order in which a model has learned them.
#[derive(Clone, Debug)]
pub struct LearnedClasses {
    by: PathBuf,
    names: Vec<String>,
    /// What helps if the data have others.
    advice: &'static str,
    /// Whether some of them may have no images.
    may_lack: bool,
    /// Whether the data may have others, which come behind.
    may_grow: bool,
}

impl LearnedClasses {
    /// Those of a checkpoint to go on from, or else of the weights that a run begins with; `None` where
    /// there are none, or where they have no names.
    ///
    /// # Errors
    /// [`Error::DamagedCheckpoint`], and as [`initial_weights::find`].
    pub fn of(settings: &TrainConfig, checkpoint: Option<&Path>) -> Result<Option<Self>> {
        let rule = settings.train.initial_classes;
        let of = |by: &Path, names: Option<Vec<String>>, advice, may_grow| {
            if names.is_none() {
                note(format_args!(
                    "{} does not name its classes: that labels mean the same could not be checked",
                    by.display()
                ));
            }
            let (by, may_lack) = (by.to_owned(), rule == InitialClasses::Add);
            names.map(|names| Self { by, names, advice, may_lack, may_grow })
        };
        let initial = Path::new(&settings.train.initial_weights);
        if settings.model.cross_attention_dim.is_some() {
            return Ok(None);
        }
        if let Some(path) = checkpoint {
            let description = ModelDescription::read(&path.join(DESCRIPTION_FILE));
            let names = description.map(|description| description.class_names);
            let names = names.map_err(|error| Error::DamagedCheckpoint {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
            return Ok(of(path, names, "give them back their names, or begin a new run", false));
        }
        if initial.as_os_str().is_empty() || rule == InitialClasses::ByName {
            return Ok(None);
        }
        let model = initial_weights::find(&settings.train, &settings.model)?.description;
        let advice = "give them the names they have there; to train other classes with these weights, set \
                      train.initial_classes to \"by-name\", or to \"add\" to keep those classes too";
        Ok(of(initial, model.class_names, advice, rule == InitialClasses::Add))
    }

    /// The data set with the labels that were learned.
    ///
    /// # Errors
    /// [`Error::OtherClasses`] if it has not the same classes.
    pub fn relabel(&self, source: Arc<dyn Source>) -> Result<Arc<dyn Source>> {
        let mut names = self.names.clone();
        if self.may_grow {
            names.extend(without(source.classes(), &self.names));
        }
        // Of several in their old order, some may be missing.
        let places = source.classes().iter().map(|name| names.iter().position(|n| n == name));
        let is_sorted = places.is_sorted();
        let relabel = if self.may_lack { relabelled_among } else { relabelled };
        match relabel(source, &names) {
            Ok(source) => {
                if !is_sorted {
                    note(format_args!(
                        "the classes of the data are in another order than in {}: each has the label \
                         that its name has there",
                        self.by.display()
                    ));
                }
                Ok(source)
            }
            Err(ClassDifference { missing, new }) => Err(Error::OtherClasses {
                path: self.by.clone(),
                missing: listed(&missing),
                new: listed(&new),
                advice: self.advice,
            }),
        }
    }
}

/// The first names of a list.
fn listed(names: &[String]) -> String {
    let mut first: Vec<String> = names.iter().take(5).map(|name| format!("{name:?}")).collect();
    if first.is_empty() {
        return "none".to_owned();
    }
    if names.len() > first.len() {
        first.push(format!("{} more", names.len() - first.len()));
    }
    first.join(", ")
}

/// Adds bytes so that they cannot run into others.
pub fn update(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// Sixteen hexadecimal digits.
pub fn first_half(hash: Sha256) -> String {
    let digest = hash.finalize();
    let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
    format!("{first:016x}")
}
