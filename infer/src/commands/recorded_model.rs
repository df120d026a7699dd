//! The model that a picture or a certificate names: a stranger may have written it.

use std::path::Path;

use pixelflow::pipeline::GuideProvenance;
use pixelflow::weights::WeightSet;

use super::model;
use crate::arguments::LoraArgument;
use crate::foreign_path::refuse_foreign;
use crate::guide::GUIDE;
use crate::hub::HubName;
use crate::model_source::ModelSource;
use crate::recipe::{DEMO, TEXT_DEMO};
use crate::{Error, Result};

/// What a file says of the model that its images were drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordedModel<'a> {
    /// The file that says it.
    pub(super) file: &'a Path,
    /// The model's name.
    pub(super) name: &'a str,
    /// Which of its weights.
    pub(super) weights: WeightSet,
    /// Hash of the weights.
    pub(super) hash: &'a str,
    /// The argument that says where it is.
    pub(super) argument: &'static str,
    /// The adapters that the user names.
    pub(super) adapters: &'a [LoraArgument],
}

impl<'a> RecordedModel<'a> {
    /// The guide of the same images, if they were drawn with one.
    ///
    /// # Errors
    /// As [`find`](Self::find); [`Error::Argument`] if the user names one for images that were drawn without.
    pub(super) fn find_guide(
        self,
        recorded: Option<&'a GuideProvenance>,
        named: Option<&Path>,
    ) -> Result<Option<ModelSource>> {
        match (recorded, named) {
            (None, None) => Ok(None),
            (None, Some(path)) => Err(Error::Argument {
                argument: GUIDE,
                value: path.display().to_string(),
                reason: format!(
                    "the images of {} were drawn without a guide; leave it out",
                    self.file.display()
                ),
            }),
            (Some(GuideProvenance { model, weights, model_hash }), named) => {
                let guide = Self {
                    name: model,
                    weights: *weights,
                    hash: model_hash,
                    argument: GUIDE,
                    adapters: &[],
                    ..self
                };
                guide.find(named).map(Some)
            }
        }
    }

    /// The model that the user or else the file names, if it has the hash.
    ///
    /// # Errors
    /// [`Error::ModelMoved`], [`Error::ForeignPath`], [`Error::OtherModel`], and what finding a model says.
    pub(super) fn find(self, named: Option<&Path>) -> Result<ModelSource> {
        let source = self.source(named)?;
        let files = source.files()?;
        let found = files.hash()?;
        if found == self.hash {
            return Ok(source);
        }
        Err(Error::OtherModel {
            picture: self.file.to_owned(),
            expected: self.hash.to_owned(),
            model: files.path().unwrap_or(Path::new("")).to_owned(),
            found: found.to_owned(),
            argument: self.argument,
        })
    }

    fn source(self, named: Option<&Path>) -> Result<ModelSource> {
        if let Some(path) = named {
            return model(Some(path), self.weights)?.with_adapters(self.adapters);
        }
        let with_adapters = |source: ModelSource| source.with_adapters(self.adapters).ok();
        let is_it = |source: &ModelSource| {
            source.files().is_ok_and(|files| files.hash().is_ok_and(|hash| hash == self.hash))
        };
        let shipped = match self.name {
            DEMO => Some(ModelSource::demo()?),
            TEXT_DEMO => Some(ModelSource::text_demo()?),
            _ => None,
        };
        // A model of the user's own may have the demo's name.
        if let Some(demo) = shipped.and_then(with_adapters).filter(is_it) {
            return Ok(demo);
        }
        let path = Path::new(self.name);
        let moved = || Error::ModelMoved {
            picture: self.file.to_owned(),
            model: path.to_owned(),
            argument: self.argument,
        };
        if HubName::is_meant(path) {
            // A file that somebody sends fetches nothing; only its user does, with the argument.
            let found = ModelSource::find_fetched(path, self.weights).map_err(|_| moved())?;
            return found.with_adapters(self.adapters);
        }
        refuse_foreign(self.name, self.file, self.argument)?;
        // A name is a guess at a folder of this one: what is not the model is none.
        let found = ModelSource::find(path, self.weights).ok().and_then(with_adapters);
        found.filter(is_it).ok_or_else(moved)
    }
}
