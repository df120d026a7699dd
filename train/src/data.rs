//! The images of a run, opened and compared with the model.

use std::sync::Arc;

use pixelflow_dataset::source::split;
use pixelflow_dataset::{Loader, Source, SourceConfig};

use crate::config::CheckedConfig;
use crate::{Error, Result};

/// Offset between the seeds of training and of validation: their noise has nothing in common.
const VALIDATION_SEED: u64 = 0x5eed_0000_0000_0000;

/// The images of a run.
pub struct Data {
    /// Training batches; each is one part of a batch of the run.
    pub training: Loader,
    /// Validation batches, where the run has any.
    pub validation: Option<Loader>,
    /// Names of the classes.
    pub class_names: Vec<String>,
}

impl Data {
    /// Opens training and validation images.
    ///
    /// # Errors
    /// [`Error::Data`] when they cannot be read, [`Error::DataMismatch`] when they do not fit the
    /// model.
    pub fn open(config: &CheckedConfig) -> Result<Self> {
        let settings = config.settings();
        let source = shipped(&settings.data.source).open()?;
        check(config, source.as_ref())?;
        let class_names = source.classes().to_vec();
        let (training, validation): (Arc<dyn Source>, Option<Arc<dyn Source>>) =
            match (&settings.data.validation, settings.data.held_out) {
                (Some(validation), _) => (
                    source,
                    Some(shipped(validation).open_with_classes(&class_names)?),
                ),
                (None, Some(rule)) => {
                    let (training, held_out) = split(&source, rule)?;
                    (Arc::new(training), Some(Arc::new(held_out)))
                }
                (None, None) => (source, None),
            };
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
            Loader::new(
                source,
                config.validation_transform(),
                config.cascade().clone(),
                patch,
                seed ^ VALIDATION_SEED,
                config.validation_loader(),
            )
        });
        Ok(Self {
            training,
            validation: validation.transpose()?,
            class_names,
        })
    }
}

/// The source with the paths of shipped files found from wherever the program is started.
fn shipped(source: &SourceConfig) -> SourceConfig {
    let find = |path: &mut std::path::PathBuf| *path = infer::assets::resolve(path);
    let mut source = source.clone();
    match &mut source {
        SourceConfig::WebDataset(config) => config.paths.iter_mut().for_each(find),
        SourceConfig::Folder(config) => find(&mut config.path),
        SourceConfig::Idx(config) => {
            find(&mut config.images);
            find(&mut config.labels);
        }
    }
    source
}

fn check(config: &CheckedConfig, source: &dyn Source) -> Result<()> {
    let model = &config.settings().model;
    let classes = source.classes().len();
    if classes != model.num_classes {
        return Err(Error::DataMismatch {
            data: format!("{classes} classes"),
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
