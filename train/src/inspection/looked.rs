//! What looking at all images of a data set has shown.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Instant;

use pixelflow_dataset::Source;
use pixelflow_dataset::source::LeftOut;
use pixelflow_dataset::survey::{Seen, Traits, survey};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::progress::counting_bar;

use crate::Result;

/// What looking at all images of a data set has shown.
pub(crate) struct Looked {
    /// The images that can be used, by their numbers.
    pub seen: Vec<(usize, Seen)>,
    /// Those that cannot.
    pub unusable: LeftOut,
    /// Images that were decoded in a second.
    pub images_per_second: f64,
}

impl Looked {
    /// Looks at all images, with a progress bar, until the user interrupts.
    ///
    /// # Errors
    /// [`crate::Error::Data`] if the data set cannot be read.
    pub fn at(source: &dyn Source, doing: &'static str, interrupt: &Interrupt) -> Result<Self> {
        let (mut seen, mut unusable) = (Vec::new(), LeftOut::default());
        let (bar, started) = (counting_bar(source.len() as u64, doing), Instant::now());
        survey(source, |number, image| {
            match image {
                Ok(image) => seen.push((number, image)),
                Err(error) => unusable.record(error),
            }
            bar.inc(1);
            if interrupt.is_wanted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        bar.finish_and_clear();
        let images_per_second = seen.len() as f64 / started.elapsed().as_secs_f64().max(1e-9);
        Ok(Self { seen, unusable, images_per_second })
    }

    /// How many images have a trait.
    pub fn count(&self, has: impl Fn(&Traits) -> bool) -> usize {
        self.seen.iter().filter(|(_, seen)| has(&seen.traits)).count()
    }

    /// The first image of every picture, by the hash of its pixels.
    pub fn first_of_each(&self) -> HashMap<[u8; 16], usize> {
        let mut first = HashMap::with_capacity(self.seen.len());
        for (number, seen) in &self.seen {
            first.entry(seen.pixels).or_insert(*number);
        }
        first
    }
}
