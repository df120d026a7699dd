//! Any number of ranks takes the same steps, bit for bit.

use std::collections::BTreeMap;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::module::AutodiffModule;
use pixelflow_ranks::{Job, jobs_of_threads};

use super::Place;
use crate::loss_scale::LossScale;
use crate::optimizer::{Optimizer, OptimizerConfig, UpdateRule};
use crate::parameters::flat_parameters;
use crate::precision::Precision;
use crate::step::tests::{Train, batch, network};
use crate::stopwatch::Stopwatch;
use crate::texts::TrainingBatch;
use crate::trainer::{StepOutcome, Trainer};

/// Parts of a batch.
const PARTS: usize = 4;
/// Steps of a run.
const STEPS: u8 = 2;

/// How a run is trained.
#[derive(Clone, Copy)]
struct Way {
    rule: UpdateRule,
    precision: Precision,
    shards: bool,
}

/// The parts of the batch of a step, no two alike.
fn parts(step: u8) -> Vec<TrainingBatch> {
    let part = |part: usize| {
        let mut batch = batch();
        let factor = 1.0 + 0.3 * part as f32 + 0.1 * f32::from(step);
        batch.packed.inputs.iter_mut().for_each(|input| *input *= factor);
        batch
    };
    (0..PARTS).map(part).collect()
}

/// What a run has come to: the outcomes of its steps, and the bits of all weights, moments and averages.
type End = (Vec<StepOutcome>, BTreeMap<String, Vec<u32>>);

/// Trains as one rank; the first one has the whole state in the end.
fn train(job: &mut Job, way: Way) -> End {
    let place = Place { rank: job.rank(), ranks: job.ranks(), shards: way.shards };
    let network = network();
    let config = OptimizerConfig { rule: way.rule, ..OptimizerConfig::default() };
    let inner = network.valid();
    let optimizer = Optimizer::of_some(config, &inner, place.owns(&inner));
    let scale = LossScale::of(1e30);
    let mut trainer = Trainer::new(network, optimizer, FlexDevice)
        .computing_in(way.precision, scale)
        .among(place);
    let share = place.share(PARTS);
    let step = |number: u8| {
        let own = parts(number).into_iter().skip(share.rank).step_by(share.ranks);
        let parts: Vec<TrainingBatch> = own.collect();
        trainer.step_among(job, (&parts, &share), 1e-3, &mut Stopwatch::stopped()).unwrap()
    };
    let outcomes = (0..STEPS).map(step).collect();
    trainer.gather(job).unwrap();
    let mut state = BTreeMap::new();
    let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|x| x.to_bits()).collect() };
    let mut keep = |part: &str, name: &str, values: &[f32]| {
        state.insert(format!("{part} {name}"), bits(values));
    };
    for (name, parameter) in flat_parameters::<Flex>(&trainer.inner_network()) {
        keep("weights", &name, &parameter.values.into_data().to_vec::<f32>().unwrap());
    }
    if let Some(whole) = trainer.whole() {
        for (name, parts) in whole {
            for (part, values) in ["first", "second", "average"].iter().zip(parts) {
                keep(part, name, values);
            }
        }
    } else if !trainer.is_sharded() {
        for (name, moments) in trainer.optimizer().moments() {
            let parts = [&moments.first, &moments.second, &moments.average];
            for (part, values) in ["first", "second", "average"].iter().zip(parts) {
                keep(part, name, &values.to_data().to_vec::<f32>().unwrap());
            }
        }
    }
    (outcomes, state)
}

/// What each of several ranks comes to.
fn on_ranks(ranks: usize, way: Way) -> Vec<End> {
    std::thread::scope(|scope| {
        let start = |mut job: Job| {
            scope.spawn(move || {
                let end = train(&mut job, way);
                job.leave();
                end
            })
        };
        let threads: Vec<_> = jobs_of_threads(ranks).into_iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn any_number_of_ranks_takes_the_same_steps() {
    let every = [(1, false), (2, false), (3, false), (4, false), (2, true), (3, true)];
    for (rule, precision, jobs) in [
        (UpdateRule::AdamW, Precision::F32, &every[..]),
        (UpdateRule::Muon, Precision::F32, &every[5..]),
        // The factor of the loss is far too large: all ranks compute the first batch again, several times.
        (UpdateRule::AdamW, Precision::F16, &every[5..]),
    ] {
        let way = |shards| Way { rule, precision, shards };
        let (outcomes, state) = train(&mut Job::alone(), way(false));
        assert_eq!(outcomes[0].losses.losses.len(), 3 * PARTS);
        for &(ranks, shards) in jobs {
            for (rank, (others, other)) in on_ranks(ranks, way(shards)).into_iter().enumerate() {
                assert_eq!(outcomes, others, "rank {rank} of {ranks}");
                // Of a sharded state the others have the weights alone.
                let has_all = rank == 0 || !shards;
                assert!(!has_all || other.len() == state.len());
                for (name, bits) in other {
                    assert!(bits == state[&name], "{name} of rank {rank} of {ranks} differs");
                }
            }
        }
    }
}

#[test]
fn a_batch_that_is_not_finite_on_one_rank_changes_nothing_on_any() {
    let way = Way { rule: UpdateRule::AdamW, precision: Precision::F32, shards: true };
    let start = |mut job: Job| {
        std::thread::spawn(move || {
            let place = Place { rank: job.rank(), ranks: 2, shards: way.shards };
            let inner = network().valid();
            let config = OptimizerConfig::default();
            let optimizer = Optimizer::of_some(config, &inner, place.owns(&inner));
            let mut trainer = Trainer::<Train>::new(network(), optimizer, FlexDevice).among(place);
            let share = place.share(2);
            let mut own = vec![batch()];
            if place.rank == 1 {
                own[0].packed.targets[0] = f32::NAN;
            }
            let outcome =
                trainer.step_among(&mut job, (&own, &share), 1e-3, &mut Stopwatch::stopped());
            let outcome = outcome.unwrap();
            let weights = |module| {
                let all = flat_parameters::<Flex>(module).into_values();
                all.map(|of| of.values.into_data().to_vec::<f32>().unwrap()).collect::<Vec<_>>()
            };
            job.leave();
            (outcome.is_finite(), weights(&trainer.inner_network()) == weights(&inner))
        })
    };
    let ranks: Vec<_> = jobs_of_threads(2).into_iter().map(start).collect();
    for rank in ranks {
        assert_eq!(rank.join().unwrap(), (false, true));
    }
}
