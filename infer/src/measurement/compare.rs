//! Metrics of samples beside a reference.

use pixelflow_evaluation::metrics::{
    FrechetReference, KernelConfig, density_and_coverage, frechet_to_infinity, kernel_distance,
    memorisation, precision_and_recall,
};
use pixelflow_evaluation::{Error as Unmeasurable, Features, Result as Measuring};
use pixelflow_host::interrupt::Interrupt;

use super::gathered::Gathered;
use super::metric::{MetricKind, Metrics};
use super::network::Identity;
use crate::Result;
use crate::arguments::MetricGroup;

/// Neighbours of density and coverage, as their authors have it.
const NEIGHBOURS: usize = 5;
/// Images of a subset of KID, at most, as `torch-fidelity` has it.
const KERNEL_SUBSET: usize = 1000;
/// Seed of the subsets of FD∞.
const INFINITY_SEED: u32 = 2020;
/// Copies that are named, at most.
const MOST_COPIES: usize = 100;

/// The reference, prepared for many comparisons.
pub struct Reference {
    gathered: Gathered,
    frechet: Option<FrechetReference>,
    spatial: Option<FrechetReference>,
}

/// Training images, and real ones that were not trained on.
pub struct KnownImages {
    /// What may have been learned by heart.
    pub train: Features,
    /// How near images come that were not.
    pub held_out: Features,
}

impl Reference {
    /// Prepares what the metrics need.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`] for damaged statistics.
    pub fn new(gathered: Gathered, metrics: &[MetricGroup]) -> Result<Self> {
        let is_wanted = |group| metrics.contains(&group);
        let distance = is_wanted(MetricGroup::Frechet);
        let any_distance = distance || is_wanted(MetricGroup::Infinity);
        let frechet = any_distance.then(|| FrechetReference::new(&gathered.moments)).transpose()?;
        let spatial = gathered.spatial.as_ref().filter(|_| distance);
        let spatial = spatial.map(FrechetReference::new).transpose()?;
        Ok(Self { gathered, frechet, spatial })
    }
}

/// Measures samples; `None` after Ctrl-C.
///
/// What cannot be measured for want of images is left out and named.
///
/// # Errors
/// [`crate::Error::Evaluation`] for all else.
pub fn compare(
    samples: &Gathered,
    reference: &Reference,
    known: Option<&KnownImages>,
    groups: &[MetricGroup],
    identity: &Identity,
    interrupt: &Interrupt,
) -> Result<Option<Metrics>> {
    let mut metrics = Metrics::default();
    for group in groups {
        if interrupt.is_wanted() {
            return Ok(None);
        }
        match group {
            MetricGroup::Frechet => distances(samples, reference, &mut metrics)?,
            MetricGroup::Score => score(samples, &mut metrics)?,
            MetricGroup::Kernel | MetricGroup::Neighbours | MetricGroup::Infinity => {
                of_features(*group, samples, reference, identity, &mut metrics)?;
            }
        }
    }
    if let Some(KnownImages { train, held_out }) = known {
        let kinds = [MetricKind::Memorisation];
        let Some(features) = &samples.features else {
            metrics.leave_out(&kinds, "SAMPLES has statistics, and it needs the images");
            return Ok(Some(metrics));
        };
        let Some(found) = attempt(memorisation(train, held_out, features), &kinds, &mut metrics)?
        else {
            return Ok(Some(metrics));
        };
        let (copies, threshold) = (found.copies.len(), found.threshold);
        let mut about = format!("{copies} samples nearer to a training image than {threshold:.3}");
        if let Some([sample, image]) = found.copies.first() {
            about += &format!("; first: sample {sample} and training image {image}");
        }
        metrics.add(MetricKind::Memorisation, found.share, None, about);
        metrics.copies = found.copies.into_iter().take(MOST_COPIES).collect();
    }
    Ok(Some(metrics))
}

/// FD or FID, and sFID where the network has its features.
fn distances(samples: &Gathered, reference: &Reference, metrics: &mut Metrics) -> Result<()> {
    if let Some(prepared) = &reference.frechet {
        metrics.add_plain(MetricKind::Frechet, prepared.distance(&samples.moments)?);
    }
    match (&samples.spatial, &reference.spatial) {
        (Some(samples), Some(reference)) => {
            metrics.add_plain(MetricKind::Spatial, reference.distance(samples)?);
        }
        (None, None) => {}
        _ => metrics.leave_out(&[MetricKind::Spatial], "a side has no mu_s and sigma_s"),
    }
    Ok(())
}

fn score(samples: &Gathered, metrics: &mut Metrics) -> Result<()> {
    let kinds = [MetricKind::Score];
    match &samples.score {
        None => Ok(()),
        Some(Ok(score)) => {
            let about = format!("standard deviation of the splits {:.4}", score.standard_deviation);
            metrics.add(MetricKind::Score, score.mean, None, about);
            Ok(())
        }
        Some(Err(Unmeasurable::TooFewImages { what, images, needed })) => {
            metrics.leave_out(&kinds, too_few(what, *images, *needed));
            Ok(())
        }
        Some(Err(error)) => {
            let reason = error.to_string();
            Err(Unmeasurable::Statistics { reason }.into())
        }
    }
}

/// Metrics that look at single images of either side.
fn of_features(
    group: MetricGroup,
    samples: &Gathered,
    reference: &Reference,
    identity: &Identity,
    metrics: &mut Metrics,
) -> Result<()> {
    let kinds: &[MetricKind] = match group {
        MetricGroup::Kernel => &[MetricKind::Kernel],
        MetricGroup::Infinity => &[MetricKind::Infinity],
        _ => {
            &[MetricKind::Precision, MetricKind::Recall, MetricKind::Density, MetricKind::Coverage]
        }
    };
    let Some(own) = &samples.features else {
        metrics.leave_out(kinds, "SAMPLES has statistics, and these need the images");
        return Ok(());
    };
    if let (MetricGroup::Infinity, Some(frechet)) = (group, &reference.frechet) {
        let found = frechet_to_infinity(own, frechet, own.rows() / 2, INFINITY_SEED);
        if let Some(line) = attempt(found, kinds, metrics)? {
            let about = format!("of {} to {} images", own.rows() / 2, own.rows());
            metrics.add(MetricKind::Infinity, line.value, Some(line.standard_error), about);
        }
        return Ok(());
    }
    let Some(real) = &reference.gathered.features else {
        metrics.leave_out(kinds, "REFERENCE has statistics, and these need the images");
        return Ok(());
    };
    if group == MetricGroup::Kernel {
        let fewest = own.rows().min(real.rows());
        // Subsets of all images would be one and the same, and say nothing of the error.
        let subset_size = if fewest >= KERNEL_SUBSET { KERNEL_SUBSET } else { fewest / 2 };
        let config = KernelConfig { subset_size: subset_size.max(2), ..KernelConfig::default() };
        if let Some(found) = attempt(kernel_distance(own, real, &config), kinds, metrics)? {
            let about = format!("{} subsets of {} images", config.subsets, config.subset_size);
            metrics.add(MetricKind::Kernel, found.mean, found.standard_error, about);
        }
        return Ok(());
    }
    let (protocol, mut about) = (identity.protocol, String::new());
    let few = match protocol.most_reference_images() {
        Some(most) if most < real.rows() => {
            about = format!("of the first {most} images of REFERENCE");
            Some(real.range(0..most))
        }
        _ => None,
    };
    let real = few.as_ref().unwrap_or(real);
    let found = precision_and_recall(real, own, protocol.neighbours());
    if let Some(found) = attempt(found, &kinds[..2], metrics)? {
        metrics.add(MetricKind::Precision, found.precision, None, about.clone());
        metrics.add(MetricKind::Recall, found.recall, None, about.clone());
    }
    let found = density_and_coverage(real, own, NEIGHBOURS);
    if let Some(found) = attempt(found, &kinds[2..], metrics)? {
        metrics.add(MetricKind::Density, found.density, None, about.clone());
        metrics.add(MetricKind::Coverage, found.coverage, None, about);
    }
    Ok(())
}

/// The value of metrics; leaves them out if there are too few images.
fn attempt<T>(
    found: Measuring<T>,
    kinds: &[MetricKind],
    metrics: &mut Metrics,
) -> Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(Unmeasurable::TooFewImages { what, images, needed }) => {
            metrics.leave_out(kinds, too_few(what, images, needed));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn too_few(what: &str, images: usize, needed: usize) -> String {
    format!("{what} needs {needed} images or more, and there are {images}")
}
