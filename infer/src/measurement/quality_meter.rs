//! Measuring images that somebody else draws, batch by batch: the moving average in training.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use pixelflow_dataset::{Source, Transform};
use pixelflow_evaluation::Protocol;
use pixelflow_host::device::{Device, available_memory};
use pixelflow_host::interrupt::Interrupt;
use serde::{Deserialize, Serialize};

use super::compare::{Reference, compare};
use super::drawn_images::DrawnImages;
use super::feature_cache::gather_kept;
use super::gathered::{Gathered, Gathering, Keep};
use super::metric::{Metric, MetricKind};
use super::network::{Network, NetworkFile};
use super::scaled_images::ScaledImages;
use super::side::Side;
use crate::Result;
use crate::arguments::{MetricGroup, NetworkArguments};

/// What a quality meter measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QualityMetric {
    /// FD or FID.
    Frechet,
    /// KID with its standard error; it needs the real images themselves.
    Kernel,
}

/// What drawn images are compared with.
pub enum RealImages {
    /// What `infer evaluate` takes: a folder, a tar or an `.npz`, of images or their statistics.
    Path(PathBuf),
    /// Records of a data set.
    Records {
        /// What messages call them.
        name: String,
        /// The records.
        source: Arc<dyn Source>,
        /// How they are brought to size; nothing about it is random.
        transform: Transform,
    },
}

/// How images are measured; [`prepare`](Self::prepare) opens everything.
pub struct QualityMeterConfig {
    /// What they are compared with.
    pub real: RealImages,
    /// The setting that names it, for messages.
    pub argument: &'static str,
    /// The weights of Inception-v3; of the shipped EfficientNet-Lite0 if none are named.
    pub inception: Option<PathBuf>,
    /// What is measured.
    pub metrics: Vec<QualityMetric>,
    /// Images a measurement.
    pub images: usize,
    /// Images that the network takes at once.
    pub batch: usize,
}

/// A quality meter whose files are opened; nothing is computed yet.
pub struct PreparedMeter {
    network: NetworkFile,
    reference: Side,
    groups: Vec<MetricGroup>,
    images: usize,
    batch: usize,
}

/// Compares images with real ones, which it has looked at once.
pub struct QualityMeter {
    network: Box<dyn Network>,
    reference: Reference,
    groups: Vec<MetricGroup>,
    keep: Keep,
    images: usize,
}

/// A measurement under way.
pub struct Measurement<'a> {
    meter: &'a QualityMeter,
    gathering: Gathering,
    taken: usize,
}

/// A number that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct QualityScore {
    /// Its name in JSON, such as `fd_efflite0`.
    pub key: String,
    /// Its name for people, such as `FD-EffLite0`.
    pub name: String,
    /// The number; less is better.
    pub value: f64,
    /// How sure it is, where that is known.
    pub standard_error: Option<f64>,
}

impl QualityMeterConfig {
    /// Opens the real images and the network, by the same protocol as `infer evaluate` unless told otherwise.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`] for files that are not there or hold something else; [`crate::Error::Argument`] for too few
    /// real images, statistics where images are needed, and features that do not fit in memory.
    pub fn prepare(self) -> Result<PreparedMeter> {
        let Self { real, argument, inception, metrics, images, batch } = self;
        let arguments = NetworkArguments { inception, dinov2: None, protocol: Protocol::Adm };
        let network = NetworkFile::find(&arguments)?;
        let reference = match real {
            RealImages::Path(path) => Side::open(argument, &path)?,
            RealImages::Records { name, source, transform } => {
                let images = Box::new(ScaledImages::new(source, transform));
                Side::of_images(argument, PathBuf::from(name), images)?
            }
        };
        reference.must_match(&network.identity)?;
        let group = |metric: &QualityMetric| match metric {
            QualityMetric::Frechet => MetricGroup::Frechet,
            QualityMetric::Kernel => MetricGroup::Kernel,
        };
        let groups: Vec<MetricGroup> = metrics.iter().map(group).collect();
        let meter = PreparedMeter { network, reference, groups, images, batch };
        meter.check_features()?;
        Ok(meter)
    }
}

impl PreparedMeter {
    /// What is kept of images.
    fn keep(&self) -> Keep {
        Keep { features: self.groups.contains(&MetricGroup::Kernel), score: false }
    }

    /// KID needs the features of all images, and room for them.
    fn check_features(&self) -> Result<()> {
        if !self.keep().features {
            return Ok(());
        }
        let advice = "or measure \"frechet\" alone, which needs only statistics";
        let Some(real) = self.reference.images() else {
            let reason =
                format!("it has statistics, and \"kernel\" needs the images: name those, {advice}");
            return Err(self.reference.problem(&reason));
        };
        let images = real.len().saturating_add(self.images);
        let needed = (images * self.network.identity.kind.columns() * size_of::<f32>()) as u64;
        match available_memory() {
            Some(free) if needed > free => Err(self.reference.problem(&format!(
                "the features of {images} images, drawn ones among them, take {:.1} GB, and {:.1} GB are free: name \
                 fewer, {advice}",
                needed as f64 / 1e9,
                free as f64 / 1e9
            ))),
            _ => Ok(()),
        }
    }

    /// The name of the network.
    pub fn network(&self) -> &'static str {
        self.network.identity.kind.name()
    }

    /// Loads the network to a device and looks at the real images, or finds what it saw of them in the cache;
    /// `None` after Ctrl-C.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`] for weights that do not fit and images that cannot be read.
    pub fn begin(self, device: Device, interrupt: &Interrupt) -> Result<Option<QualityMeter>> {
        let keep = self.keep();
        let Self { network, reference, groups, images, batch } = self;
        let network = network.load(batch, device)?;
        let gathered = match reference.statistics() {
            Some(statistics) => Some(Gathered::of_statistics(statistics.clone())),
            None => gather_kept(&reference, &*network, keep, "real images", interrupt)?
                .map(|(gathered, _)| gathered),
        };
        let Some(gathered) = gathered else { return Ok(None) };
        let reference = Reference::new(gathered, &groups)?;
        Ok(Some(QualityMeter { network, reference, groups, keep, images }))
    }
}

impl QualityMeter {
    /// Begins a measurement.
    pub fn begin(&self) -> Measurement<'_> {
        let gathering = Gathering::empty(&*self.network, self.images, self.keep);
        Measurement { meter: self, gathering, taken: 0 }
    }
}

impl Measurement<'_> {
    /// Adds the next images.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`] where the network makes no finite features of them.
    pub fn add(&mut self, images: Vec<RgbImage>) -> Result<()> {
        let (first, count) = (self.taken, images.len());
        let gathering = &mut self.gathering;
        self.meter.network.extract(&DrawnImages(images), 0..count, &mut |batch| {
            gathering.add(first + batch.images.start, &batch)?;
            Ok(ControlFlow::Continue(()))
        })?;
        self.taken += count;
        Ok(())
    }

    /// Makes numbers of all images; `None` after Ctrl-C.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`].
    pub fn finish(self, interrupt: &Interrupt) -> Result<Option<Vec<QualityScore>>> {
        let QualityMeter { network, reference, groups, .. } = self.meter;
        let identity = network.identity();
        let gathered = self.gathering.finish()?;
        let metrics = compare(&gathered, reference, None, groups, identity.protocol, interrupt)?;
        let Some(metrics) = metrics else { return Ok(None) };
        // sFID comes along where both sides have it.
        let is_wanted = |(kinds, _): &&(Vec<MetricKind>, String)| *kinds != [MetricKind::Spatial];
        if let Some((_, reason)) = metrics.left_out.iter().find(is_wanted) {
            let reason = reason.clone();
            return Err(pixelflow_evaluation::Error::Statistics { reason }.into());
        }
        let score = |metric: &Metric| QualityScore {
            key: metric.kind.key(identity.kind),
            name: metric.kind.name(identity.kind),
            value: metric.value,
            standard_error: metric.standard_error,
        };
        Ok(Some(metrics.values.iter().map(score).collect()))
    }
}
