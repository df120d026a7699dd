//! Batches in a fixed order, made in parallel and ahead of time.
//!
//! Example `n` of a run is record `n mod N` of epoch `n / N`'s order, and that order depends on
//! (seed, epoch) alone. Whatever is random about an example is keyed by (seed, `n`), never by a
//! thread or a time. So batch `step` is a pure function of (seed, step): to resume, ask for the
//! next step.

mod cache;
mod order;
mod skips;
mod stream;

use std::sync::Arc;

use pixelflow::cascade::Cascade;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};

use self::cache::Cache;
use self::order::Order;
pub use self::skips::SkipReport;
use self::skips::Skips;
pub use self::stream::BatchStream;
use crate::packing::{Example, Randomness, Shape, assign_stages, pack};
use crate::{Error, PackedBatch, Raster, Result, Source, Transform};

/// How batches are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderConfig {
    /// Examples in a batch. Default 64.
    pub batch: usize,
    /// A new random order every epoch; otherwise always the order of the data set. Default true.
    pub shuffle: bool,
    /// Share of examples whose class or caption is not told to the model, for guidance. Default 0.1.
    pub condition_dropout: f64,
    /// Batches that are made ahead. Default 4.
    pub prefetch: usize,
    /// Threads that make them; 0 for one a processor core. Default 0.
    pub threads: usize,
    /// Memory for images that are kept scaled and ready, in MiB; 0 keeps none. Default 256.
    pub cache_mib: u64,
    /// Stop at the first corrupt image instead of skipping it. Default false.
    pub strict: bool,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        Self {
            batch: 64,
            shuffle: true,
            condition_dropout: 0.1,
            prefetch: 4,
            threads: 0,
            cache_mib: 256,
            strict: false,
        }
    }
}

impl LoaderConfig {
    fn check(&self) -> Result<()> {
        let fault = if !(1..=1 << 20).contains(&self.batch) {
            Some((
                "batch",
                self.batch.to_string(),
                "a batch has 1 to 1048576 examples",
            ))
        } else if !(0.0..=1.0).contains(&self.condition_dropout) {
            Some((
                "condition_dropout",
                self.condition_dropout.to_string(),
                "a share is 0 to 1",
            ))
        } else if self.prefetch > 1024 {
            Some((
                "prefetch",
                self.prefetch.to_string(),
                "at most 1024 batches are kept ahead",
            ))
        } else if self.threads > 1024 {
            Some((
                "threads",
                self.threads.to_string(),
                "at most 1024 threads are started",
            ))
        } else {
            None
        };
        match fault {
            None => Ok(()),
            Some((field, value, reason)) => Err(Error::Config {
                field,
                value,
                reason: reason.to_owned(),
            }),
        }
    }
}

/// One batch, ready for the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its number in the run.
    pub step: u64,
    /// Its tokens.
    pub packed: PackedBatch,
    /// Which record every example is; [`Segment::example`](crate::Segment::example) indexes it.
    pub records: Vec<usize>,
    /// Caption of every example, in the same order.
    pub captions: Vec<Option<String>>,
}

/// Makes batches of a data set. Clones share everything.
#[derive(Clone)]
pub struct Loader {
    shared: Arc<Shared>,
}

struct Shared {
    source: Arc<dyn Source>,
    transform: Transform,
    cascade: Cascade,
    shape: Shape,
    randomness: Randomness,
    config: LoaderConfig,
    order: Order,
    cache: Cache,
    skips: Skips,
    pool: ThreadPool,
}

/// A record whose image has been scaled.
struct Prepared {
    image: Raster,
    label: usize,
    caption: Option<String>,
}

impl Loader {
    /// A loader of `source` for training `cascade` with patches of `patch` pixels a side.
    ///
    /// # Errors
    /// [`Error::Config`] when a value of `config` makes no sense, [`Error::NoRecords`] when there
    /// is nothing to load, [`Error::Cascade`] or [`Error::Config`] when the size of the images
    /// does not fit the cascade, [`Error::Background`] when no threads can be started.
    pub fn new(
        source: Arc<dyn Source>,
        transform: Transform,
        cascade: Cascade,
        patch: usize,
        seed: u64,
        config: LoaderConfig,
    ) -> Result<Self> {
        config.check()?;
        if source.is_empty() {
            return Err(Error::NoRecords {
                place: "the data set".to_owned(),
            });
        }
        let (channels, size) = (source.channels(), transform.size());
        let shape = Shape {
            channels,
            height: size,
            width: size,
            patch,
        };
        shape.check(&cascade)?;
        // A pool of its own: the trainer's threads never wait for an image.
        let pool = ThreadPoolBuilder::new()
            .num_threads(config.threads)
            .thread_name(|index| format!("loader-{index}"))
            .build()
            .map_err(|error| Error::Background {
                reason: error.to_string(),
            })?;
        let records = source.len();
        let shared = Shared {
            source,
            transform,
            cascade,
            shape,
            randomness: Randomness {
                seed,
                dropout: config.condition_dropout,
            },
            config,
            order: Order::new(seed, records, config.shuffle),
            cache: Cache::new(records, config.cache_mib << 20),
            skips: Skips::default(),
            pool,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Batch number `step` of the run.
    ///
    /// # Errors
    /// Whatever the source says, except that corrupt images are skipped unless the loader is
    /// strict; [`Error::NothingReadable`] when there are no others.
    pub fn batch(&self, step: u64) -> Result<Batch> {
        self.shared.pool.install(|| self.shared.batch(step))
    }

    /// The batches of `steps`, made ahead on a background thread.
    ///
    /// `first..` resumes at step `first`; `(rank..).step_by(world)` is the share of one of several
    /// trainers.
    pub fn stream<S>(&self, steps: S) -> BatchStream
    where
        S: IntoIterator<Item = u64>,
        S::IntoIter: Send + 'static,
    {
        let loader = self.clone();
        let make = move |step| loader.batch(step);
        BatchStream::start(steps.into_iter(), self.shared.config.prefetch, make)
    }

    /// Number of records of the data set.
    pub fn records(&self) -> usize {
        self.shared.source.len()
    }

    /// Size of the images that the batches are made of.
    pub fn shape(&self) -> Shape {
        self.shared.shape
    }

    /// The corrupt images met so far.
    pub fn skipped(&self) -> SkipReport {
        self.shared.skips.report(self.records())
    }
}

impl Shared {
    fn batch(&self, step: u64) -> Result<Batch> {
        let (batch, seed) = (self.config.batch, self.randomness.seed);
        let stages = assign_stages(seed, step, batch, self.cascade.stages().len());
        let first = step.wrapping_mul(batch as u64);
        let loaded: Vec<(usize, Option<String>, Example)> = stages
            .into_par_iter()
            .enumerate()
            .map(|(position, stage)| self.example(first.wrapping_add(position as u64), stage))
            .collect::<Result<_>>()?;

        let (mut records, mut captions) = (Vec::with_capacity(batch), Vec::with_capacity(batch));
        let mut examples = Vec::with_capacity(batch);
        for (record, caption, example) in loaded {
            records.push(record);
            captions.push(caption);
            examples.push(example);
        }
        let packed = pack(&examples, self.shape, &self.cascade)?;
        Ok(Batch {
            step,
            packed,
            records,
            captions,
        })
    }

    /// Record index, caption, and everything to pack of example `number` of the run.
    fn example(&self, number: u64, stage: usize) -> Result<(usize, Option<String>, Example)> {
        let (record, prepared) = self.readable(number)?;
        let image = self
            .transform
            .augment(&prepared.image, self.randomness.seed, number);
        let draw = self
            .randomness
            .draw(number, stage, self.shape, &self.cascade);
        let example = Example {
            image,
            label: prepared.label,
            draw,
        };
        Ok((record, prepared.caption.clone(), example))
    }

    /// The record of example `number`, or the next one in the epoch's order that can be read.
    fn readable(&self, number: u64) -> Result<(usize, Arc<Prepared>)> {
        let records = self.source.len();
        let epoch = self.order.epoch(number / records as u64);
        let start = (number % records as u64) as usize;
        for record in epoch[start..].iter().chain(&epoch[..start]).copied() {
            if self.skips.contains(record) {
                continue;
            }
            match self.prepared(record) {
                Err(error) if error.is_corrupt_record() && !self.config.strict => {
                    self.skips.add(record, &error);
                }
                Err(error) => return Err(error),
                Ok(prepared) => return Ok((record, prepared)),
            }
        }
        Err(Error::NothingReadable {
            records,
            last: self.skips.last(),
        })
    }

    /// Record `record`, scaled; from memory if it is there.
    fn prepared(&self, record: usize) -> Result<Arc<Prepared>> {
        if let Some(prepared) = self.cache.get(record) {
            return Ok(prepared);
        }
        let read = self.source.read(record)?;
        let image = self.transform.fit(&read.image, &read.name)?;
        let prepared = Arc::new(Prepared {
            image,
            label: read.label,
            caption: read.caption,
        });
        self.cache.keep(record, &prepared);
        Ok(prepared)
    }
}

#[cfg(test)]
mod tests;
