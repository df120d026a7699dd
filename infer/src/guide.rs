//! The guide that a user names beside a model.

use pixelflow::pipeline::{CheckedRequest, Subject};
use pixelflow::sampler::SamplerConfig;

use crate::arguments::GuideArguments;
use crate::model_source::ModelSource;
use crate::{Error, Result};

/// The argument that names it.
pub(crate) const GUIDE: &str = "--guide-model";

/// The guide that the user names, if there is one; no weights are read.
///
/// # Errors
/// [`Error::Argument`] for one that does not fit the model, or stands beside a negative prompt, whose place it
/// takes; those of [`ModelSource::find`].
pub(crate) fn find_guide(
    arguments: &GuideArguments,
    model: &ModelSource,
    request: &CheckedRequest,
) -> Result<Option<ModelSource>> {
    let Some(path) = &arguments.guide_model else {
        return Ok(None);
    };
    let refused = |reason: &str| {
        let (value, reason) = (path.display().to_string(), reason.to_owned());
        Err(Error::Argument { argument: GUIDE, value, reason })
    };
    let guide = match ModelSource::find(path, arguments.guide_weights) {
        // A name on the Hub that cannot be.
        Err(Error::Argument { reason, .. }) => return refused(&reason),
        found => found?,
    };
    match model.description.check_guide(&guide.description) {
        Err(pixelflow::Error::InvalidSampler { reason }) => return refused(&reason),
        Err(other) => return refused(&other.to_string()),
        Ok(()) => {}
    }
    let has_negative = |subject: &Subject| matches!(subject, Subject::Prompt { negative, .. } if !negative.is_empty());
    if request.request().images.iter().any(|image| has_negative(&image.subject)) {
        return refused(
            "the guide takes the place of --negative, which would have no part in the images; leave one \
             of them out",
        );
    }
    Ok(Some(guide))
}

/// Refuses a guide that no sampler asks: where the scale is 1 it has no part in the images.
///
/// # Errors
/// [`Error::Argument`].
pub(crate) fn refuse_idle_guide<'a>(
    arguments: &GuideArguments,
    mut samplers: impl Iterator<Item = &'a SamplerConfig>,
) -> Result<()> {
    match &arguments.guide_model {
        Some(path) if samplers.all(|sampler| sampler.guidance.is_neutral()) => Err(Error::Argument {
            argument: GUIDE,
            value: path.display().to_string(),
            reason: "the guidance scale is 1, where a guide has no part in the images; give another, such as \
                     --guidance constant:2, or leave the guide out"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}
