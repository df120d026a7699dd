//! The images of a run, opened and compared with the model.

use std::path::Path;
use std::sync::Arc;

use pixelflow::weights::ModelDescription;
use pixelflow_dataset::loader::validation_records;
use pixelflow_dataset::source::{Subset, split};
use pixelflow_dataset::{Loader, Source, SourceConfig};

use crate::all_captions::AllCaptions;
use crate::captions::{self, CaptionedRecord, Part};
use crate::config::{CheckedConfig, StatesConfig, TextConfig, TrainConfig};
use crate::identity::{Identity, LearnedClasses};
use crate::inventory::{announce, counted};
use crate::texts::TextSource;
use crate::{Error, Result, data_path};

/// Offset between the seeds of training and of validation: their noise has nothing in common.
const VALIDATION_SEED: u64 = 0x5eed_0000_0000_0000;

/// The images of a run.
pub struct Data {
    /// Training batches.
    pub training: Loader,
    /// Validation batches, where the run has any.
    pub validation: Option<Loader>,
    /// Which records they are.
    pub identity: Identity,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// How captions become texts.
    pub text: TextSource,
    /// The same for the validation images, if it is another.
    validation_text: Option<TextSource>,
    /// Captions that previews show, evenly spread over the validation or else the training images.
    pub preview_records: Vec<CaptionedRecord>,
    /// The same for the images of an evaluation.
    pub evaluation_records: Vec<CaptionedRecord>,
    /// The validation or else the training images, which an evaluation compares with.
    pub shown: Arc<dyn Source>,
    /// Classes that have images there, ascending.
    pub shown_classes: Vec<usize>,
}

impl Data {
    /// Opens training and validation images, with the labels that were `learned`.
    ///
    /// # Errors
    /// [`Error::OtherClasses`] if they have not the classes that were learned,
    /// [`Error::Data`] when they cannot be read, [`Error::MissingAsset`] when shipped ones cannot be
    /// unpacked, [`Error::DataMismatch`] when they do not fit the model.
    pub fn open(config: &CheckedConfig, learned: Option<&LearnedClasses>) -> Result<Self> {
        let settings = config.settings();
        let is_text = settings.model.cross_attention_dim.is_some();
        let strict = settings.data.strict;
        let mut source = unlabelled(shipped(&settings.data.source)?, is_text).open()?;
        // Of all records, before some are kept back for validation.
        let (text, captions) = captions::source(config, source.as_ref())?;
        announce("data", source.as_ref(), captions.as_ref(), strict)?;
        if let Some(learned) = learned {
            source = learned.relabel(source)?;
        }
        check(config, source.as_ref())?;
        let class_names = source.classes().to_vec();
        let mut validation_text = None;
        let (training, validation): (Arc<dyn Source>, Option<Arc<dyn Source>>) =
            match (&settings.data.validation, settings.data.held_out) {
                (Some(validation), _) => {
                    let validation = unlabelled(shipped(validation)?, is_text)
                        .open_with_classes(&class_names)?;
                    let shown = validation.as_ref();
                    let captions = is_text.then(|| AllCaptions::read(shown, drop)).transpose()?;
                    announce("validation", shown, captions.as_ref(), strict)?;
                    if let Some(TextConfig::States(StatesConfig { validation: Some(path), .. })) =
                        &settings.text
                        && let Some(captions) = &captions
                    {
                        let records = shown.len();
                        validation_text = Some(captions::states(path, config, records, captions)?);
                    }
                    (source, Some(validation))
                }
                (None, Some(rule)) => {
                    let (training, held_out) = split(&source, rule)?;
                    (Arc::new(training), Some(Arc::new(held_out)))
                }
                (None, None) => (source, None),
            };
        let identity = Identity::of(training.as_ref(), captions.as_ref(), &text);
        let (shown, part) = match &validation {
            Some(validation) => (Arc::clone(validation), Part::Validation),
            None => (Arc::clone(&training), Part::Training),
        };
        let spread = |count| match count {
            1.. if is_text => captions::spread(shown.as_ref(), part, count),
            _ => Ok(Vec::new()),
        };
        let preview_records = spread(settings.preview.max_classes)?;
        let is_measured = !settings.evaluation.every.is_never();
        let evaluation_records = spread(if is_measured { settings.evaluation.images } else { 0 })?;
        if is_measured && is_text && evaluation_records.is_empty() {
            return Err(Error::NoCaptions { records: shown.len() });
        }
        let (patch, seed) = (settings.model.patch_size, settings.train.seed);
        let training = Loader::new(
            training,
            config.transform(),
            config.cascade().clone(),
            patch,
            seed,
            config.loader(),
        )?;
        let validation = validation.map(|source| {
            let seed = seed ^ VALIDATION_SEED;
            let drawn = validation_records(source.len(), config.validation_images(), seed);
            Loader::new(
                Arc::new(Subset::new(&source, drawn)),
                config.validation_transform(),
                config.cascade().clone(),
                patch,
                seed,
                config.validation_loader(),
            )
        });
        Ok(Self {
            training,
            validation: validation.transpose()?,
            identity,
            class_names,
            text,
            validation_text,
            preview_records,
            evaluation_records,
            shown_classes: classes_with_images(shown.as_ref()),
            shown,
        })
    }

    /// How captions of validation images become texts.
    pub fn validation_text(&self) -> &TextSource {
        self.validation_text.as_ref().unwrap_or(&self.text)
    }

    /// The description of a model that is trained with these settings on these data.
    pub fn description(&self, settings: &TrainConfig) -> ModelDescription {
        ModelDescription {
            model: settings.model.clone(),
            cascade: settings.cascade,
            resolution: settings.data.resolution,
            class_names: self.class_names(settings.model.num_classes),
            text: self.text.description(),
            sampler: Some(settings.preview.sampler.clone()),
        }
    }

    /// Names of the classes of a model that has as many.
    pub fn class_names(&self, classes: usize) -> Option<Vec<String>> {
        (classes == self.class_names.len()).then(|| self.class_names.clone())
    }
}

/// Classes that have images, ascending.
fn classes_with_images(source: &dyn Source) -> Vec<usize> {
    let labels = (0..source.len()).map(|record| source.identity(record).1);
    labels.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The data set at `path`, for its captions alone.
///
/// # Errors
/// [`Error::NotADataSet`] or [`Error::Data`].
pub fn captioned(path: &Path) -> Result<(Arc<dyn Source>, AllCaptions)> {
    let source = unlabelled(data_path::detect(path)?, true).open()?;
    let captions = AllCaptions::read(source.as_ref(), drop)?;
    announce("data", source.as_ref(), Some(&captions), false)?;
    Ok((source, captions))
}

/// The source without labels, for a model that has no use for them.
fn unlabelled(mut source: SourceConfig, is_text: bool) -> SourceConfig {
    if let SourceConfig::WebDataset(config) = &mut source {
        config.unlabelled |= is_text;
    }
    source
}

/// The source with the paths of shipped files found from wherever the program is started.
fn shipped(source: &SourceConfig) -> Result<SourceConfig> {
    let find = |path: &mut std::path::PathBuf| {
        *path = infer::assets::resolve(path)?;
        Ok::<_, Error>(())
    };
    let mut source = source.clone();
    match &mut source {
        SourceConfig::WebDataset(config) => config.paths.iter_mut().try_for_each(find)?,
        SourceConfig::Folder(config) => find(&mut config.path)?,
        SourceConfig::Idx(config) => {
            find(&mut config.images)?;
            find(&mut config.labels)?;
        }
    }
    Ok(source)
}

fn check(config: &CheckedConfig, source: &dyn Source) -> Result<()> {
    let model = &config.settings().model;
    let classes = source.classes().len();
    let left_out = source.left_out();
    if model.cross_attention_dim.is_none() && classes != model.num_classes {
        if classes < model.num_classes && left_out.records > 0 {
            let classes = counted(classes, "class", "classes");
            return Err(Error::ClassesLeftOut { classes, model: model.num_classes, left_out });
        }
        return Err(Error::DataMismatch {
            data: counted(classes, "class", "classes"),
            key: "model.num_classes",
            model: model.num_classes,
            data_value: classes,
        });
    }
    let channels = source.channels();
    if channels != model.in_channels {
        return Err(Error::DataMismatch {
            data: format!("images with {channels} channels"),
            key: "model.in_channels",
            model: model.in_channels,
            data_value: channels,
        });
    }
    Ok(())
}
