//! `report.html`: all that is known about a run on one page, beside its metrics.
//!
//! An observer writes it anew when a preview, a validation, a measurement or a checkpoint comes, from what is on the disk:
//! a run that was killed and goes on has it back. [`contents`] puts the sections in order.

mod contents;
mod curves;
mod events;
mod facts;
mod headline;
mod previews;
mod reference;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pixelflow::durable;

use crate::Result;
use crate::error::write_error;
use crate::metrics::Record;
use crate::observer::TrainObserver;
use crate::preview::Preview;
use crate::run_folder::RunFolder;
use crate::sessions::{SessionRecord, add_session};
use contents::contents;
use previews::Pictures;
pub use previews::step_of;

/// The page.
pub const REPORT: &str = "report.html";
/// Share of a run's time that writing the page may take; its beginning and its end are written in any case.
const SHARE: f64 = 0.02;

/// Writes the report of a run, and notes its sessions.
#[derive(Debug)]
pub struct RunReport {
    folder: PathBuf,
    /// The session that begins.
    session: Option<SessionRecord>,
    /// The last step that is known.
    step: u64,
    pictures: Pictures,
    clock: Clock,
}

impl RunReport {
    /// The report of the run in `folder`, of which a session begins.
    pub fn new(folder: &Path, session: SessionRecord) -> Self {
        let step = session.step;
        let (folder, session, pictures) = (folder.to_owned(), Some(session), Pictures::default());
        Self { folder, session, step, pictures, clock: Clock::new() }
    }

    /// Writes the page if there is time for it.
    fn refresh(&mut self, step: u64) -> Result<()> {
        self.step = self.step.max(step);
        if self.clock.has_time() { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        let begun = Instant::now();
        let written = self.page().and_then(|page| {
            let path = self.folder.join(REPORT);
            durable::write_bytes(&path, page.as_bytes()).map_err(write_error(&path))
        });
        self.clock.add(begun.elapsed());
        written
    }

    fn page(&mut self) -> Result<String> {
        let run = RunFolder::read(&self.folder)?;
        let pictures = self.pictures.of(&self.folder, self.step)?;
        Ok(contents(&run, self.step, &pictures))
    }
}

impl TrainObserver for RunReport {
    fn begun(&mut self) -> Result<()> {
        let added = self.session.take().map(|session| add_session(&self.folder, &session));
        let written = self.write();
        // The page is tried again, and its error said then.
        added.unwrap_or(Ok(())).and(written)
    }

    fn record(&mut self, record: &Record) -> Result<()> {
        match record {
            Record::Validation(_) | Record::Evaluation(_) | Record::Rollback(_) => {
                self.refresh(record.step())
            }
            _ => {
                self.step = self.step.max(record.step());
                Ok(())
            }
        }
    }

    fn preview(&mut self, step: u64, _preview: &Preview) -> Result<()> {
        self.refresh(step)
    }

    fn saved(&mut self, step: u64, _checkpoint: &Path) -> Result<()> {
        self.refresh(step)
    }

    fn ended(&mut self) -> Result<()> {
        self.write()
    }
}

/// What writing has taken of the time since the session began.
#[derive(Debug)]
struct Clock {
    begun: Instant,
    spent: Duration,
    /// What writing has taken the last time.
    last: Duration,
}

impl Clock {
    fn new() -> Self {
        Self { begun: Instant::now(), spent: Duration::ZERO, last: Duration::ZERO }
    }

    fn add(&mut self, taken: Duration) {
        self.spent += taken;
        self.last = taken;
    }

    /// Whether writing once more would stay within the share.
    fn has_time(&self) -> bool {
        (self.spent + self.last).as_secs_f64() <= SHARE * self.begun.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_takes_its_share_of_the_time_and_no_more() {
        let mut clock = Clock::new();
        assert!(clock.has_time(), "what has never been written may be");
        clock.add(Duration::from_secs(1));
        assert!(!clock.has_time());
        // Two seconds in all are a fiftieth of a hundred.
        let Some(before) = Instant::now().checked_sub(Duration::from_secs(101)) else { return };
        clock.begun = before;
        assert!(clock.has_time());
        clock.add(Duration::from_secs(1));
        assert!(!clock.has_time());
    }
}
