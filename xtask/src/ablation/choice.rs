//! The choices that are compared.

/// The recipe as it is, with which the others are compared.
pub(super) const BASE: &str = "base";

/// A choice beyond the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Its name, by which its runs are kept.
    pub name: &'static str,
    /// What the page calls it.
    pub what: &'static str,
    /// Settings on top of the recipe; they say what is trained.
    pub settings: &'static [&'static str],
    /// Of the runs of the recipe as it is, the average of this relative width; the run's own if `None`.
    pub sigma_rel: Option<f64>,
}

impl Choice {
    /// What is done in few words.
    pub fn summary(&self) -> String {
        match self.sigma_rel {
            Some(sigma) => {
                format!("the average of relative width {sigma:.2} of the runs of {BASE}")
            }
            None => self.settings.join(" "),
        }
    }
}

/// All of them, the recipe as it is first.
pub fn choices() -> Vec<Choice> {
    let trained = |name, what, settings| Choice { name, what, settings, sigma_rel: None };
    let averaged =
        |name, what, sigma_rel| Choice { name, what, settings: &[], sigma_rel: Some(sigma_rel) };
    vec![
        // Its snapshots change nothing that is trained.
        trained(BASE, "the recipe as it is", &["averages.every=40"]),
        trained("end", "the end of a stage is predicted (JiT)", &["model.prediction=end"]),
        trained("logit-normal", "logit-normal timesteps", &["train.timesteps=logit-normal"]),
        trained("muon", "Muon for matrices", &["train.optimizer=muon"]),
        trained(
            "linear",
            "learning rate linear to zero",
            &["train.schedule=linear", "train.min_lr=0"],
        ),
        trained(
            "constant",
            "learning rate constant, as in the paper",
            &["train.schedule=constant"],
        ),
        trained("zclip", "spikes of the gradient clipped (ZClip)", &["train.spike_threshold=2.5"]),
        averaged("ema-0.05", "average made afterwards, width 0.05", 0.05),
        averaged("ema-0.10", "… width 0.10", 0.10),
        averaged("ema-0.15", "… width 0.15", 0.15),
        averaged("ema-0.25", "… width 0.25", 0.25),
    ]
}
