//! Images that somebody has asked for.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use axum::body::Bytes;
use pixelflow::pipeline::{Edit, Request};
use serde_json::{Value, json};

use super::event::Event;
use super::event_log::EventLog;
use super::job_id::JobId;

/// Which API a job came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Ours.
    Jobs,
    /// `OpenAI`'s.
    OpenAi,
    /// That of A1111's web UI.
    Automatic,
}

/// What has become of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// None of its images is begun.
    Queued,
    /// Some are.
    Running,
    /// All are there; or drafts, if it was stopped so.
    Done,
    /// They cannot be drawn.
    Failed(String),
    /// Somebody has stopped it.
    Cancelled,
}

impl State {
    /// Its name in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What somebody wants of a job before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// That it ends.
    Cancel = 1,
    /// That it ends, and its images stay as they are predicted now.
    KeepDraft = 2,
}

/// A finished image, or a draft.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// Which one, within the job.
    pub(super) index: usize,
    /// Height in pixels.
    pub(super) height: usize,
    /// Width in pixels.
    pub(super) width: usize,
    /// Network evaluations that it took.
    pub(super) evaluations: usize,
    /// Network calls that it took.
    pub(super) network_calls: usize,
    /// Whether it was stopped before it was clean.
    pub(super) is_draft: bool,
    /// A PNG file, with its recipe unless it is a draft.
    pub(super) png: Bytes,
}

/// Images that somebody has asked for, of one size and sampler.
#[derive(Debug)]
pub(super) struct Job {
    /// Its name.
    pub(super) id: JobId,
    /// What is asked: a request that the model can draw, its size and sampler said, without its [edit](Self::edit).
    pub(super) request: Request,
    /// What its images are called: the class, or the beginning of the prompt.
    pub(super) label: String,
    /// Whether listeners want to see it grow.
    pub(super) previews: bool,
    /// Which API it came by.
    pub(super) origin: Origin,
    /// Images of its size that are drawn at once, at most.
    pub(super) at_once: usize,
    /// What happens to it.
    pub(super) log: EventLog,
    wish: AtomicU8,
    inner: Mutex<Inner>,
}

/// The parts that change.
#[derive(Debug)]
struct Inner {
    state: State,
    /// Images that are begun.
    taken: usize,
    pictures: Vec<Picture>,
    notes: Vec<String>,
    begun: Option<Instant>,
    seconds: f64,
    stage_seconds: Vec<f64>,
    /// The picture that it begins with, until it has ended: pixels are many.
    edit: Option<Edit>,
}

impl Job {
    /// A job that waits.
    pub(super) fn new(
        mut request: Request,
        label: String,
        previews: bool,
        origin: Origin,
        at_once: usize,
    ) -> Self {
        let edit = request.edit.take();
        let inner = Inner {
            state: State::Queued,
            taken: 0,
            pictures: Vec::new(),
            notes: Vec::new(),
            begun: None,
            seconds: 0.0,
            stage_seconds: Vec::new(),
            edit,
        };
        Self {
            id: JobId::random(),
            request,
            label,
            previews,
            origin,
            at_once,
            log: EventLog::default(),
            wish: AtomicU8::new(0),
            inner: Mutex::new(inner),
        }
    }

    /// Images that it is of.
    pub(super) fn images(&self) -> usize {
        self.request.images.len()
    }

    /// The picture that it begins with; none once it has ended.
    pub(super) fn edit(&self) -> Option<Edit> {
        self.inner().edit.clone()
    }

    /// Images that are not begun.
    pub(super) fn untaken(&self) -> usize {
        self.images() - self.inner().taken
    }

    /// The next images that are not begun, `most` at most.
    pub(super) fn take(&self, most: usize) -> Range<usize> {
        let mut inner = self.inner();
        let first = inner.taken;
        inner.taken = self.images().min(first + most);
        inner.state = State::Running;
        inner.begun.get_or_insert_with(Instant::now);
        first..inner.taken
    }

    /// What has become of it.
    pub(super) fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// Whether nothing more becomes of it.
    pub(super) fn has_ended(&self) -> bool {
        !matches!(self.inner().state, State::Queued | State::Running)
    }

    /// Says what somebody wants of it.
    pub(super) fn ask(&self, wish: Wish) {
        self.wish.store(wish as u8, Ordering::SeqCst);
    }

    /// What somebody wants of it.
    pub(super) fn wish(&self) -> Option<Wish> {
        match self.wish.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Wish::Cancel),
            _ => Some(Wish::KeepDraft),
        }
    }

    /// Whether somebody looks at its previews.
    pub(super) fn is_watched(&self) -> bool {
        self.previews && self.log.is_heard()
    }

    /// Seconds since its first image was begun.
    pub(super) fn seconds(&self) -> f64 {
        let inner = self.inner();
        match inner.begun {
            Some(begun) if matches!(inner.state, State::Running) => begun.elapsed().as_secs_f64(),
            _ => inner.seconds,
        }
    }

    /// Adds seconds of a stage.
    pub(super) fn stage_took(&self, stage: usize, seconds: f64) {
        let mut inner = self.inner();
        if inner.stage_seconds.len() <= stage {
            inner.stage_seconds.resize(stage + 1, 0.0);
        }
        inner.stage_seconds[stage] += seconds;
    }

    /// Says something that the user should know, once.
    pub(super) fn note(&self, message: String) {
        let mut inner = self.inner();
        if !inner.notes.contains(&message) {
            inner.notes.push(message.clone());
            drop(inner);
            self.log.add(Event::Note(message));
        }
    }

    /// Adds an image that is finished, or a draft of it; gives whether all are there.
    pub(super) fn add(&self, picture: Picture) -> bool {
        let Picture { index, height, width, is_draft, ref png, .. } = picture;
        let event = Event::Image { index, height, width, is_draft, png: png.clone() };
        let mut inner = self.inner();
        inner.pictures.push(picture);
        let are_all = inner.pictures.len() == self.images();
        drop(inner);
        self.log.add(event);
        are_all
    }

    /// An image, if it is there.
    pub(super) fn picture(&self, index: usize) -> Option<Picture> {
        self.inner().pictures.iter().find(|picture| picture.index == index).cloned()
    }

    /// All images that are there.
    pub(super) fn pictures(&self) -> Vec<Picture> {
        self.inner().pictures.clone()
    }

    /// How many images are there.
    pub(super) fn drawn(&self) -> usize {
        self.inner().pictures.len()
    }

    /// Bytes of its images, and of the picture that it begins with.
    pub(super) fn bytes(&self) -> usize {
        let inner = self.inner();
        let drawn: usize = inner.pictures.iter().map(|picture| picture.png.len()).sum();
        let edited = |edit: &Edit| {
            edit.picture.rgb.len() + edit.mask.as_ref().map_or(0, |mask| mask.grey.len())
        };
        drawn + inner.edit.as_ref().map_or(0, edited)
    }

    /// Ends it, unless it has ended; gives whether it had not.
    pub(super) fn end(&self, state: State) -> bool {
        let mut inner = self.inner();
        if !matches!(inner.state, State::Queued | State::Running) {
            return false;
        }
        inner.seconds = inner.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        inner.state = state.clone();
        inner.edit = None;
        let event = match state {
            State::Failed(message) => Event::Failed(message),
            State::Cancelled => Event::Cancelled,
            _ => Event::Done {
                seconds: inner.seconds,
                stage_seconds: inner.stage_seconds.clone(),
                is_draft: inner.pictures.iter().any(|picture| picture.is_draft),
            },
        };
        drop(inner);
        self.log.add(event);
        true
    }

    /// What the API says of it.
    pub(super) fn json(&self) -> Value {
        let (id, inner) = (self.id, self.inner());
        let picture = |picture: &Picture| {
            let Picture { index, height, width, evaluations, network_calls, is_draft, .. } =
                picture;
            json!({
                "index": index,
                "url": format!("/api/jobs/{id}/images/{index}"),
                "seed": self.request.images[*index].seed,
                "number": self.request.images[*index].number,
                "height": height,
                "width": width,
                "evaluations": evaluations,
                "network_calls": network_calls,
                "draft": is_draft
            })
        };
        let message = match &inner.state {
            State::Failed(message) => Some(message),
            _ => None,
        };
        json!({
            "id": id.to_string(),
            "state": inner.state.name(),
            "message": message,
            "label": self.label,
            "size": self.request.size,
            "sampler": self.request.sampler,
            "count": self.images(),
            "images": inner.pictures.iter().map(picture).collect::<Vec<_>>(),
            "notes": inner.notes,
            "seconds": inner.begun.map(|begun| match inner.state {
                State::Running => begun.elapsed().as_secs_f64(),
                _ => inner.seconds,
            }),
            "stage_seconds": inner.stage_seconds
        })
    }

    /// A panic elsewhere leaves whole values behind.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
