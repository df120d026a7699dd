//! `adapter_config.json`, as PEFT writes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AdapterBase;

/// What an adapter's tensors do not say of it, under PEFT's names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdapterConfig {
    /// `LORA`.
    #[serde(default = "lora")]
    pub peft_type: String,
    /// Rank of the products.
    pub r: usize,
    /// Products count this over the rank.
    pub lora_alpha: f64,
    /// Modules whose matrices have a product.
    #[serde(default)]
    pub target_modules: Value,
    /// Modules that the file has whole: the table of classes.
    #[serde(default)]
    pub modules_to_save: Option<Vec<String>>,
    /// Whether products count over the root of the rank instead (arXiv 2312.03732).
    #[serde(default)]
    pub use_rslora: bool,
    /// Whether magnitudes are learned apart (arXiv 2402.09353), which is not known here.
    #[serde(default)]
    pub use_dora: bool,
    /// Whether the file has its matrices transposed, which is not known here.
    #[serde(default)]
    pub fan_in_fan_out: bool,
    /// `none`: biases are the model's.
    #[serde(default = "none")]
    pub bias: String,
    /// Alphas of single modules, which are not known here.
    #[serde(default)]
    pub alpha_pattern: Value,
    /// Ranks of single modules.
    #[serde(default)]
    pub rank_pattern: Value,
    /// The name of the model that it was trained on.
    #[serde(default)]
    pub base_model_name_or_path: Option<String>,
    /// Names of the classes of a table in the file; ours, PEFT passes over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// The model that it was trained on; in the metadata of the file of its tensors.
    #[serde(skip)]
    pub base: Option<AdapterBase>,
}

fn lora() -> String {
    "LORA".to_owned()
}

fn none() -> String {
    "none".to_owned()
}

impl AdapterConfig {
    /// That of an adapter of ours.
    pub fn new(r: usize, lora_alpha: f64, targets: &[String]) -> Self {
        Self {
            peft_type: lora(),
            r,
            lora_alpha,
            target_modules: targets.into(),
            modules_to_save: None,
            use_rslora: false,
            use_dora: false,
            fan_in_fan_out: false,
            bias: none(),
            alpha_pattern: Value::Object(serde_json::Map::new()),
            rank_pattern: Value::Object(serde_json::Map::new()),
            base_model_name_or_path: None,
            class_names: None,
            base: None,
        }
    }

    /// The same, trained on a model.
    #[must_use]
    pub fn trained_on(self, base: AdapterBase) -> Self {
        Self { base_model_name_or_path: Some(base.name.clone()), base: Some(base), ..self }
    }

    /// What of it cannot be done here, in words.
    pub(super) fn unknown(&self) -> Option<String> {
        let has_alphas = self.alpha_pattern.as_object().is_some_and(|alphas| !alphas.is_empty());
        let unknown = [
            (!self.peft_type.eq_ignore_ascii_case("lora"), "peft_type", self.peft_type.as_str()),
            (self.use_dora, "use_dora", "true"),
            (self.fan_in_fan_out, "fan_in_fan_out", "true"),
            (self.bias != "none", "bias", self.bias.as_str()),
            (has_alphas, "alpha_pattern", "not empty"),
            (!(self.lora_alpha.is_finite()), "lora_alpha", "not finite"),
            (self.r == 0, "r", "0"),
        ];
        let found = unknown.into_iter().find(|(is_unknown, ..)| *is_unknown)?;
        Some(format!("{} is {}, which is not known here", found.1, found.2))
    }

    /// Whether single modules may have ranks of their own.
    pub(super) fn has_ranks(&self) -> bool {
        self.rank_pattern.as_object().is_some_and(|ranks| !ranks.is_empty())
    }

    /// What a product of rank `rank` counts.
    pub(super) fn factor(&self, rank: usize) -> f64 {
        let rank = rank as f64;
        self.lora_alpha / if self.use_rslora { rank.sqrt() } else { rank }
    }
}
