//! What is gathered of a side's features, batch by batch, and what metrics see of it then.

use std::ops::ControlFlow;

use pixelflow_evaluation::extractor::{Extracted, inception};
use pixelflow_evaluation::images::Images;
use pixelflow_evaluation::metrics::{Score, ScoreSums};
use pixelflow_evaluation::statistics::{ExactSums, Moments, Statistics};
use pixelflow_evaluation::{Features, Result as Measuring};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::progress::counting_bar;

use super::network::Network;
use crate::Result;

/// What is gathered besides the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The features of every image, for metrics of pairs: memory grows with the images.
    pub features: bool,
    /// What the Inception Score needs.
    pub score: bool,
}

/// The features of some images so far.
pub struct Gathering {
    sums: ExactSums,
    spatial: Option<ExactSums>,
    features: Option<Features>,
    score: Option<Measuring<ScoreSums>>,
}

/// A set of images as metrics see it.
pub struct Gathered {
    /// Mean and covariance of the features.
    pub moments: Moments,
    /// The same of those that keep places, for sFID.
    pub spatial: Option<Moments>,
    /// The features themselves.
    pub features: Option<Features>,
    /// The Inception Score; too few images are no reason to give no other number.
    pub score: Option<Measuring<Score>>,
    /// What the images show, where they have classes.
    pub classes: Option<ImageClasses>,
}

/// The classes of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageClasses {
    /// The class of each image.
    pub labels: Vec<usize>,
    /// How many classes there are.
    pub count: usize,
    /// Their names, where they have any.
    pub names: Vec<String>,
}

impl ImageClasses {
    /// The classes of the first images of a side, if each of them has one.
    pub fn of(images: &dyn Images, count: usize) -> Option<Self> {
        let labels: Option<Vec<usize>> = (0..count).map(|index| images.label(index)).collect();
        let names = images.class_names().to_vec();
        Some(Self { labels: labels?, count: images.classes(), names })
    }
}

impl Gathering {
    /// Nothing yet, of so many images to come.
    pub fn empty(network: &dyn Network, images: usize, keep: Keep) -> Self {
        let identity = network.identity();
        let columns = identity.kind.columns();
        let splits = identity.protocol.splits();
        let score = || ScoreSums::empty(images, inception::CLASSES, splits);
        Self {
            sums: ExactSums::empty(columns),
            spatial: network.spatial_columns().map(ExactSums::empty),
            features: keep.features.then(|| Features::empty(columns)),
            score: keep.score.then(score),
        }
    }

    /// Adds a batch, the first image of which has this number.
    ///
    /// # Errors
    /// [`pixelflow_evaluation::Error::OutOfRange`] and those of sums that hold no more.
    pub fn add(&mut self, first: usize, batch: &Extracted) -> Measuring<()> {
        self.sums.add(&batch.features)?;
        if let (Some(sums), Some(features)) = (&mut self.spatial, &batch.spatial) {
            sums.add(features)?;
        }
        if let Some(features) = &mut self.features {
            features.append(&batch.features)?;
        }
        if let (Some(Ok(sums)), Some(logits)) = (&mut self.score, &batch.logits) {
            sums.add(first, logits)?;
        }
        Ok(())
    }

    /// What metrics see of it.
    ///
    /// # Errors
    /// [`pixelflow_evaluation::Error::TooFewImages`] for fewer than two.
    pub fn finish(self) -> Measuring<Gathered> {
        Ok(Gathered {
            moments: self.sums.moments()?,
            spatial: self.spatial.map(|sums| sums.moments()).transpose()?,
            features: self.features,
            score: self.score.map(|sums| sums?.score()),
            classes: None,
        })
    }
}

impl Gathered {
    /// What statistics know: means and covariances.
    pub fn of_statistics(statistics: Statistics) -> Self {
        let Statistics { moments, spatial, .. } = statistics;
        Self { moments, spatial, features: None, score: None, classes: None }
    }
}

/// Takes the first images of a side through a network, with a bar; `None` after Ctrl-C.
///
/// # Errors
/// [`crate::Error::Evaluation`].
pub fn gather(
    images: &dyn Images,
    count: usize,
    network: &dyn Network,
    keep: Keep,
    name: &'static str,
    interrupt: &Interrupt,
) -> Result<Option<Gathered>> {
    let bar = counting_bar(count as u64, name);
    let mut gathering = Gathering::empty(network, count, keep);
    let end = network.extract(images, 0..count, &mut |batch| {
        gathering.add(batch.images.start, &batch)?;
        bar.set_position(batch.images.end as u64);
        let stops = interrupt.is_wanted();
        Ok(if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    bar.finish_and_clear();
    end?;
    if interrupt.is_wanted() {
        return Ok(None);
    }
    let classes = ImageClasses::of(images, count);
    Ok(Some(Gathered { classes, ..gathering.finish()? }))
}
