//! The models that a picture was drawn with, found again: its model, and its guide.

use std::path::Path;

use pixelflow::weights::WeightSet;

use super::model;
use crate::arguments::ReplayArguments;
use crate::foreign_path::refuse_foreign;
use crate::guide::GUIDE;
use crate::hub::HubName;
use crate::model_source::ModelSource;
use crate::recipe::{DEMO, Recipe, TEXT_DEMO};
use crate::{Error, Result};

/// What a picture says of a model.
pub(super) struct PictureModel<'a> {
    name: &'a str,
    weights: WeightSet,
    hash: &'a str,
    /// The argument that says where it is.
    argument: &'static str,
}

impl<'a> PictureModel<'a> {
    /// The model.
    pub(super) fn of(recipe: &'a Recipe) -> Self {
        let Recipe { model, weights, model_hash, .. } = recipe;
        Self { name: model, weights: *weights, hash: model_hash, argument: "--model" }
    }

    /// The guide; `None` for a picture that was drawn without.
    ///
    /// # Errors
    /// [`Error::Argument`] if the user names one for such a picture.
    pub(super) fn guide_of(
        recipe: &'a Recipe,
        arguments: &ReplayArguments,
    ) -> Result<Option<Self>> {
        match (&recipe.guide, &arguments.guide_model) {
            (None, Some(path)) => Err(Error::Argument {
                argument: GUIDE,
                value: path.display().to_string(),
                reason: "the picture was drawn without a guide; leave it out".to_owned(),
            }),
            (guide, _) => Ok(guide.as_ref().map(|guide| Self {
                name: &guide.model,
                weights: guide.weights,
                hash: &guide.model_hash,
                argument: GUIDE,
            })),
        }
    }

    /// The model that the user or else the picture names.
    ///
    /// # Errors
    /// [`Error::ModelMoved`], [`Error::ForeignPath`], [`Error::OtherModel`] if the weights are not those of the
    /// picture.
    pub(super) fn find(&self, arguments: &ReplayArguments) -> Result<ModelSource> {
        let named = if self.argument == GUIDE { &arguments.guide_model } else { &arguments.model };
        let source = match named {
            Some(path) => model(Some(path), self.weights)?,
            None => self.find_by_name(&arguments.picture)?,
        };
        let files = source.files()?;
        let found = files.hash()?;
        if found == self.hash {
            return Ok(source);
        }
        Err(Error::OtherModel {
            picture: arguments.picture.clone(),
            expected: self.hash.to_owned(),
            model: files.path().unwrap_or(Path::new("")).to_owned(),
            found: found.to_owned(),
            argument: self.argument,
        })
    }

    fn find_by_name(&self, picture: &Path) -> Result<ModelSource> {
        let &Self { name, weights, hash, argument } = self;
        let is_it = |source: &ModelSource| {
            source.files().is_ok_and(|files| files.hash().is_ok_and(|found| found == hash))
        };
        let shipped = match name {
            DEMO => Some(ModelSource::demo()?),
            TEXT_DEMO => Some(ModelSource::text_demo()?),
            _ => None,
        };
        // A model of the user's own may have the demo's name.
        if let Some(demo) = shipped.filter(is_it) {
            return Ok(demo);
        }
        let path = Path::new(name);
        let moved =
            || Error::ModelMoved { picture: picture.to_owned(), model: path.to_owned(), argument };
        if HubName::is_meant(path) {
            // A picture that somebody sends fetches nothing; only its user does, with --model.
            return ModelSource::find_fetched(path, weights).map_err(|_| moved());
        }
        refuse_foreign(name, picture, argument)?;
        // A name is a guess at a folder of this one: what is not the model is none.
        ModelSource::find(path, weights).ok().filter(is_it).ok_or_else(moved)
    }
}
