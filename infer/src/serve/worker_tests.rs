//! The worker with a pipeline that does as its requests' seeds say.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pixelflow::NumberFormat;
use pixelflow::pipeline::{
    DrawEvent, DrawnImage, Edit, ImageRequest, Picture, Provenance, Request, Subject, Unseen,
};
use pixelflow::sampler::{SamplerConfig, StageStart, StepDone};
use pixelflow_host::device::{Device, DeviceKind};

use super::board::{Board, Found, NotTaken};
use super::engine::{Engine, Steps};
use super::event::Event;
use super::job::{Job, Origin, State, Wish};
use super::metrics::Metrics;
use super::worker::Worker;
use super::{ServedModel, Server, Settings};
use crate::model_source::ModelSource;

/// Images of these seeds do not come to their end.
const PANICS: u64 = 13;
const FAILS: u64 = 14;
/// At the first step of these, somebody stops the job.
const IS_CANCELLED: u64 = 15;
const IS_KEPT: u64 = 16;

pub(super) fn server(queue: usize, keep: usize) -> Arc<Server> {
    let settings = Settings {
        host: [127, 0, 0, 1].into(),
        port: 0,
        allowed_hosts: vec![],
        token: None,
        queue,
        keep,
        grace: Duration::ZERO,
    };
    let source = ModelSource::demo().unwrap();
    let model = ServedModel {
        source,
        guide: None,
        sampler: SamplerConfig::default(),
        device: Device { kind: DeviceKind::Cpu, index: None },
        format: NumberFormat::F32,
        text_encoder: None,
        text_format: NumberFormat::F32,
        free: None,
        batch: 8,
        max_pixels: 1 << 20,
        max_steps: 500,
    };
    let board = Board::new(queue, keep);
    Arc::new(Server { settings, model, board, metrics: Metrics::default() })
}

fn job(seed: u64, count: usize, steps: usize) -> Job {
    let image = ImageRequest { subject: Subject::Class(0), seed, number: 0 };
    let sampler = SamplerConfig { steps: vec![steps], ..SamplerConfig::default() };
    let request = Request::new(vec![image]).count(count).size([16, 16]).sampler(sampler);
    Job::new(request, "a".to_owned(), true, Origin::Jobs, 8)
}

fn submit(server: &Server, seed: u64, count: usize) -> Arc<Job> {
    server.board.submit(job(seed, count, 2)).unwrap()
}

/// Draws all that waits; gives the seeds of each round, and how often the engine was opened.
fn drawn(server: &Arc<Server>) -> (Vec<Vec<u64>>, usize) {
    let (rounds, opened) = (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0));
    let open = || -> crate::Result<Box<dyn Engine>> {
        opened.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Fake { server: Arc::clone(server), rounds: Arc::clone(&rounds) }))
    };
    server.board.close();
    Worker::new(server, &open).run().unwrap();
    let rounds = rounds.lock().unwrap().clone();
    (rounds, opened.into_inner())
}

fn names(job: &Job) -> Vec<&'static str> {
    job.log.after(0).iter().map(|entry| entry.event.name()).collect()
}

#[test]
fn jobs_that_go_together_are_one_round_and_others_wait() {
    let server = server(64, 256);
    let jobs: Vec<_> = (0..7).map(|seed| submit(&server, seed, 1)).collect();
    let other = server.board.submit(job(50, 1, 3)).unwrap();
    let large = submit(&server, 60, 10);
    let (rounds, opened) = drawn(&server);
    let expected = [vec![0, 1, 2, 3, 4, 5, 6, 60], vec![50], vec![60; 8], vec![60; 1]];
    assert_eq!((rounds, opened), (expected.to_vec(), 1));
    for job in jobs.iter().chain([&other, &large]) {
        assert_eq!(job.state(), State::Done);
        let images: Vec<usize> = job.pictures().iter().map(|picture| picture.index).collect();
        assert_eq!(images, (0..job.images()).collect::<Vec<_>>());
    }
    assert_eq!(
        names(&jobs[0]),
        ["queued", "started", "stage", "step", "stage", "step", "image", "done"]
    );
}

#[test]
fn what_one_job_does_wrong_fails_that_job_alone() {
    let server = server(64, 256);
    let jobs = [1, PANICS, FAILS, 2].map(|seed| submit(&server, seed, 1));
    let (rounds, opened) = drawn(&server);
    assert_eq!(rounds, [vec![1, PANICS, FAILS, 2], vec![1], vec![PANICS], vec![FAILS], vec![2]]);
    // It may be in any state after a panic: the round's, and that of the job alone.
    assert_eq!(opened, 3);
    let failed = |reason: &str| State::Failed(reason.to_owned());
    let expected = [
        State::Done,
        failed("drawing broke down: seed 13"),
        failed("the device failed: seed 14"),
        State::Done,
    ];
    assert_eq!(jobs.each_ref().map(|job| job.state()), expected);
    assert_eq!(jobs[0].pictures().len(), 1);
    let counts = server.board.counts();
    assert_eq!((counts.done, counts.failed, counts.running), (2, 2, 0));
}

#[test]
fn a_stopped_job_leaves_its_round_at_the_next_step() {
    let server = server(64, 256);
    let jobs = [1, IS_CANCELLED, IS_KEPT].map(|seed| submit(&server, seed, 1));
    let (rounds, _) = drawn(&server);
    assert_eq!(rounds.len(), 1);
    assert_eq!(jobs[0].state(), State::Done);
    assert_eq!((jobs[1].state(), jobs[1].pictures().len()), (State::Cancelled, 0));
    assert_eq!(names(&jobs[1]), ["queued", "started", "stage", "step", "cancelled"]);
    // What is kept is the image as it was predicted in the first stage.
    let kept = jobs[2].picture(0).unwrap();
    assert_eq!((jobs[2].state(), kept.is_draft, kept.height), (State::Done, true, 8));
    assert_eq!(names(&jobs[2]), ["queued", "started", "stage", "step", "image", "done"]);
    assert!(!jobs[0].picture(0).unwrap().is_draft);
}

#[test]
fn a_job_that_waits_ends_at_once() {
    let server = server(64, 256);
    let [first, second] = [1, 2].map(|seed| submit(&server, seed, 1));
    server.board.ask(&first, Wish::Cancel);
    assert_eq!(first.state(), State::Cancelled);
    let entries = second.log.after(0);
    assert_eq!(entries[0].event, Event::Queued { position: 1, images_ahead: 0 });
    assert_eq!(drawn(&server).0, [[2]]);
}

#[test]
fn every_stage_is_seen_by_those_who_look_and_by_nobody_else() {
    let server = server(64, 256);
    let [seen, unseen] = [1, 2].map(|seed| submit(&server, seed, 1));
    let listener = seen.log.listen();
    drawn(&server);
    let stages = |job: &Job| -> Vec<usize> {
        let stage = |entry: super::event_log::Entry| match entry.event {
            Event::Preview { stage, .. } => Some(stage),
            _ => None,
        };
        job.log.after(0).into_iter().filter_map(stage).collect()
    };
    assert_eq!((stages(&seen), stages(&unseen)), (vec![0, 1], vec![]));
    drop(listener);
}

#[test]
fn the_queue_and_what_is_kept_have_bounds() {
    let server = server(3, 2);
    let jobs: Vec<_> = (0..3).map(|seed| submit(&server, seed, 1)).collect();
    assert_eq!(server.board.submit(job(9, 1, 2)).unwrap_err(), NotTaken::Full(3));
    drawn(&server);
    assert!(matches!(server.board.find(jobs[0].id), Found::Forgotten));
    assert!(matches!(server.board.find(jobs[2].id), Found::Job(_)));
    assert_eq!(server.board.counts().kept_images, 2);
    assert_eq!(server.board.submit(job(9, 1, 2)).unwrap_err(), NotTaken::Ending);
}

#[test]
fn pictures_that_wait_to_be_edited_have_a_bound_together() {
    let server = server(64, 256);
    let picture = Picture::new([6000, 5000], vec![0; 3 * 6000 * 5000]);
    let edit = || {
        let request = job(1, 1, 2).request.clone().edit(Edit::of(picture.clone()));
        Job::new(request, "a".to_owned(), true, Origin::Jobs, 8)
    };
    let taken = (0..7).take_while(|_| server.board.submit(edit()).is_ok()).count();
    assert_eq!(taken, 5, "of 90 MB each");
    assert_eq!(server.board.submit(edit()).unwrap_err(), NotTaken::Full(5));
    submit(&server, 1, 1);
}

#[test]
fn what_is_given_up_says_why() {
    let server = server(3, 2);
    let job = submit(&server, 1, 1);
    server.board.give_up("no time");
    assert_eq!(job.state(), State::Failed("no time".to_owned()));
    assert_eq!((server.board.given_up(), names(&job).pop()), (1, Some("failed")));
}

/// A pipeline whose drawings have two stages of one step.
struct Fake {
    server: Arc<Server>,
    rounds: Arc<Mutex<Vec<Vec<u64>>>>,
}

impl Engine for Fake {
    fn load(&mut self) -> pixelflow::Result<()> {
        Ok(())
    }

    fn draw(&mut self, request: &Request) -> pixelflow::Result<Box<dyn Steps>> {
        let seeds: Vec<u64> = request.images.iter().map(|image| image.seed).collect();
        self.rounds.lock().unwrap().push(seeds.clone());
        Ok(Box::new(FakeSteps { server: Arc::clone(&self.server), seeds, event: 0 }))
    }

    fn provenance(&self, request: &Request) -> pixelflow::Result<Provenance> {
        let provenance = serde_json::json!({
            "model": "fake", "weights": "ema", "model_hash": "", "sampler": request.sampler,
            "dtype": "f32", "height": 16, "width": 16
        });
        Ok(serde_json::from_value(provenance).unwrap())
    }

    fn unseen(&self) -> pixelflow::Result<Unseen> {
        Ok(Unseen::default())
    }

    fn forget_texts(&mut self) {}
}

struct FakeSteps {
    server: Arc<Server>,
    seeds: Vec<u64>,
    event: usize,
}

impl FakeSteps {
    fn images(&self, side: usize) -> Vec<DrawnImage> {
        let image = |index| DrawnImage {
            index,
            height: side,
            width: side,
            rgb: vec![0; side * side * 3],
            evaluations: 1,
            network_calls: 1,
        };
        (0..self.seeds.len()).map(image).collect()
    }
}

impl Steps for FakeSteps {
    fn next_event(&mut self) -> pixelflow::Result<Option<DrawEvent>> {
        let (stage, is_step) = (self.event / 2, self.event % 2 == 1);
        self.event += 1;
        if stage == 2 {
            let images = self.seeds.len();
            return Ok((!is_step).then_some(DrawEvent::Finished(images)));
        }
        if !is_step {
            let side = 8 << stage;
            let start = StageStart { stage, stages: 2, height: side, width: side, steps: Some(1) };
            return Ok(Some(DrawEvent::Stage(start)));
        }
        if let Some(seed) = self.seeds.iter().find(|seed| [PANICS, FAILS].contains(seed)) {
            assert!(self.seeds.iter().all(|seed| *seed != PANICS), "seed {PANICS}");
            return Err(pixelflow::Error::Device { reason: format!("seed {seed}") });
        }
        for (seed, wish) in [(IS_CANCELLED, Wish::Cancel), (IS_KEPT, Wish::KeepDraft)] {
            let is_meant = |job: &Job| job.request.images[0].seed == seed && job.untaken() == 0;
            for job in self.server.board.unfinished(is_meant) {
                self.server.board.ask(&job, wish);
            }
        }
        let done = StepDone { stage, step: 1, time: 1.0, evaluations: 1, stage_is_done: true };
        Ok(Some(DrawEvent::Step(done)))
    }

    fn preview(&mut self) -> pixelflow::Result<Vec<DrawnImage>> {
        Ok(self.images(8 << ((self.event - 1) / 2)))
    }

    fn finished(&mut self) -> Vec<DrawnImage> {
        self.images(16)
    }
}
