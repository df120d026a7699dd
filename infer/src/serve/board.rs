//! The jobs that wait, those that are drawn, and those that have ended.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::event::Event;
use super::job::{Job, State, Wish};
use super::job_id::JobId;
use super::round::{Round, Share, go_together};

/// Bytes of finished images and their originals that are kept, at most, and of originals that wait.
const MOST_BYTES: usize = 512 << 20;
/// Ended jobs whose names are remembered.
const MOST_NAMES: usize = 4096;

/// How far the server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The model is being read.
    Loading,
    /// It draws.
    Ready,
    /// It finishes what it has.
    Ending,
}

/// Why a job is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// So many images wait.
    Full(usize),
    /// The server ends.
    Ending,
}

/// What is known of a name.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// The job.
    Job(Arc<Job>),
    /// There was one.
    Forgotten,
    /// There is none.
    Nothing,
}

/// The jobs.
#[derive(Debug)]
pub(super) struct Board {
    queue: usize,
    keep: usize,
    jobs: Mutex<Jobs>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    all: HashMap<JobId, Arc<Job>>,
    /// Those that have images to begin.
    waiting: VecDeque<Arc<Job>>,
    /// Those whose images are being drawn.
    drawn: Vec<Arc<Job>>,
    /// Those that have ended and are kept, the oldest first.
    ended: VecDeque<Arc<Job>>,
    /// Names of those that are not kept any more.
    forgotten: VecDeque<JobId>,
    is_loaded: bool,
    is_closed: bool,
    worker_is_gone: bool,
    given_up: usize,
    counts: Counts,
}

/// How many jobs there have been, and are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Jobs that wait whole.
    pub(super) queued: usize,
    /// Jobs of which something is drawn.
    pub(super) running: usize,
    /// Jobs that were finished.
    pub(super) done: usize,
    /// Jobs that could not be drawn.
    pub(super) failed: usize,
    /// Jobs that somebody has stopped.
    pub(super) cancelled: usize,
    /// Images that wait.
    pub(super) waiting_images: usize,
    /// Finished images that are kept.
    pub(super) kept_images: usize,
    /// Their bytes.
    pub(super) kept_bytes: usize,
}

impl Board {
    /// Without jobs; for `queue` images that wait, and `keep` that are kept.
    pub(super) fn new(queue: usize, keep: usize) -> Self {
        Self { queue, keep, jobs: Mutex::default(), news: Condvar::new() }
    }

    /// Takes a job.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(super) fn submit(&self, job: Job) -> Result<Arc<Job>, NotTaken> {
        let mut jobs = self.jobs();
        if jobs.is_closed {
            return Err(NotTaken::Ending);
        }
        let waiting = jobs.waiting_images();
        let bytes = |jobs: &VecDeque<Arc<Job>>| jobs.iter().map(|job| job.bytes()).sum::<usize>();
        if waiting + job.images() > self.queue || bytes(&jobs.waiting) + job.bytes() > MOST_BYTES {
            return Err(NotTaken::Full(waiting));
        }
        let job = Arc::new(job);
        jobs.all.insert(job.id, Arc::clone(&job));
        jobs.waiting.push_back(Arc::clone(&job));
        let position = jobs.waiting.len();
        job.log.add(Event::Queued { position, images_ahead: waiting });
        self.news.notify_all();
        Ok(job)
    }

    /// The job of a name.
    pub(super) fn find(&self, id: JobId) -> Found {
        let jobs = self.jobs();
        match jobs.all.get(&id) {
            Some(job) => Found::Job(Arc::clone(job)),
            None if jobs.forgotten.contains(&id) => Found::Forgotten,
            None => Found::Nothing,
        }
    }

    /// The next images to draw, once there are some; `None` when the server ends and all are begun.
    pub(super) fn next_round(&self) -> Option<Round> {
        let mut jobs = self.jobs();
        for job in std::mem::take(&mut jobs.drawn) {
            // Somebody's wish may have come after the last step.
            if let Some(wish) = job.wish() {
                self.end_in(&mut jobs, &job, ended_by(wish, &job));
            }
        }
        loop {
            if !jobs.waiting.is_empty() {
                return Some(jobs.take_round());
            }
            if jobs.is_closed {
                return None;
            }
            jobs = self.news.wait(jobs).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Says what somebody wants of a job; one that is not begun ends here.
    pub(super) fn ask(&self, job: &Arc<Job>, wish: Wish) {
        let mut jobs = self.jobs();
        if job.has_ended() {
            return;
        }
        job.ask(wish);
        jobs.waiting.retain(|waiting| waiting.id != job.id);
        if !jobs.drawn.iter().any(|drawn| drawn.id == job.id) {
            self.end_in(&mut jobs, job, ended_by(wish, job));
        }
        jobs.tell_places();
    }

    /// Ends a job, unless it has ended; gives whether it does.
    pub(super) fn end(&self, job: &Arc<Job>, state: State) -> bool {
        self.end_in(&mut self.jobs(), job, state)
    }

    fn end_in(&self, jobs: &mut Jobs, job: &Arc<Job>, state: State) -> bool {
        let count = match state {
            State::Failed(_) => &mut jobs.counts.failed,
            State::Cancelled => &mut jobs.counts.cancelled,
            _ => &mut jobs.counts.done,
        };
        if !job.end(state) {
            return false;
        }
        *count += 1;
        jobs.waiting.retain(|waiting| waiting.id != job.id);
        jobs.ended.push_back(Arc::clone(job));
        while jobs.is_overfull(self.keep) {
            let Some(oldest) = jobs.ended.pop_front() else { break };
            jobs.all.remove(&oldest.id);
            jobs.forgotten.push_back(oldest.id);
            if jobs.forgotten.len() > MOST_NAMES {
                jobs.forgotten.pop_front();
            }
        }
        true
    }

    /// The jobs that are drawn or wait and have this property.
    pub(super) fn unfinished(&self, is_meant: impl Fn(&Job) -> bool) -> Vec<Arc<Job>> {
        let jobs = self.jobs();
        let all = jobs.drawn.iter().chain(&jobs.waiting);
        let mut found: Vec<Arc<Job>> = Vec::new();
        for job in all.filter(|job| !job.has_ended() && is_meant(job)) {
            if found.iter().all(|known| known.id != job.id) {
                found.push(Arc::clone(job));
            }
        }
        found
    }

    /// How many jobs there have been, and are.
    pub(super) fn counts(&self) -> Counts {
        let jobs = self.jobs();
        let open = jobs.all.values().map(|job| job.state());
        let [queued, running] = open.fold([0, 0], |[queued, running], state| match state {
            State::Queued => [queued + 1, running],
            State::Running => [queued, running + 1],
            _ => [queued, running],
        });
        Counts {
            queued,
            running,
            waiting_images: jobs.waiting_images(),
            kept_images: jobs.ended.iter().map(|job| job.drawn()).sum(),
            kept_bytes: jobs.kept_bytes(),
            ..jobs.counts
        }
    }

    /// How far the server has come.
    pub(super) fn phase(&self) -> Phase {
        let jobs = self.jobs();
        match (jobs.is_closed, jobs.is_loaded) {
            (true, _) => Phase::Ending,
            (false, false) => Phase::Loading,
            (false, true) => Phase::Ready,
        }
    }

    /// The model is read.
    pub(super) fn is_loaded(&self) {
        self.jobs().is_loaded = true;
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        self.jobs().is_closed = true;
        self.news.notify_all();
    }

    /// The worker has ended: what waits is drawn by nobody.
    pub(super) fn worker_is_gone(&self) {
        let mut jobs = self.jobs();
        (jobs.is_closed, jobs.worker_is_gone) = (true, true);
        drop(jobs);
        self.give_up("the server has ended before the images were drawn");
    }

    /// Whether the worker has ended.
    pub(super) fn has_no_worker(&self) -> bool {
        self.jobs().worker_is_gone
    }

    /// Ends all jobs, with this reason.
    pub(super) fn give_up(&self, reason: &str) {
        let left = self.unfinished(|_| true);
        self.jobs().given_up += left.len();
        for job in left {
            job.ask(Wish::Cancel);
            self.end(&job, State::Failed(reason.to_owned()));
        }
    }

    /// Jobs that were ended so.
    pub(super) fn given_up(&self) -> usize {
        self.jobs().given_up
    }

    /// A panic elsewhere leaves whole values behind.
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Jobs {
    fn waiting_images(&self) -> usize {
        self.waiting.iter().map(|job| job.untaken()).sum()
    }

    fn kept_bytes(&self) -> usize {
        self.ended.iter().map(|job| job.bytes()).sum()
    }

    /// Whether more is kept than may be; a job without images counts as one.
    fn is_overfull(&self, keep: usize) -> bool {
        let images = |job: &Arc<Job>| job.drawn().max(1);
        self.ended.len() > 1
            && (self.ended.iter().map(images).sum::<usize>() > keep
                || self.kept_bytes() > MOST_BYTES)
    }

    /// The images of the first job, and of those behind it that go with it, as many as are drawn at once.
    fn take_round(&mut self) -> Round {
        let first = Arc::clone(&self.waiting[0]);
        let (mut room, mut shares) = (first.at_once, Vec::new());
        for job in &self.waiting {
            if room > 0 && go_together(job, &first) {
                let images = job.take(room);
                room -= images.len();
                shares.push(Share { job: Arc::clone(job), images });
            }
        }
        self.waiting.retain(|job| job.untaken() > 0);
        self.drawn = shares.iter().map(|share| Arc::clone(&share.job)).collect();
        self.tell_places();
        Round { shares }
    }

    /// Tells the jobs that wait whole where they stand.
    fn tell_places(&self) {
        let mut images_ahead = 0;
        for (place, job) in self.waiting.iter().enumerate() {
            if job.state() == State::Queued {
                job.log.add(Event::Queued { position: place + 1, images_ahead });
            }
            images_ahead += job.untaken();
        }
    }
}
/// What becomes of a job that nothing is drawn of at this moment: whoever keeps drafts keeps finished images too.
fn ended_by(wish: Wish, job: &Job) -> State {
    if wish == Wish::KeepDraft && job.drawn() > 0 { State::Done } else { State::Cancelled }
}
