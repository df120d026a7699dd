//! Metrics of samples beside a reference.

use pixelflow_evaluation::metrics::{
    ClassProbe, FrechetReference, KernelConfig, Labelled, density_and_coverage,
    frechet_to_infinity, kernel_distance, memorisation, precision_and_recall,
};
use pixelflow_evaluation::{Error as Unmeasurable, Features, Protocol, Result as Measuring};
use pixelflow_host::interrupt::Interrupt;

use super::gathered::{Gathered, ImageClasses};
use super::metric::{MetricKind, Metrics};
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
    /// What reads classes; none where there are none, or it was not asked for.
    classes: Option<Measuring<ClassProbe>>,
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
        let classes = match (&gathered.features, &gathered.classes) {
            (Some(features), Some(classes)) if is_wanted(MetricGroup::Classes) => {
                let real = Labelled { features, labels: &classes.labels };
                Some(ClassProbe::fit(real, classes.count))
            }
            _ => None,
        };
        Ok(Self { gathered, frechet, spatial, classes })
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
    protocol: Protocol,
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
            MetricGroup::Kernel => kernel(samples, reference, &mut metrics)?,
            MetricGroup::Neighbours => neighbours(samples, reference, protocol, &mut metrics)?,
            MetricGroup::Classes => classes(samples, reference, &mut metrics)?,
            MetricGroup::Infinity => infinity(samples, reference, &mut metrics)?,
        }
    }
    if let Some(known) = known {
        copies(samples, known, &mut metrics)?;
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

/// FD∞ or FID∞, of growing shares of the samples.
fn infinity(samples: &Gathered, reference: &Reference, metrics: &mut Metrics) -> Result<()> {
    let kinds = [MetricKind::Infinity];
    let (Some(own), Some(frechet)) = (&samples.features, &reference.frechet) else {
        metrics.leave_out(&kinds, lacks_images("SAMPLES"));
        return Ok(());
    };
    let least = own.rows() / 2;
    let found = frechet_to_infinity(own, frechet, least, INFINITY_SEED);
    if let Some(line) = attempt(found, &kinds, metrics)? {
        let about = format!("of {least} to {} images", own.rows());
        metrics.add(MetricKind::Infinity, line.value, Some(line.standard_error), about);
    }
    Ok(())
}

/// KID.
fn kernel(samples: &Gathered, reference: &Reference, metrics: &mut Metrics) -> Result<()> {
    let kinds = [MetricKind::Kernel];
    let Some([own, real]) = pair(samples, reference, &kinds, metrics) else {
        return Ok(());
    };
    let fewest = own.rows().min(real.rows());
    // Subsets of all images would be one and the same, and say nothing of the error.
    let subset_size = if fewest >= KERNEL_SUBSET { KERNEL_SUBSET } else { (fewest / 2).max(2) };
    let config = KernelConfig { subset_size, ..KernelConfig::default() };
    if let Some(found) = attempt(kernel_distance(own, real, &config), &kinds, metrics)? {
        let about = format!("{} subsets of {subset_size} images", config.subsets);
        metrics.add(MetricKind::Kernel, found.mean, found.standard_error, about);
    }
    Ok(())
}

/// Precision and recall, density and coverage.
fn neighbours(
    samples: &Gathered,
    reference: &Reference,
    protocol: Protocol,
    metrics: &mut Metrics,
) -> Result<()> {
    let shares = [MetricKind::Precision, MetricKind::Recall];
    let fillings = [MetricKind::Density, MetricKind::Coverage];
    let kinds = [shares, fillings].concat();
    let Some([own, real]) = pair(samples, reference, &kinds, metrics) else {
        return Ok(());
    };
    let few = protocol.most_reference_images().filter(|&most| most < real.rows());
    let about = few.map_or_else(String::new, |few| format!("the first {few} of REFERENCE"));
    let few = few.map(|few| real.range(0..few));
    let real = few.as_ref().unwrap_or(real);
    let found = precision_and_recall(real, own, protocol.neighbours());
    if let Some(found) = attempt(found, &shares, metrics)? {
        metrics.add(MetricKind::Precision, found.precision, None, about.clone());
        metrics.add(MetricKind::Recall, found.recall, None, about.clone());
    }
    let found = density_and_coverage(real, own, NEIGHBOURS);
    if let Some(found) = attempt(found, &fillings, metrics)? {
        metrics.add(MetricKind::Density, found.density, None, about.clone());
        metrics.add(MetricKind::Coverage, found.coverage, None, about);
    }
    Ok(())
}

/// How often a probe reads off samples what they are said to show.
fn classes(samples: &Gathered, reference: &Reference, metrics: &mut Metrics) -> Result<()> {
    let kinds = [MetricKind::ClassAccuracy, MetricKind::RealClassAccuracy];
    let Some([own, _]) = pair(samples, reference, &kinds, metrics) else {
        return Ok(());
    };
    let sides = [(&samples.classes, "SAMPLES"), (&reference.gathered.classes, "REFERENCE")];
    if let Some((_, side)) = sides.iter().find(|(classes, _)| classes.is_none()) {
        metrics.leave_out(&kinds, format!("the images of {side} have no classes"));
        return Ok(());
    }
    let ([(Some(own_classes), _), (Some(real_classes), _)], Some(probe)) =
        (sides, &reference.classes)
    else {
        return Ok(());
    };
    let labels = match labels_of_reference(own_classes, real_classes) {
        Ok(labels) => labels,
        Err(reason) => {
            metrics.leave_out(&kinds, reason);
            return Ok(());
        }
    };
    let own = Labelled { features: own, labels: &labels };
    let found = match probe {
        Ok(probe) => probe.accuracy(own).map(|accuracy| (accuracy, probe.ceiling())),
        Err(error) => {
            metrics.leave_out(&kinds, error.to_string());
            return Ok(());
        }
    };
    if let Some((accuracy, (ceiling, unseen))) = attempt(found, &kinds, metrics)? {
        let about = format!("the ceiling: {unseen} images that the probe has not seen");
        metrics.add_plain(MetricKind::ClassAccuracy, accuracy);
        metrics.add(MetricKind::RealClassAccuracy, ceiling, None, about);
    }
    Ok(())
}

/// The samples' classes by the reference's numbers: classes go by name where both sides have names, which
/// folders sort otherwise than models do; else by number. `Err` says why they are not the same classes.
fn labels_of_reference(
    own: &ImageClasses,
    real: &ImageClasses,
) -> std::result::Result<Vec<usize>, String> {
    if own.count != real.count {
        return Err(format!("SAMPLES have {} classes and REFERENCE has {}", own.count, real.count));
    }
    if own.names.is_empty() || real.names.is_empty() {
        return Ok(own.labels.clone());
    }
    let number = |name: &String| {
        let same = real.names.iter().position(|other| other == name);
        same.ok_or_else(|| format!("SAMPLES have the class `{name}`, which REFERENCE has not"))
    };
    let numbers: Vec<usize> =
        own.names.iter().map(number).collect::<std::result::Result<_, _>>()?;
    Ok(own.labels.iter().map(|&label| numbers[label]).collect())
}

/// Samples that are nearer to training images than unseen real ones are.
fn copies(samples: &Gathered, known: &KnownImages, metrics: &mut Metrics) -> Result<()> {
    let kinds = [MetricKind::Memorisation];
    let Some(features) = &samples.features else {
        metrics.leave_out(&kinds, lacks_images("SAMPLES"));
        return Ok(());
    };
    let found = memorisation(&known.train, &known.held_out, features);
    if let Some(found) = attempt(found, &kinds, metrics)? {
        let (count, threshold) = (found.copies.len(), found.threshold);
        let first = found.copies.first().map_or_else(String::new, |[sample, image]| {
            format!("; first: sample {sample} and training image {image}")
        });
        let about =
            format!("{count} samples nearer to a training image than {threshold:.3}{first}");
        metrics.add(MetricKind::Memorisation, found.share, None, about);
        metrics.copies = found.copies.into_iter().take(MOST_COPIES).collect();
    }
    Ok(())
}

/// The features of samples and reference; leaves metrics out where a side has none.
fn pair<'a>(
    samples: &'a Gathered,
    reference: &'a Reference,
    kinds: &[MetricKind],
    metrics: &mut Metrics,
) -> Option<[&'a Features; 2]> {
    match (&samples.features, &reference.gathered.features) {
        (Some(own), Some(real)) => return Some([own, real]),
        (_, None) => metrics.leave_out(kinds, lacks_images("REFERENCE")),
        (None, _) => metrics.leave_out(kinds, lacks_images("SAMPLES")),
    }
    None
}

fn lacks_images(side: &str) -> String {
    format!("{side} has statistics, and this needs the images")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: &[usize], names: &[&str]) -> ImageClasses {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        ImageClasses { labels: labels.to_vec(), count: 3, names }
    }

    #[test]
    fn classes_go_by_name_whatever_their_order_and_by_number_without_names() {
        let own = classes(&[0, 1, 2, 0], &["elf", "orc", "human"]);
        let sorted = classes(&[], &["elf", "human", "orc"]);
        assert_eq!(labels_of_reference(&own, &sorted), Ok(vec![0, 2, 1, 0]));
        assert_eq!(labels_of_reference(&own, &classes(&[], &[])), Ok(own.labels.clone()));
        let other = classes(&[], &["elf", "human", "troll"]);
        let reason = labels_of_reference(&own, &other).unwrap_err();
        assert_eq!(reason, "SAMPLES have the class `orc`, which REFERENCE has not");
        let more = ImageClasses { count: 4, ..sorted };
        assert!(labels_of_reference(&own, &more).is_err());
    }
}
