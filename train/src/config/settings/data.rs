//! Section `[data]` and the choices in it.

use std::path::PathBuf;

use pixelflow_dataset::source::{FolderConfig, HeldOut, IdxConfig, WebDatasetConfig};
use pixelflow_dataset::{Buckets, SourceConfig};

use super::{Choice, Kind, Setting, TrainConfig};
use crate::config::rule::{Verdict, require, within};
use crate::config::setting::{section, settings};

section! {
    /// The images and how they are brought to size.
    struct DataConfig {
        /// Side of the square training images in pixels, a multiple of patch_size * 2^(stages - 1).
        resolution: usize = 256 where |c| side(c, c.data.resolution);
        /// Sizes that images are brought to instead, such as [[256, 256], [192, 320], [320, 192]] (height and
        /// width; each side as above). An image goes to the sizes nearest to its aspect ratio; of several
        /// resolutions of one ratio, one that does not enlarge it is drawn each time. All are packed in one
        /// batch. Previews and the model's description keep data.resolution.
        #[serde(default)] // Runs from before this setting had squares only.
        buckets: Vec<[usize; 2]> = [] where buckets;
        /// Mirror every second image.
        flip: bool = true;
        /// Cut the square from the middle; otherwise at random.
        center_crop: bool = false;
        /// For random crops: how much longer than the resolution the shorter side is made, 1 to 8.
        expand_ratio: f64 = 1.125 where |c| within(c.data.expand_ratio, 1.0..=8.0);
        /// Stop at the first record that cannot be used (image, label or caption) instead of skipping it and
        /// naming it at the end.
        strict: bool = false;
        /// Batches made ahead, 0 to 1024.
        prefetch: usize = 4 where |c| within(c.data.prefetch, 0..=1024);
        /// Threads that decode images; 0 for one a processor core.
        threads: usize = 0 where |c| within(c.data.threads, 0..=1024);
        /// Memory for decoded images in MiB; 0 keeps none.
        cache_mib: u64 = 256 where |c| within(c.data.cache_mib, 0..=1 << 30);
    }
    with {
        /// The training images.
        pub source: SourceConfig,
        /// Images for validation, from a source of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub validation: Option<SourceConfig>,
        /// Images for validation, kept back from `source`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub held_out: Option<HeldOut>,
    }
}

/// The kinds of `data.source` and `data.validation`.
pub(super) const SOURCES: Choice = Choice {
    tag: "kind",
    default: "",
    kinds: &[
        Kind {
            name: "webdataset",
            documentation: "Tar files of images, labels and captions.",
            settings: settings! {
                <WebDatasetConfig>
                /// The tar files, in order; a folder stands for all .tar files in it, sorted.
                paths: Vec<PathBuf> = ["train.tar"];
                /// Field of .json that holds the label, a class name or a class index.
                #[serde(default)]
                label_field: String = "label";
                /// Field of .json that holds the caption, or a list of captions, if there is no .txt (each line
                /// of which is a caption); one of several is drawn for each example.
                #[serde(default)]
                caption_field: String = "caption";
                /// Look for no labels: every image has label 0.
                #[serde(default)]
                unlabelled: bool = false;
                /// Names of the classes in the order of their labels; otherwise the names found, sorted, as
                /// numbers if all are.
                #[serde(default)]
                classes: Option<Vec<String>> = None;
            },
        },
        Kind {
            name: "folder",
            documentation: "One folder a class.",
            settings: settings! {
                <FolderConfig>
                /// Folder of the class folders.
                path: PathBuf = "train";
                /// Names of the class folders in the order of their labels; otherwise all, sorted, as numbers if
                /// all are.
                #[serde(default)]
                classes: Option<Vec<String>> = None;
            },
        },
        Kind {
            name: "idx",
            documentation: "The format of MNIST.",
            settings: settings! {
                <IdxConfig>
                /// File of the images, with or without .gz.
                images: PathBuf = "train-images-idx3-ubyte.gz";
                /// File of the labels, with or without .gz.
                labels: PathBuf = "train-labels-idx1-ubyte.gz";
                /// Keep one grey channel instead of repeating it as red, green and blue.
                #[serde(default)]
                grey: bool = false;
                /// Names of the classes in the order of their labels; otherwise numbers.
                #[serde(default)]
                classes: Option<Vec<String>> = None;
            },
        },
    ],
};

/// The kinds of `data.held_out`.
pub(super) const HELD_OUT: Choice = Choice {
    tag: "rule",
    default: "",
    kinds: &[
        Kind {
            name: "first",
            documentation: "The first records.",
            settings: settings! {
                /// How many records are kept.
                count: usize = 1000;
            },
        },
        Kind {
            name: "last",
            documentation: "The last records.",
            settings: settings! {
                /// How many records are kept.
                count: usize = 1000;
            },
        },
        Kind {
            name: "every",
            documentation: "Records 0, 20, 40 …",
            settings: settings! {
                /// One record in how many is kept.
                step: usize = 20;
            },
        },
    ],
};

/// The longest side of an image, in pixels.
const MOST_SIDE: usize = 4096;

/// A side divides into patches at every stage, and once more into halves.
fn side(config: &TrainConfig, side: usize) -> Verdict {
    let (Ok(cascade), Ok(())) = (config.cascade.build(), config.model.check()) else {
        return Ok(()); // The rules of cascade and model say it.
    };
    let (patch, stages) = (config.model.patch_size.max(1), config.cascade.stages);
    let lowest = patch * cascade.reduction(0);
    // A training pair starts from the image at half its stage's resolution.
    let multiple = if patch.is_multiple_of(2) { lowest } else { 2 * lowest };
    let below = side.min(MOST_SIDE) / multiple * multiple;
    let is_far = below == 0 || side.saturating_sub(below) > multiple / 2;
    let nearest = if is_far && below + multiple <= MOST_SIDE { below + multiple } else { below };
    let advice = if nearest > 0 { format!("; {nearest} is the nearest") } else { String::new() };
    let fix = format!(
        "it must be a multiple of {multiple} (patch_size {patch}, {stages} stages), at most \
         {MOST_SIDE}{advice}"
    );
    require(side > 0 && side.is_multiple_of(multiple) && side <= MOST_SIDE, fix)
}

/// Every side of every size is one, and the sizes go together.
fn buckets(config: &TrainConfig) -> Verdict {
    let sizes = &config.data.buckets;
    for &length in sizes.iter().flatten() {
        side(config, length).map_err(|fix| format!("{length} does not fit: {fix}"))?;
    }
    if sizes.is_empty() {
        return Ok(());
    }
    Buckets::new(sizes.clone()).map(drop).map_err(|error| error.to_string())
}
