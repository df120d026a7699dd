//! Sections `[checkpoint]`, `[validation]`, `[preview]` and `[log]`: what is seen and kept of a run.

use pixelflow::sampler::SamplerConfig;

use super::Setting;
use crate::config::cadence::Cadence;
use crate::config::rule::{require, within};
use crate::config::setting::{section, with_defaults};

section! {
    /// When the state is saved, and what is kept.
    struct CheckpointConfig {
        /// Steps between checkpoints; 0 saves only when the run ends or is interrupted.
        every: Cadence = 1000;
        /// Newest checkpoints that are kept, at least 1.
        keep_last: usize = 3 where |c| {
            require(c.checkpoint.keep_last >= 1, "keep at least 1 checkpoint")
        };
        /// Checkpoints at multiples of this many steps are kept for ever; 0 for none.
        milestone_every: Cadence = 0;
    }
}

section! {
    /// Averages of the weights whose width is chosen after training (arXiv 2312.02696): `train ema` makes one of any
    /// width. They cost twice the memory of the weights, and time for both.
    struct AveragesConfig {
        /// Steps between two snapshots of both averages, in f16: as many bytes as the weights have. 0 keeps none.
        /// The paper takes 1 % to 2 % of the run.
        every: Cadence = 0;
        /// Their relative standard deviations, the smaller one first: as a share of the steps until then.
        sigma_rel: [f64; 2] = [0.05, 0.1] where |c| {
            let [narrow, wide] = c.averages.sigma_rel;
            require(
                narrow >= 0.01 && wide >= narrow + 0.01 && wide <= 0.25,
                "two numbers of 0.01 to 0.25, the smaller one first and 0.01 or more between them, such as [0.05, 0.1]",
            )
        };
    }
}

impl AveragesConfig {
    /// The relative standard deviations of the averages that are kept; `None` if none are.
    pub fn kept(&self) -> Option<[f64; 2]> {
        (!self.every.is_never()).then_some(self.sigma_rel)
    }
}

impl Default for AveragesConfig {
    fn default() -> Self {
        with_defaults(Self::SETTINGS)
    }
}

section! {
    /// Loss per stage on images held out from training; needs data.validation or data.held_out.
    struct ValidationConfig {
        /// Steps between validations; 0 for none.
        every: Cadence = 1000;
        /// Batches of batch_size images; the same ones each time.
        batches: u64 = 8 where |c| require(
            c.validation.batches >= 1 || c.validation.every.is_never(),
            "validate on at least 1 batch, or set validation.every to 0",
        );
    }
}

section! {
    /// A grid of images from the moving average: one row a class or caption, the same seeds each time.
    struct PreviewConfig {
        /// Steps between previews; 0 for none.
        every: Cadence = 1000;
        /// Images a class or caption: the columns of the grid.
        images_per_class: usize = 4 where |c| {
            within(c.preview.images_per_class, 1..=256)?;
            let rows = match c.model.num_classes {
                0 => c.preview.max_classes,
                classes => c.preview.max_classes.min(classes),
            };
            // Small images are shown larger.
            let pixels = (rows.clamp(1, 256) * c.data.resolution.clamp(64, 4096).pow(2)).max(1);
            let most = (1 << 28) / pixels;
            let fix = format!("with {rows} rows of this data.resolution it is at most {most}");
            require(c.preview.every.is_never() || c.preview.images_per_class <= most, fix)
        };
        /// Classes or captions that are shown at most, evenly spread: the rows of the grid.
        max_classes: usize = 16 where |c| within(c.preview.max_classes, 1..=256);
        /// Seed of the images.
        seed: u64 = 0;
    }
    with {
        /// How the images are generated.
        pub sampler: SamplerConfig,
    }
}

section! {
    /// Metrics.
    struct LogConfig {
        /// Steps between two records of metrics; each is the mean over the steps since the last.
        every: Cadence = 10;
    }
}
