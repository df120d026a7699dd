//! Section `[lora]`.

use super::Setting;
use crate::config::rule::require;
use crate::config::setting::{section, with_defaults};
use crate::optimizer::UpdateRule;

/// What matrices of a block are called, and what they are in.
const PARTS: [&str; 9] =
    ["attn1", "attn2", "mlp", "q_proj", "k_proj", "v_proj", "o_proj", "fc1", "fc2"];

section! {
    /// Low-rank adapters (LoRA, arXiv 2106.09685): instead of all weights of train.initial_weights, thin matrices whose
    /// product is added to those of the blocks learn, and with them the table of classes where
    /// train.initial_classes gives it others. A text encoder stays as it is. Checkpoints have the adapter and the whole model with it.
    struct LoraConfig {
        /// Columns and rows of the products; 0 trains all weights.
        rank: usize = 0 where |c| {
            let (rank, width) = (c.lora.rank, c.model.width());
            require(rank <= width, format!("it is at most the width of the model ({width})"))?;
            require(
                rank == 0 || !c.train.initial_weights.is_empty(),
                "set train.initial_weights to what is adapted, or rank to 0 to train all weights",
            )?;
            require(
                rank == 0 || c.train.optimizer == UpdateRule::AdamW,
                "with train.optimizer = \"muon\", which is for whole matrices, it must be 0",
            )
        };
        /// A product counts alpha / rank.
        alpha: f64 = 16.0 where |c| {
            require(c.lora.alpha.is_finite() && c.lora.alpha > 0.0, "it must be above 0, such as 16")
        };
        /// Parts of the blocks whose matrices have a product.
        targets: Vec<String> = ["attn1", "attn2", "mlp"] where |c| {
            let targets = &c.lora.targets;
            require(
                !targets.is_empty() && targets.iter().all(|target| PARTS.contains(&target.as_str())),
                format!("some of {}", PARTS.join(", ")),
            )?;
            // Only text models have a second attention.
            let is_text = c.model.cross_attention_dim.is_some();
            require(
                is_text || targets.iter().any(|target| target != "attn2"),
                "a class model has no attn2; take attn1 or mlp",
            )
        };
    }
}

impl LoraConfig {
    /// Whether adapters learn, and not all weights.
    pub fn is_on(&self) -> bool {
        self.rank > 0
    }
}

impl Default for LoraConfig {
    fn default() -> Self {
        with_defaults(Self::SETTINGS)
    }
}
