//! The one who draws: round after round, on one device.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{DrawEvent, DrawnImage, Subject, Unseen};
use pixelflow::sampler::{StageStart, StepDone};
use pixelflow_host::device::OnBackend;
use pixelflow_host::output::note;

use super::Server;
use super::engine::{Engine, Steps, open};
use super::event::Event;
use super::job::{Job, Picture, State, Wish};
use super::progress_share::ProgressShare;
use super::round::{Round, Share};
use super::text_memory::TextMemory;
use crate::Result;
use crate::draw::rgb_image;
use crate::picture::png_of;
use crate::recipe::Recipe;

/// Previews come no sooner one after the other, but each stage has one.
const PREVIEW_GAP: Duration = Duration::from_millis(100);
/// How many times as long as a preview takes there is none after it: they cost 2 % of the time.
const PREVIEW_REST: u32 = 50;

/// Opens the model and draws until the server ends.
///
/// # Errors
/// What opening and loading the model says.
pub(super) fn work(server: &Arc<Server>) -> Result<()> {
    server.model.device.run(Work(server))
}

/// Working on whatever backend the user has chosen.
struct Work<'a>(&'a Server);

impl OnBackend for Work<'_> {
    type Output = Result<()>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Result<()> {
        let (server, texts) = (self.0, TextMemory::default());
        Worker::new(server, &|| open::<B>(&server.model, &texts, &device)).run()
    }
}

/// The one who draws.
pub(super) struct Worker<'a> {
    server: &'a Server,
    open: &'a dyn Fn() -> Result<Box<dyn Engine>>,
    /// `None` after a panic: it may be in any state then, and is opened again.
    engine: Option<Box<dyn Engine>>,
}

impl<'a> Worker<'a> {
    /// One with an engine that `open` opens.
    pub(super) fn new(server: &'a Server, open: &'a dyn Fn() -> Result<Box<dyn Engine>>) -> Self {
        Self { server, open, engine: None }
    }

    /// Draws until the server ends.
    ///
    /// # Errors
    /// What opening and loading the model says.
    pub(super) fn run(mut self) -> Result<()> {
        let mut engine = (self.open)()?;
        let began = Instant::now();
        engine.load()?;
        self.engine = Some(engine);
        self.server.board.is_loaded();
        note(format_args!("ready after {:.1} s", began.elapsed().as_secs_f64()));
        while let Some(round) = self.server.board.next_round() {
            self.draw(round);
        }
        Ok(())
    }

    /// Draws a round. If it fails, its jobs are drawn one by one, so that only those fail that cannot be
    /// drawn.
    fn draw(&mut self, round: Round) {
        let Err(reason) = self.try_round(&round) else {
            return;
        };
        if let [share] = round.shares.as_slice() {
            self.end(&share.job, State::Failed(reason));
            return;
        }
        for round in round.one_by_one() {
            self.draw(round);
        }
    }

    /// Draws a round; what goes wrong is said in words, a panic too.
    fn try_round(&mut self, round: &Round) -> std::result::Result<(), String> {
        let began = Instant::now();
        let drawn = catch_unwind(AssertUnwindSafe(|| self.draw_round(round)));
        self.engine.iter_mut().for_each(|engine| engine.forget_texts());
        match drawn {
            Ok(Ok(drawn)) => {
                // One that everybody has left says nothing of how long drawing takes.
                if drawn > 0 {
                    self.server.metrics.round(drawn, began.elapsed().as_secs_f64());
                }
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => {
                self.engine = None;
                Err(format!("drawing broke down: {}", words(panic)))
            }
        }
    }

    /// Draws a round; gives how many images are finished.
    fn draw_round(&mut self, round: &Round) -> Result<usize> {
        let engine = match &mut self.engine {
            Some(engine) => engine,
            none => none.insert((self.open)()?),
        };
        let request = round.request();
        let checked = request.check(&self.server.model.source.description)?;
        let mut drawing = engine.draw(&request)?;
        say_unseen(round, &engine.unseen()?);
        let provenance = engine.provenance(&request)?;
        let recipe = |job: &Job, index: usize| self.server.model.recipe(job, index, &provenance);
        for Share { job, images } in &round.shares {
            let (first, images, together) = (images.start, images.len(), round.images());
            job.log.add(Event::Started { first, images, together });
        }
        let begin = request.edit.as_ref().map(|edit| edit.begin);
        let mut watch = Watch::new(round, ProgressShare::new(checked.sampler(), begin));
        let mut finished = 0;
        loop {
            if !self.attend(&watch, drawing.as_mut())? {
                return Ok(finished);
            }
            match drawing.next_event()? {
                Some(DrawEvent::Stage(start)) => watch.stage(start),
                Some(DrawEvent::Step(done)) => watch.step(done, drawing.as_mut())?,
                Some(DrawEvent::Finished(count)) => {
                    finished += count;
                    for image in drawing.finished() {
                        let (share, index) = round.place(image.index);
                        if !share.job.has_ended() {
                            let recipe = recipe(&share.job, index);
                            self.add(&share.job, picture(image, index, Some(&recipe)));
                        }
                    }
                }
                None => return Ok(finished),
            }
        }
    }

    /// Does what somebody wants of the jobs of a round; gives whether one is left that is to be drawn.
    fn attend(&self, watch: &Watch<'_>, drawing: &mut dyn Steps) -> Result<bool> {
        let jobs = || watch.round.shares.iter().filter(|share| !share.job.has_ended());
        for share in jobs().filter(|share| share.job.wish() == Some(Wish::Cancel)) {
            self.end(&share.job, State::Cancelled);
        }
        let keeps = |share: &&Share| share.job.wish() == Some(Wish::KeepDraft);
        // Before the first step there is nothing to keep.
        if watch.has_stepped && jobs().any(|share| keeps(&share)) {
            let previews = drawing.preview()?;
            for share in jobs().filter(keeps).collect::<Vec<_>>() {
                for preview in &previews {
                    let (of, index) = watch.round.place(preview.index);
                    if of.job.id == share.job.id {
                        let draft =
                            Picture { is_draft: true, ..picture(preview.clone(), index, None) };
                        self.add(&share.job, draft);
                    }
                }
                self.end(&share.job, State::Done);
            }
        }
        Ok(jobs().next().is_some())
    }

    /// Adds an image to its job, which it may finish.
    fn add(&self, job: &Arc<Job>, picture: Picture) {
        self.server.metrics.image(picture.png.len());
        if job.add(picture) {
            self.end(job, State::Done);
        }
    }

    fn end(&self, job: &Arc<Job>, state: State) {
        let is_done = state == State::Done;
        if self.server.board.end(job, state) && is_done {
            self.server.metrics.job(job.seconds());
        }
    }
}

/// What a panic says.
pub(super) fn words(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no reason is known".to_owned())
}

/// Tells the jobs of a round how far they have come.
struct Watch<'a> {
    round: &'a Round,
    share: ProgressShare,
    stage: Option<(StageStart, Instant)>,
    has_stepped: bool,
    /// Whether there was a preview in the stage.
    is_seen: bool,
    /// When the next preview may be.
    next_preview: Instant,
}

impl<'a> Watch<'a> {
    fn new(round: &'a Round, share: ProgressShare) -> Self {
        Self {
            round,
            share,
            stage: None,
            has_stepped: false,
            is_seen: false,
            next_preview: Instant::now(),
        }
    }

    /// The jobs that are not ended.
    fn jobs(&self) -> impl Iterator<Item = &'a Share> {
        self.round.shares.iter().filter(|share| !share.job.has_ended())
    }

    fn stage(&mut self, start: StageStart) {
        self.stage = Some((start, Instant::now()));
        self.is_seen = false;
        let StageStart { stage, stages, height, width, steps } = start;
        for share in self.jobs() {
            share.job.log.add(Event::Stage { stage, stages, height, width, steps });
        }
    }

    fn step(&mut self, done: StepDone, drawing: &mut dyn Steps) -> Result<()> {
        self.has_stepped = true;
        let StepDone { stage, step, time, evaluations, stage_is_done } = done;
        let steps = self.stage.and_then(|(start, _)| start.steps);
        let within = steps.map_or(time, |steps| step as f64 / steps as f64);
        let of_round = self.share.at(stage, if stage_is_done { 1.0 } else { within });
        for Share { job, images } in self.jobs() {
            if let (true, Some((_, began))) = (stage_is_done, self.stage) {
                job.stage_took(stage, began.elapsed().as_secs_f64());
            }
            let done = images.start as f64 + images.len() as f64 * of_round;
            let (share, seconds) = (done / job.images() as f64, job.seconds());
            let eta_seconds = seconds * (1.0 - share) / share.max(f64::EPSILON);
            job.log.add(Event::Step {
                stage,
                step,
                time,
                evaluations,
                share,
                seconds,
                eta_seconds,
            });
        }
        let now = Instant::now();
        // Every stage is seen once; within it that costs no network call, at its end it may.
        let is_late = stage_is_done || steps.is_some_and(|steps| step + 1 >= steps);
        let is_time = !stage_is_done && now >= self.next_preview;
        let is_due = is_time || is_late && !self.is_seen;
        if !is_due || !self.jobs().any(|share| share.job.is_watched()) {
            return Ok(());
        }
        self.is_seen = true;
        for preview in drawing.preview()? {
            let (Share { job, .. }, index) = self.round.place(preview.index);
            if job.is_watched() && !job.has_ended() {
                let Picture { height, width, png, .. } = picture(preview, index, None);
                job.log.add(Event::Preview { index, stage, height, width, png });
            }
        }
        self.next_preview = Instant::now() + PREVIEW_GAP.max(now.elapsed() * PREVIEW_REST);
        Ok(())
    }
}

/// An image as a PNG file.
fn picture(image: DrawnImage, index: usize, recipe: Option<&Recipe>) -> Picture {
    let DrawnImage { height, width, evaluations, network_calls, .. } = image;
    let png = Bytes::from(png_of(&rgb_image(image), recipe));
    Picture { index, height, width, evaluations, network_calls, is_draft: false, png }
}

/// Tells each job which of its own texts are too long, and which of their words are not known.
fn say_unseen(round: &Round, unseen: &Unseen) {
    for Share { job, .. } in &round.shares {
        // All images of a job are of one subject.
        let Subject::Prompt { prompt, negative } = &job.request.images[0].subject else { return };
        unseen.notes(prompt, negative).into_iter().for_each(|note| job.note(note));
    }
}
