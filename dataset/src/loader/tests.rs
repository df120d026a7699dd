//! What the loader promises about order, resumption and corrupt images.

use std::borrow::Cow;
use std::collections::BTreeSet;

use pixelflow::cascade::CascadeConfig;

use super::*;
use crate::TransformConfig;
use crate::source::{Encoded, EncodedRecord};
use crate::testing::Colours;

const QUIET: LoaderConfig = LoaderConfig {
    batch: 6,
    shuffle: true,
    condition_dropout: 0.1,
    timesteps: Timesteps::Uniform,
    prefetch: 2,
    threads: 2,
    cache_mib: 1,
    strict: false,
    captions: true,
    buckets: Vec::new(),
};

fn loader_of(source: impl Source + 'static, config: LoaderConfig) -> Result<Loader> {
    let transform = TransformConfig { size: 8, ..TransformConfig::default() }.build()?;
    let cascade = CascadeConfig { stages: 2, train_timesteps: 100 }.build()?;
    Loader::new(Arc::new(source), transform, cascade, 2, 11, config)
}

fn loader(records: usize, corrupt: &[usize], config: LoaderConfig) -> Loader {
    loader_of(Colours::with_corrupt(records, corrupt), config).unwrap()
}

/// The records of the first `steps` batches.
fn records(loader: &Loader, steps: u64) -> Vec<usize> {
    loader.stream(0..steps).flat_map(|batch| batch.unwrap().records).collect()
}

#[test]
fn batches_depend_on_nothing_but_seed_and_step() {
    let reference = loader(20, &[], QUIET);
    let wanted: Vec<Batch> = (0..8).map(|step| reference.batch(step).unwrap()).collect();
    for (threads, prefetch, cache_mib) in [(1, 0, 0), (3, 5, 1)] {
        let other = loader(20, &[], LoaderConfig { prefetch, threads, cache_mib, ..QUIET });
        // Twice, the second time from memory.
        for _ in 0..2 {
            let batches: Vec<Batch> = other.stream(0..8).map(Result::unwrap).collect();
            assert_eq!(batches, wanted);
        }
    }
}

#[test]
fn a_resumed_run_continues_in_the_middle_of_an_epoch() {
    let whole: Vec<Batch> = loader(20, &[], QUIET).stream(0..9).map(Result::unwrap).collect();
    let resumed: Vec<Batch> =
        loader(20, &[], QUIET).stream(5..).take(4).map(Result::unwrap).collect();
    assert_eq!(resumed, whole[5..]);
}

#[test]
fn several_trainers_share_the_steps() {
    let loader = loader(20, &[], QUIET);
    let share: Vec<u64> =
        loader.stream((1..).step_by(3)).take(3).map(|batch| batch.unwrap().step).collect();
    assert_eq!(share, [1, 4, 7]);
}

#[test]
fn shares_are_the_parts_of_the_whole_batch() {
    let loader = loader(20, &[3, 4], QUIET);
    let whole = loader.batch(2).unwrap();
    let parts = whole.packed.clone().cut(3);
    for (rank, ranks) in [(0, 1), (1, 3), (0, 2), (1, 2)] {
        let share = Share { rank, ranks, parts: 3 };
        let own = loader.stream_share(2..3, share).next().unwrap().unwrap();
        for (place, record) in own.positions.iter().zip(&own.records) {
            assert_eq!(whole.records[*place], *record);
        }
        let cut = own.packed.cut(share.own_parts());
        assert_eq!(cut.len(), parts.iter().skip(rank).step_by(ranks).len());
        for (own, part) in cut.iter().zip(parts.iter().skip(rank).step_by(ranks)) {
            assert_eq!((&own.inputs, &own.targets), (&part.inputs, &part.targets));
            let told = |of: &PackedBatch| -> Vec<_> {
                of.segments.iter().map(|s| (s.stage, s.timestep, s.label, s.dropped)).collect()
            };
            assert_eq!(told(own), told(part));
        }
    }
}

#[test]
fn an_epoch_has_every_record_once_in_a_new_order() {
    let seen = records(&loader(20, &[], QUIET), 10); // 60 examples, 3 epochs
    for epoch in seen.chunks_exact(20) {
        assert_eq!(epoch.iter().copied().collect::<BTreeSet<_>>(), (0..20).collect());
    }
    assert_ne!(seen[..20], seen[20..40]);
}

#[test]
fn without_shuffling_records_come_in_order() {
    let config = LoaderConfig { shuffle: false, ..QUIET };
    assert_eq!(records(&loader(5, &[], config), 2), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
}

#[test]
fn the_same_record_gets_other_noise_in_another_epoch() {
    let loader = loader(1, &[], LoaderConfig { batch: 2, ..QUIET });
    let batch = loader.batch(0).unwrap();
    let second = loader.batch(1).unwrap();
    assert_eq!(batch.records, [0, 0]);
    assert_ne!(batch.packed.inputs, second.packed.inputs);
}

#[test]
fn a_corrupt_image_is_replaced_by_the_next_good_one_and_named() {
    let intact = records(&loader(20, &[], QUIET), 10);
    let corrupt = [3, 4, 17];
    let damaged = loader(20, &corrupt, QUIET);
    let seen = records(&damaged, 10);
    for (place, (&was, &is)) in intact.iter().zip(&seen).enumerate() {
        let epoch = &intact[place / 20 * 20..][..20];
        let (before, after) = epoch.split_at(place % 20);
        let mut candidates = after.iter().chain(before);
        let next = candidates.find(|record| !corrupt.contains(record));
        assert_eq!(Some(&is), next, "instead of {was}");
    }
    assert_eq!(
        damaged.skipped().to_string(),
        "3 of 20 images skipped\n  \
         colour 3 is empty (0 bytes): copy it again or remove it\n  \
         colour 4 is empty (0 bytes): copy it again or remove it\n  \
         colour 17 is empty (0 bytes): copy it again or remove it"
    );
    assert!(loader(20, &[], QUIET).skipped().is_empty());
}

#[test]
fn a_strict_loader_stops_at_a_corrupt_image() {
    let loader = loader(6, &[3], LoaderConfig { strict: true, ..QUIET });
    let mut batches = loader.stream(0..);
    let error = batches.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "colour 3 is empty (0 bytes): copy it again or remove it");
    assert!(batches.next().is_none());
}

#[test]
fn a_data_set_of_corrupt_images_is_an_error() {
    let error = loader(3, &[0, 1, 2], QUIET).batch(0).unwrap_err().to_string();
    let expected = "none of the 3 images can be read; the last error was: colour 2 is empty";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn stages_and_labels_reach_the_segments() {
    let batch = loader(20, &[], QUIET).batch(0).unwrap();
    let stages: Vec<usize> = batch.packed.segments.iter().map(|segment| segment.stage).collect();
    assert_eq!(stages, [1, 1, 1, 0, 0, 0]);
    for segment in &batch.packed.segments {
        assert_eq!(segment.label, batch.records[segment.example]);
    }
    assert_eq!(batch.packed.tokens(), 3 * 16 + 3 * 4);
}

#[test]
fn a_stream_can_be_left_at_any_time() {
    let loader = loader(20, &[], QUIET);
    drop(loader.stream(0..));
    assert!(loader.stream(0..).nth(2).unwrap().is_ok());
}

/// A source with a bug.
struct Panicking;

impl Source for Panicking {
    fn len(&self) -> usize {
        1
    }

    fn classes(&self) -> &[String] {
        &[]
    }

    fn encoded(&self, _: usize) -> Result<EncodedRecord> {
        panic!("a bug in the source")
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        (Cow::Borrowed(&[]), index)
    }
}

#[test]
fn a_panic_in_the_background_is_an_error() {
    let mut batches = loader_of(Panicking, QUIET).unwrap().stream(0..);
    let error = batches.next().unwrap().unwrap_err().to_string();
    assert_eq!(error, "the loader's background thread failed: a bug in the source");
    assert!(batches.next().is_none());
}

#[test]
fn senseless_values_are_refused() {
    for (config, message) in [
        (LoaderConfig { batch: 0, ..QUIET }, "batch is 0: a batch has 1 to 1048576 examples"),
        (
            LoaderConfig { condition_dropout: 1.5, ..QUIET },
            "condition_dropout is 1.5: a share is 0 to 1",
        ),
        (
            LoaderConfig {
                timesteps: Timesteps::LogitNormal { mean: 0.0, deviation: 0.0 },
                ..QUIET
            },
            "timesteps is LogitNormal { mean: 0.0, deviation: 0.0 }: the mean is finite",
        ),
        (
            LoaderConfig { condition_dropout: f64::NAN, ..QUIET },
            "condition_dropout is NaN: a share",
        ),
        (LoaderConfig { prefetch: 5000, ..QUIET }, "prefetch is 5000: at most 1024 batches"),
        (LoaderConfig { threads: 5000, ..QUIET }, "threads is 5000: at most 1024 threads"),
    ] {
        let error = loader_of(Colours::new(3), config).err().unwrap().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let error = loader_of(Colours::new(0), QUIET).err().unwrap().to_string();
    assert!(error.starts_with("the data set holds no images"), "{error}");
}

/// Records that are square, wide and tall in turns, of a colour each.
struct Aspects;

impl Source for Aspects {
    fn len(&self) -> usize {
        12
    }

    fn classes(&self) -> &[String] {
        &[]
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        let [height, width] = [[16, 16], [16, 32], [32, 16]][index % 3];
        Ok(EncodedRecord {
            image: Encoded::Pixels(Raster::new(width, height, 3, vec![0; 3 * width * height])?),
            label: index,
            name: index.to_string(),
        })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        (Cow::Borrowed(&[]), index)
    }
}

#[test]
fn images_of_all_aspect_ratios_and_resolutions_are_in_one_batch() {
    let buckets = vec![[16, 16], [8, 8], [8, 16], [16, 8]];
    let config =
        |cache_mib| LoaderConfig { batch: 60, buckets: buckets.clone(), cache_mib, ..QUIET };
    let loader = loader_of(Aspects, config(1)).unwrap();
    let batch = loader.batch(0).unwrap();
    let mut seen = BTreeSet::new();
    for segment in batch.packed.segments.iter().filter(|s| s.stage == 1) {
        let kind = batch.records[segment.example] % 3;
        seen.insert((kind, segment.grid_height, segment.grid_width));
    }
    // With patches of 2: squares in both resolutions, the others in the one of their ratio.
    let expected = [(0, 4, 4), (0, 8, 8), (1, 4, 8), (2, 8, 4)];
    assert_eq!(seen, BTreeSet::from(expected));
    // What is kept in memory changes nothing.
    for _ in 0..2 {
        assert_eq!(loader.batch(0).unwrap(), batch);
    }
    assert_eq!(loader_of(Aspects, config(0)).unwrap().batch(0).unwrap(), batch);
}

/// A record with three captions, and one whose captions cannot be read.
struct Captioned;

impl Source for Captioned {
    fn len(&self) -> usize {
        2
    }

    fn classes(&self) -> &[String] {
        &[]
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        Colours::new(2).encoded(index)
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        (Cow::Borrowed(&[]), index)
    }

    fn captions(&self, index: usize) -> Result<Vec<String>> {
        match index {
            0 => Ok(["a", "b", "c"].map(str::to_owned).to_vec()),
            _ => Err(Error::InvalidText { record: "1.txt".to_owned(), reason: String::new() }),
        }
    }
}

#[test]
fn of_several_captions_one_is_drawn_and_bad_ones_matter_only_where_they_are_read() {
    let config = LoaderConfig { batch: 30, ..QUIET };
    let loader = loader_of(Captioned, config.clone()).unwrap();
    let batch = loader.batch(0).unwrap();
    assert_eq!(batch.captions.iter().flatten().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(loader.batch(0).unwrap().captions, batch.captions);
    assert_eq!((batch.records, loader.skipped().errors.len()), (vec![0; 30], 1));

    let classes = loader_of(Captioned, LoaderConfig { captions: false, ..config }).unwrap();
    assert!(classes.batch(0).unwrap().records.contains(&1) && classes.skipped().is_empty());
}
