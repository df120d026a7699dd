//! The public evaluators whose layouts are known.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A public evaluator's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayoutArgument {
    /// `GenEval`: `00000/metadata.jsonl`, `00000/samples/0000.png`.
    Geneval,
    /// DPG-Bench: `ID.png`, four images in a square.
    Dpg,
    /// T2I-CompBench: `samples/PROMPT_000000.png`.
    #[value(name = "t2i-compbench")]
    T2iCompbench,
    /// MS-COCO captions for FID and CLIP scores: `000000391895.png`.
    Coco,
}
