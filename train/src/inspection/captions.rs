//! What the captions of a data set are like.

use std::collections::HashSet;

use pixelflow_dataset::Source;
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::progress::counting_bar;
use serde::Serialize;

use crate::Result;

/// What the captions of a data set are like.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Captions {
    /// How many there are.
    pub count: usize,
    /// How many different ones.
    pub different: usize,
    /// Images that have none.
    pub images_without: usize,
    /// Images whose captions cannot be read.
    pub unreadable: usize,
    /// The least, the median and the largest number of words.
    pub words: [usize; 3],
}

impl Captions {
    /// Reads all captions, until the user interrupts; `None` if there are none.
    ///
    /// # Errors
    /// [`crate::Error::Data`] if the data set cannot be read.
    pub fn read(source: &dyn Source, interrupt: &Interrupt) -> Result<Option<Self>> {
        let (mut words, mut different) = (Vec::new(), HashSet::new());
        let (mut images_without, mut unreadable) = (0, 0);
        let bar = counting_bar(source.len() as u64, "reading captions");
        for number in 0..source.len() {
            match source.captions(number) {
                Ok(captions) => {
                    images_without += usize::from(captions.is_empty());
                    for caption in captions {
                        words.push(caption.split_whitespace().count());
                        different.insert(caption);
                    }
                }
                Err(error) if error.is_corrupt_record() => unreadable += 1,
                Err(error) => return Err(error.into()),
            }
            bar.inc(1);
            if interrupt.is_wanted() {
                break;
            }
        }
        bar.finish_and_clear();
        words.sort_unstable();
        let (Some(&least), Some(&most)) = (words.first(), words.last()) else {
            return Ok(None);
        };
        let (count, different) = (words.len(), different.len());
        let words = [least, words[count / 2], most];
        Ok(Some(Self { count, different, images_without, unreadable, words }))
    }
}
