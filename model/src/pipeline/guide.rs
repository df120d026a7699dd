//! Which model may guide another: told from their descriptions, before weights are read.

use crate::excerpt::excerpt;
use crate::sampler::check_guide;
use crate::weights::ModelDescription;
use crate::{Error, Result};

impl ModelDescription {
    /// Refuses a guide of this model that cannot take its images, classes or texts, and stages.
    ///
    /// # Errors
    /// [`Error::InvalidSampler`], which names what differs with both values; those of
    /// [`check`](Self::check) about the guide.
    pub fn check_guide(&self, guide: &Self) -> Result<()> {
        guide.check()?;
        let facts = |of: &Self| {
            [
                ("channels", of.model.in_channels),
                ("pixels a patch", of.model.patch_size),
                ("classes", of.model.num_classes),
                ("features of text", of.model.cross_attention_dim.unwrap_or(0)),
                ("stages", of.cascade.stages),
                ("training timesteps", of.cascade.train_timesteps),
            ]
        };
        check_guide(facts(guide), facts(self))?;
        let [guides, models] = [guide, self].map(|of| of.class_names.iter().flatten());
        match guides.zip(models).enumerate().find(|(_, (guides, models))| guides != models) {
            Some((class, (guides, models))) => {
                let reason = format!(
                    "class {class} is {} to the guide and {} to the model; take another checkpoint \
                     of the same model",
                    excerpt(guides),
                    excerpt(models)
                );
                Err(Error::InvalidSampler { reason })
            }
            None => Ok(()),
        }
    }
}
