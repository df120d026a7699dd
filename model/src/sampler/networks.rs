//! The networks that a run asks.

use crate::ops::PixelFlowBackend;
use crate::{Error, PixelFlow, Result};

/// The model of a run, and what it is guided away from.
///
/// A model alone is guided away from what it draws without a condition. With a `guide`, a worse
/// version of itself (a younger checkpoint, a shorter average, a smaller model), the velocity is
/// `v_guide + g (v_model - v_guide)`, both under the same condition: autoguidance (Karras et al. 2024,
/// arXiv 2406.02507).
#[derive(Clone, Debug)]
pub struct Networks<B: PixelFlowBackend> {
    /// The model.
    pub model: PixelFlow<B>,
    /// What it is guided away from; `None` is itself, unconditionally.
    pub guide: Option<PixelFlow<B>>,
}

impl<B: PixelFlowBackend> From<&PixelFlow<B>> for Networks<B> {
    fn from(model: &PixelFlow<B>) -> Self {
        Self { model: model.clone(), guide: None }
    }
}

impl<B: PixelFlowBackend> From<&Networks<B>> for Networks<B> {
    fn from(networks: &Networks<B>) -> Self {
        networks.clone()
    }
}

impl<B: PixelFlowBackend> Networks<B> {
    /// The model is 0, its guide 1.
    pub(super) fn get(&self, network: usize) -> &PixelFlow<B> {
        match &self.guide {
            Some(guide) if network == 1 => guide,
            _ => &self.model,
        }
    }

    /// Refuses a guide that cannot take the model's states and conditions.
    pub(super) fn check(&self) -> Result<()> {
        let Some(guide) = &self.guide else { return Ok(()) };
        let facts = |network: &PixelFlow<B>| {
            [
                ("channels", network.channels()),
                ("pixels a patch", network.patch_size()),
                ("classes", network.classes()),
                ("features of text", network.text_width().unwrap_or(0)),
            ]
        };
        check_guide(facts(guide), facts(&self.model))
    }
}

/// Refuses a guide that differs from its model in one of the facts, which are told by name.
pub(crate) fn check_guide<const N: usize>(
    guide: [(&str, usize); N],
    model: [(&str, usize); N],
) -> Result<()> {
    for ((name, guides), (_, models)) in guide.into_iter().zip(model) {
        if guides != models {
            let reason = format!(
                "the guide has {guides} {name}, the model {models}; take another checkpoint of the \
                 same model"
            );
            return Err(Error::InvalidSampler { reason });
        }
    }
    Ok(())
}
