//! `--dry-run`: what a run would need, before anything is allocated.

use pixelflow::memory::{TrainingBytes, TrainingMemory};
use pixelflow::ops::{AttentionForm, PixelFlowBackend};
use pixelflow::text::T5Config;
use pixelflow::{PixelFlowConfig, Prediction};
use pixelflow_host::device::OnBackend;

use crate::config::{CheckedConfig, JointConfig, TextConfig, TrainConfig};
use crate::initial_weights::InitialClasses;
use crate::optimizer::UpdateRule;

/// Whether a device's attention has scores in memory.
pub(crate) struct ScoresInMemory<'a>(pub(crate) &'a CheckedConfig);

impl OnBackend for ScoresInMemory<'_> {
    type Output = bool;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> bool {
        let settings = self.0.settings();
        let (head_dim, dtype) =
            (settings.model.attention_head_dim, settings.train.precision.dtype());
        B::attention_form(head_dim, dtype, &device) == AttentionForm::Portable
    }
}

/// What a run needs, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// Tokens of the examples of a batch that is computed at once, the longest first.
    pub lengths: Vec<usize>,
    /// Parameters of the model.
    pub parameters: u64,
    /// What its output is read as.
    pub prediction: Prediction,
    /// Bytes of a step.
    pub bytes: TrainingBytes,
    /// Bytes that are free.
    pub available: Option<u64>,
    /// If they are too few: settings with which they are not, and what those need.
    pub advice: Option<(String, u64)>,
}

impl DryRun {
    /// Computes what a run with these settings needs.
    ///
    /// `scores_in_memory` says whether the device has attention without scores in memory.
    pub fn new(config: &CheckedConfig, scores_in_memory: bool, available: Option<u64>) -> Self {
        Self::of_ranks(1, config, scores_in_memory, available)
    }

    /// The same for the first of so many ranks, which needs the most.
    pub fn of_ranks(
        ranks: usize,
        config: &CheckedConfig,
        scores_in_memory: bool,
        available: Option<u64>,
    ) -> Self {
        let settings = config.settings();
        let model = &settings.model;
        let element = settings.train.precision.bytes();
        let memory = |recompute| TrainingMemory { element, recompute, scores_in_memory };
        let encoder = text_encoder(settings.text.as_ref());
        let bytes = |recompute, images: usize| {
            let memory = memory(recompute);
            let bytes = memory.bytes(model, &lengths(config, images));
            let mut bytes = match &encoder {
                Some((encoder, tokens)) => {
                    bytes.with_text_encoder(memory, encoder, [images, *tokens])
                }
                None => bytes,
            };
            let averages = 1 + settings.averages.kept().map_or(0, |kept| kept.len() as u64);
            bytes.average *= averages;
            if settings.train.optimizer == UpdateRule::Muon {
                // A momentum alone for the blocks' matrices, which are nearly all that the blocks have.
                let without = PixelFlowConfig { depth: 0, ..model.clone() };
                bytes.moments -= 4 * (model.parameters() - without.parameters());
            }
            if settings.lora.is_on() {
                // What was there before stays beside what it becomes; the rest is of what learns.
                let learning = 4 * adapter_parameters(settings);
                bytes.weights += 4 * model.parameters();
                bytes.moments = 2 * learning;
                bytes.average = learning + (averages - 1) * 4 * model.parameters();
            }
            if settings.ranks.shard_optimizer {
                // The averages of other widths are the first rank's.
                let widths = bytes.average / averages * (averages - 1);
                bytes.average = widths + (bytes.average - widths).div_ceil(ranks as u64);
                bytes.moments = bytes.moments.div_ceil(ranks as u64);
            }
            // The sum of the parts before; among ranks, what each owns of it.
            let parts = settings.train.batch_size / images;
            bytes.held = if parts > 1 { bytes.gradients.div_ceil(ranks as u64) } else { 0 };
            bytes
        };
        let images = config.micro_batch();
        let now = bytes(settings.train.recompute_activations, images);
        let fits = |bytes: &TrainingBytes| available.is_none_or(|free| bytes.peak() <= free);
        let advice = (!fits(&now)).then(|| {
            let batch = settings.train.batch_size;
            let parts = (ranks..=batch).filter(|parts| batch.is_multiple_of(*parts));
            let choices = [false, true]
                .into_iter()
                .flat_map(|recompute| parts.clone().map(move |parts| (parts, recompute)));
            // The fewest parts; computing again only where that does not help.
            choices
                .map(|(parts, recompute)| (parts, recompute, bytes(recompute, batch / parts)))
                .filter(|(_, _, bytes)| fits(bytes))
                .min_by_key(|&(parts, recompute, _)| (parts, recompute))
                .map(|(parts, recompute, bytes)| {
                    let text = format!(
                        "--set train.gradient_accumulation={parts} \
                         --set train.recompute_activations={recompute}"
                    );
                    (text, bytes.peak())
                })
        });
        Self {
            lengths: lengths(config, images),
            parameters: model.parameters() + encoder.map_or(0, |(encoder, _)| encoder.parameters()),
            prediction: model.prediction,
            bytes: now,
            available,
            advice: advice.flatten(),
        }
    }

    /// Whether there is enough memory, as far as is known.
    pub fn fits(&self) -> bool {
        self.available.is_none_or(|free| self.bytes.peak() <= free)
    }
}

/// Parameters of the adapters: thin matrices, and the table of classes if it is another than that of the initial
/// weights.
pub(crate) fn adapter_parameters(settings: &TrainConfig) -> u64 {
    let model = &settings.model;
    let (rank, width) = (settings.lora.rank as u64, model.width() as u64);
    let has = |names: &[&str]| {
        settings.lora.targets.iter().any(|target| names.contains(&target.as_str()))
    };
    // Inputs and outputs of the matrices of a block.
    let mut sides = 0;
    for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
        let states = model.cross_attention_dim.unwrap_or(0) as u64;
        let inputs = if ["k_proj", "v_proj"].contains(&name) { states } else { width };
        sides += if has(&["attn1", name]) { 2 * width } else { 0 };
        let is_text = model.cross_attention_dim.is_some();
        sides += if is_text && has(&["attn2", name]) { inputs + width } else { 0 };
    }
    for name in ["fc1", "fc2"] {
        sides += if has(&["mlp", name]) { 5 * width } else { 0 };
    }
    let has_table = settings.train.initial_classes != InitialClasses::Same;
    let table = if has_table { (model.num_classes as u64 + 1) * width } else { 0 };
    model.depth as u64 * rank * sides + table
}

/// The text encoder that learns too, and the tokens of a caption: as many as there may be of both, since
/// the captions have not been read.
fn text_encoder(text: Option<&TextConfig>) -> Option<(T5Config, usize)> {
    match text {
        Some(&TextConfig::Joint(JointConfig { width, layers, vocabulary, max_tokens })) => {
            Some((T5Config::small(width, layers, vocabulary), max_tokens))
        }
        Some(TextConfig::States(_)) | None => None,
    }
}

/// Tokens of the examples of a batch, balanced over the stages, of which the highest gets the rest.
fn lengths(config: &CheckedConfig, images: usize) -> Vec<usize> {
    let settings = config.settings();
    let patch = settings.model.patch_size;
    // Of several sizes, any may be all of a batch: the largest counts.
    let square = [settings.data.resolution; 2];
    let pixels = |size: &&[usize; 2]| size.iter().product::<usize>();
    let [full_height, full_width] =
        *settings.data.buckets.iter().max_by_key(pixels).unwrap_or(&square);
    let stages = config.cascade().stages().len();
    let of_stage = |stage: usize| {
        let (height, width) = config.cascade().sides(stage, full_height, full_width);
        let count = images / stages + usize::from(stages - 1 - stage < images % stages);
        vec![(height / patch) * (width / patch); count]
    };
    (0..stages).rev().flat_map(of_stage).collect()
}

/// A table, and what to do if it does not fit.
impl std::fmt::Display for DryRun {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TrainingBytes { weights, moments, average, gradients, held, activations, passing } =
            self.bytes;
        let tokens: usize = self.lengths.iter().sum();
        let predicted = match self.prediction {
            Prediction::Velocity => "",
            Prediction::End => " that predict the ends of the stages",
        };
        writeln!(
            formatter,
            "{:.1} million parameters{predicted}; {} images of {tokens} tokens at once",
            self.parameters as f64 / 1e6,
            self.lengths.len()
        )?;
        let rows = [
            ("weights", weights),
            ("optimiser", moments),
            ("averages", average),
            ("gradients", gradients),
            ("their sum", held),
            ("activations", activations),
            ("passing", passing),
            ("most at once", self.bytes.peak()),
        ];
        for (name, bytes) in rows {
            writeln!(formatter, "  {name:<16} {:>10}", gigabytes(bytes))?;
        }
        match (self.available, self.fits(), &self.advice) {
            (None, _, _) => write!(
                formatter,
                "how much memory the device has is not known here; --memory GB compares"
            ),
            (Some(free), true, _) => write!(formatter, "fits: {} are free", gigabytes(free)),
            (Some(free), false, Some((advice, peak))) => write!(
                formatter,
                "does not fit: {} are free; this does, with {}:\n  {advice}",
                gigabytes(free),
                gigabytes(*peak)
            ),
            (Some(free), false, None) => write!(
                formatter,
                "does not fit: {} are free, and no way of cutting the batch helps; \
                 take a smaller model (model.preset) or a lower data.resolution",
                gigabytes(free)
            ),
        }
    }
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(batch: usize) -> CheckedConfig {
        let batch = format!("train.batch_size={batch}");
        TrainConfig::of(&["model.preset=xl", "data.resolution=256", &batch]).check().unwrap()
    }

    #[test]
    fn batches_are_balanced_and_the_rest_is_of_the_highest_stage() {
        assert_eq!(lengths(&config(4), 4), [4096, 1024, 256, 64]);
        assert_eq!(lengths(&config(6), 6), [4096, 4096, 1024, 1024, 256, 64]);
    }

    #[test]
    fn a_text_encoder_that_learns_too_is_counted() {
        let joint = TrainConfig::of(&[
            "model.preset=tiny",
            "model.num_classes=0",
            "model.cross_attention_dim=64",
            r#"text={ kind = "joint", width = 64, layers = 2, vocabulary = 100 }"#,
        ])
        .check()
        .unwrap();
        let run = DryRun::new(&joint, false, None);
        let encoder = T5Config::small(64, 2, 100).parameters();
        let model = joint.settings().model.parameters();
        assert_eq!(run.parameters, model + encoder);
        assert_eq!(run.bytes.weights, 4 * run.parameters);
    }

    #[test]
    fn averages_and_muon_are_counted() {
        let bytes = |more: &[&str]| {
            let config =
                TrainConfig::of(&[&["model.preset=xl", "data.resolution=256"], more].concat());
            DryRun::new(&config.check().unwrap(), false, None).bytes
        };
        let (plain, averages) = (bytes(&[]), bytes(&["averages.every=1000"]));
        assert_eq!(averages.average, 3 * plain.average);
        // Of 677 million parameters 28 blocks have 624.
        let muon = bytes(&["train.optimizer=muon"]);
        let share = muon.moments as f64 / plain.moments as f64;
        assert!((0.5..0.56).contains(&share), "{share}");
    }

    #[test]
    fn ranks_share_the_optimiser_and_the_parts() {
        let bytes = |ranks, more: &[&str]| {
            let settings = [
                "model.preset=xl",
                "data.resolution=256",
                "train.batch_size=16",
                "train.gradient_accumulation=4",
            ];
            let config = TrainConfig::of(&[&settings, more].concat()).check().unwrap();
            DryRun::of_ranks(ranks, &config, false, None).bytes
        };
        let alone = bytes(1, &[]);
        assert_eq!(alone.held, alone.gradients);
        let four = bytes(4, &[]);
        assert_eq!((four.held, four.moments), (alone.gradients / 4, alone.moments));
        let sharded = bytes(4, &["ranks.shard_optimizer=true"]);
        assert_eq!(sharded.moments, alone.moments / 4);
        assert_eq!(sharded.average, alone.average / 4);
        assert_eq!(sharded.weights, alone.weights);
        println!("XL, four images a rank: {} and {} bytes", four.peak(), sharded.peak());
    }

    #[test]
    fn of_adapters_only_what_learns_has_moments() {
        let path = r#"train.initial_weights="base""#;
        let settings = ["model.preset=xl", "data.resolution=256", path, "lora.rank=16"];
        let config = |more: &[&str]| TrainConfig::of(&[&settings, more].concat()).check().unwrap();
        let (all, thin) = (config(&["lora.rank=0"]), config(&[]));
        let [all, thin] = [&all, &thin].map(|config| DryRun::new(config, false, None).bytes);
        assert_eq!((thin.weights, thin.gradients), (2 * all.weights, all.gradients));
        // 1.4 % of the weights.
        assert!(thin.moments < all.moments / 50, "{} of {}", thin.moments, all.moments);
        assert!(thin.peak() < all.peak(), "{} and {}", thin.peak(), all.peak());
    }

    #[test]
    fn xl_fits_80_gb_as_it_is_and_24_gb_with_the_advice() {
        let large = DryRun::new(&config(4), true, Some(80_000_000_000));
        assert!(large.fits() && large.advice.is_none(), "{large}");
        let small = DryRun::new(&config(4), true, Some(24_000_000_000));
        let text = small.to_string();
        assert!(!small.fits(), "{text}");
        assert!(text.contains("train.recompute_activations=true"), "{text}");
        let tiny = DryRun::new(&config(4), true, Some(1_000_000_000)).to_string();
        assert!(tiny.contains("take a smaller model"), "{tiny}");
        let unknown = DryRun::new(&config(4), true, None).to_string();
        assert!(unknown.contains("676.6 million parameters; 4 images of 5440 tokens"), "{unknown}");
    }
}
