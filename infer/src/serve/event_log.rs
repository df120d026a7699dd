//! The events of a job, for those who come late too.

use std::sync::{Mutex, MutexGuard};

use tokio::sync::watch;

use super::event::Event;

/// An event with its number in the log, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The number.
    pub(super) id: u64,
    /// What happened.
    pub(super) event: Event,
}

/// The events of a job, without those that a later one [replaces](Event::replaces).
///
/// Who listens reads what is there, then waits for more. Who reads slowly misses what was replaced
/// meanwhile, and holds nobody up.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    entries: Mutex<Vec<Entry>>,
    /// The number of the newest one.
    newest: watch::Sender<u64>,
}

impl EventLog {
    /// Adds an event; after the last one there are no more.
    pub(super) fn add(&self, event: Event) {
        let mut entries = self.entries();
        if ended(&entries) {
            return;
        }
        // Of a job that has failed or was stopped nobody looks at previews.
        let is_lost = matches!(event, Event::Failed(_) | Event::Cancelled);
        entries.retain(|Entry { event: earlier, .. }| {
            let is_over = is_lost && matches!(earlier, Event::Preview { .. });
            !is_over && !event.replaces(earlier)
        });
        let id = *self.newest.borrow() + 1;
        entries.push(Entry { id, event });
        // While the entries are held: no two events have one number.
        self.newest.send_replace(id);
    }

    /// The events after number `id`.
    pub(super) fn after(&self, id: u64) -> Vec<Entry> {
        self.entries().iter().filter(|entry| entry.id > id).cloned().collect()
    }

    /// Tells of every new event.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Whether nothing comes any more.
    pub(super) fn is_over(&self) -> bool {
        ended(&self.entries())
    }

    /// Whether somebody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.newest.receiver_count() > 0
    }

    /// A panic elsewhere leaves whole events behind.
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether the last event is among these.
fn ended(entries: &[Entry]) -> bool {
    entries.last().is_some_and(|entry| entry.event.is_last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;

    fn preview(index: usize, stage: usize, png: &'static str) -> Event {
        Event::Preview { index, stage, height: 8, width: 8, png: Bytes::from(png) }
    }

    #[test]
    fn a_late_listener_gets_the_newest_preview_of_each_stage_and_all_that_stays_true() {
        let queued = |position| Event::Queued { position, images_ahead: 0 };
        let kept_before = |last: Event| {
            let log = EventLog::default();
            let previews = [(0, 0, "a"), (1, 0, "b"), (0, 0, "c"), (0, 1, "d")];
            let previews = previews.map(|(index, stage, png)| preview(index, stage, png));
            for event in [queued(2), queued(1)].into_iter().chain(previews).chain([last, queued(7)])
            {
                log.add(event);
            }
            let kept = log.after(0).into_iter().map(|entry| (entry.id, entry.event));
            (kept.collect::<Vec<_>>(), log)
        };
        let done = Event::Done { seconds: 1.0, stage_seconds: vec![1.0], is_draft: false };
        let (kept, log) = kept_before(done.clone());
        let expected = [
            (2, queued(1)),
            (4, preview(1, 0, "b")),
            (5, preview(0, 0, "c")),
            (6, preview(0, 1, "d")),
            (7, done),
        ];
        assert_eq!(kept, expected);
        assert_eq!(log.after(5).len(), 2);
        // Of a job that was stopped nobody looks at previews.
        assert_eq!(kept_before(Event::Cancelled).0, [(2, queued(1)), (7, Event::Cancelled)]);
        assert!(!log.is_heard());
        let listener = log.listen();
        assert!(log.is_heard());
        drop(listener);
        assert!(!log.is_heard());
    }
}
