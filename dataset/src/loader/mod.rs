//! Batches in a fixed order, made in parallel and ahead of time.
//!
//! Example `n` of a run is record `n mod N` of epoch `n / N`'s order, and that order depends on
//! (seed, epoch) alone. Whatever is random about an example is keyed by (seed, `n`), never by a
//! thread or a time. So batch `step` is a pure function of (seed, step): to resume, ask for the
//! next step.

mod budget;
mod cache;
mod order;
mod share;
mod skips;
mod stream;
mod validation;

use std::sync::{Arc, OnceLock};

use pixelflow::cascade::Cascade;
use pixelflow::noise::{Key, Purpose};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};

pub(crate) use self::budget::IMAGES;
use self::cache::Cache;
use self::order::Order;
pub use self::share::Share;
pub use self::skips::SkipReport;
use self::skips::Skips;
pub use self::stream::BatchStream;
pub use self::validation::validation_records;
use crate::decode;
use crate::packing::{Randomness, Shape, Timesteps, TrainingImage, assign_stages, pack};
use crate::source::LeftOut;
use crate::{Buckets, Error, PackedBatch, Raster, Result, Source, Transform};

/// How batches are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderConfig {
    /// Examples in a batch. Default 64.
    pub batch: usize,
    /// A new random order every epoch; otherwise always the order of the data set. Default true.
    pub shuffle: bool,
    /// Share of examples whose class or caption is not told to the model, for guidance. Default 0.1.
    pub condition_dropout: f64,
    /// How the timesteps of a stage are distributed. Default uniform.
    pub timesteps: Timesteps,
    /// Batches that are made ahead. Default 4.
    pub prefetch: usize,
    /// Threads that make them; 0 for one a processor core. Default 0.
    pub threads: usize,
    /// Memory for images that are kept scaled and ready, in MiB; 0 keeps none. Default 256.
    pub cache_mib: u64,
    /// Stop at the first record that cannot be used instead of skipping it. Default false.
    pub strict: bool,
    /// Read captions, and skip records whose captions cannot be read. Default true.
    pub captions: bool,
    /// Sizes `[height, width]` that images are brought to, see [`Buckets`]. Default none: all have
    /// the size of the transform.
    pub buckets: Vec<[usize; 2]>,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        Self {
            batch: 64,
            shuffle: true,
            condition_dropout: 0.1,
            timesteps: Timesteps::Uniform,
            prefetch: 4,
            threads: 0,
            cache_mib: 256,
            strict: false,
            captions: true,
            buckets: Vec::new(),
        }
    }
}

impl LoaderConfig {
    fn check(&self) -> Result<()> {
        let fault = if !(1..=1 << 20).contains(&self.batch) {
            Some(("batch", self.batch.to_string(), "a batch has 1 to 1048576 examples"))
        } else if !(0.0..=1.0).contains(&self.condition_dropout) {
            Some(("condition_dropout", self.condition_dropout.to_string(), "a share is 0 to 1"))
        } else if !self.timesteps.is_sound() {
            let reason = "the mean is finite, and the deviation finite and above 0";
            Some(("timesteps", format!("{:?}", self.timesteps), reason))
        } else if self.prefetch > 1024 {
            Some(("prefetch", self.prefetch.to_string(), "at most 1024 batches are kept ahead"))
        } else if self.threads > 1024 {
            Some(("threads", self.threads.to_string(), "at most 1024 threads are started"))
        } else {
            None
        };
        match fault {
            None => Ok(()),
            Some((field, value, reason)) => {
                Err(Error::Config { field, value, reason: reason.to_owned() })
            }
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
    /// Where every example stands in the whole batch, of which this may be a share.
    pub positions: Vec<usize>,
    /// Which record every example is; [`PackedExample::example`](crate::PackedExample::example) indexes it.
    pub records: Vec<usize>,
    /// Caption of every example, in the same order; of several one is drawn.
    pub captions: Vec<Option<String>>,
}

/// Makes batches of a data set. Clones share everything.
#[derive(Clone)]
pub struct Loader {
    shared: Arc<Shared>,
}

struct Shared {
    source: Arc<dyn Source>,
    buckets: Buckets,
    /// One for each bucket.
    sizes: Vec<(Transform, Shape)>,
    /// Height and width of each record, once it was read.
    dimensions: Vec<OnceLock<[usize; 2]>>,
    cascade: Cascade,
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
    captions: Vec<String>,
}

impl Prepared {
    /// The caption of example `number`, drawn if there are several.
    fn caption(&self, seed: u64, number: u64) -> Option<&String> {
        let draw = || Key::new(seed, number, Purpose::Caption).below(self.captions.len() as u64);
        if self.captions.len() < 2 {
            self.captions.first()
        } else {
            self.captions.get(draw() as usize)
        }
    }
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
            let (place, left_out) = ("the data set".to_owned(), LeftOut::default());
            return Err(Error::NoRecords { place, left_out });
        }
        let buckets = Buckets::new(match config.buckets.as_slice() {
            [] => vec![transform.size()],
            sizes => sizes.to_vec(),
        })?;
        let of_bucket = |&[height, width]: &[usize; 2]| {
            let shape = Shape { channels: source.channels(), height, width, patch };
            shape.check(&cascade)?;
            Ok((transform.at([height, width]), shape))
        };
        let sizes: Vec<_> = buckets.sizes().iter().map(of_bucket).collect::<Result<_>>()?;
        // A pool of its own: the trainer's threads never wait for an image.
        let pool = ThreadPoolBuilder::new()
            .num_threads(config.threads)
            .thread_name(|index| format!("loader-{index}"))
            .build()
            .map_err(|error| Error::Background { reason: error.to_string() })?;
        let records = source.len();
        let shared = Shared {
            source,
            cascade,
            randomness: Randomness {
                seed,
                dropout: config.condition_dropout,
                timesteps: config.timesteps,
            },
            order: Order::new(seed, records, config.shuffle),
            cache: Cache::new(records * sizes.len(), config.cache_mib << 20),
            dimensions: (0..records).map(|_| OnceLock::new()).collect(),
            buckets,
            sizes,
            config,
            skips: Skips::default(),
            pool,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Batch number `step` of the run.
    ///
    /// # Errors
    /// Whatever the source says, except that records that cannot be used are skipped unless the loader is
    /// strict; [`Error::NothingReadable`] when there are no others.
    pub fn batch(&self, step: u64) -> Result<Batch> {
        self.share_of_batch(step, &Share::WHOLE)
    }

    /// A share of batch number `step` of the run; no other image is read.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    ///
    /// # Panics
    /// If the batch cannot be divided into as many parts.
    pub fn share_of_batch(&self, step: u64, share: &Share) -> Result<Batch> {
        self.shared.pool.install(|| self.shared.batch(step, share))
    }

    /// The batches of `steps`, made ahead on a background thread.
    ///
    /// `first..` resumes at step `first`.
    pub fn stream<S>(&self, steps: S) -> BatchStream
    where
        S: IntoIterator<Item = u64>,
        S::IntoIter: Send + 'static,
    {
        self.stream_share(steps, Share::WHOLE)
    }

    /// A share of the batches of `steps`, made ahead on a background thread: that of one of several trainers.
    pub fn stream_share<S>(&self, steps: S, share: Share) -> BatchStream
    where
        S: IntoIterator<Item = u64>,
        S::IntoIter: Send + 'static,
    {
        let loader = self.clone();
        let make = move |step| loader.share_of_batch(step, &share);
        BatchStream::start(steps.into_iter(), self.shared.config.prefetch, make)
    }

    /// The number of a record in the data set that was opened, of which the loader's may be a part.
    pub fn origin(&self, record: usize) -> usize {
        self.shared.source.origin(record)
    }

    /// The name of a record as messages have it; its number if it can no longer be read.
    pub fn name(&self, record: usize) -> String {
        let found = self.shared.source.encoded(record);
        found.map_or_else(|_| format!("record {}", self.origin(record)), |found| found.name)
    }

    /// Number of records of the data set.
    pub fn records(&self) -> usize {
        self.shared.source.len()
    }

    /// Sizes of the images that the batches are made of.
    pub fn shapes(&self) -> impl Iterator<Item = Shape> {
        self.shared.sizes.iter().map(|(_, shape)| *shape)
    }

    /// The records met so far that cannot be used.
    pub fn skipped(&self) -> SkipReport {
        self.shared.skips.report(self.records(), self.shared.source.left_out())
    }
}

impl Shared {
    fn batch(&self, step: u64, share: &Share) -> Result<Batch> {
        let (batch, seed) = (self.config.batch, self.randomness.seed);
        let stages = assign_stages(seed, step, batch, self.cascade.stages().len());
        let first = step.wrapping_mul(batch as u64);
        let positions = share.positions(&stages);
        let example =
            |&position: &usize| self.example(first.wrapping_add(position as u64), stages[position]);
        let loaded: Vec<(usize, Option<String>, TrainingImage)> =
            positions.par_iter().map(example).collect::<Result<_>>()?;

        let count = positions.len();
        let (mut records, mut captions) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut examples = Vec::with_capacity(count);
        for (record, caption, example) in loaded {
            records.push(record);
            captions.push(caption);
            examples.push(example);
        }
        let packed = pack(&examples, &self.cascade)?;
        Ok(Batch { step, packed, positions, records, captions })
    }

    /// Record index, caption, and everything to pack of example `number` of the run.
    fn example(&self, number: u64, stage: usize) -> Result<(usize, Option<String>, TrainingImage)> {
        let (record, bucket, prepared) = self.readable(number)?;
        let (transform, shape) = self.sizes[bucket];
        let image = transform.augment(&prepared.image, self.randomness.seed, number);
        let draw = self.randomness.draw(number, stage, shape, &self.cascade);
        let example = TrainingImage { image, shape, label: prepared.label, draw };
        let caption = prepared.caption(self.randomness.seed, number).cloned();
        Ok((record, caption, example))
    }

    /// The record of example `number`, or the next one in the epoch's order that can be read, and
    /// its bucket.
    fn readable(&self, number: u64) -> Result<(usize, usize, Arc<Prepared>)> {
        let records = self.source.len();
        let epoch = self.order.epoch(number / records as u64);
        let start = (number % records as u64) as usize;
        for record in epoch[start..].iter().chain(&epoch[..start]).copied() {
            if self.skips.contains(record) {
                continue;
            }
            match self.prepared(record, number) {
                Err(error) if error.is_corrupt_record() && !self.config.strict => {
                    self.skips.add(record, &error);
                }
                Err(error) => return Err(error),
                Ok((bucket, prepared)) => return Ok((record, bucket, prepared)),
            }
        }
        Err(Error::NothingReadable { records, last: self.skips.last() })
    }

    /// Record `record`, scaled to its bucket for example `number`; from memory if it is there.
    fn prepared(&self, record: usize, number: u64) -> Result<(usize, Arc<Prepared>)> {
        let bucket = |image| self.buckets.choose(image, self.randomness.seed, number);
        let slot = |bucket| record * self.sizes.len() + bucket;
        if let Some(bucket) = self.dimensions[record].get().map(|image| bucket(*image))
            && let Some(prepared) = self.cache.get(slot(bucket))
        {
            return Ok((bucket, prepared));
        }
        let captions =
            if self.config.captions { self.source.captions(record)? } else { Vec::new() };
        let read = self.source.encoded(record)?;
        let opened = read.open()?;
        let size = opened.size();
        let bucket = bucket(*self.dimensions[record].get_or_init(|| size));
        let transform = self.sizes[bucket].0;
        let memory = opened.memory().max(transform.memory(size));
        decode::check_memory(memory, size, &read.name)?;
        let _share = IMAGES.take(memory);
        let image = transform.fit(&*opened.decode()?, &read.name)?;
        let prepared = Arc::new(Prepared { image, label: read.label, captions });
        self.cache.keep(slot(bucket), &prepared);
        Ok((bucket, prepared))
    }
}

#[cfg(test)]
mod tests;
