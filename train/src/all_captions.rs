//! All captions of a data set, read once.

use pixelflow_dataset::Source;
use pixelflow_dataset::source::LeftOut;
use pixelflow_host::progress::counting_bar;
use sha2::{Digest, Sha256};

use crate::Result;
use crate::identity::{first_half, update};

/// What is known of the captions of a data set when all have been read.
#[derive(Clone, Debug)]
pub struct AllCaptions {
    /// How many there are.
    pub count: usize,
    /// Records that have none.
    pub without: usize,
    /// Records whose captions cannot be read.
    pub unreadable: LeftOut,
    /// A hash of the first caption of each record in order; one that is not there, or cannot be read, is the
    /// empty text.
    pub hash: String,
}

impl AllCaptions {
    /// Reads all captions, with a progress bar: there may be millions. `each` is given every one.
    ///
    /// # Errors
    /// [`crate::Error::Data`] if the data set cannot be read.
    pub fn read(source: &dyn Source, mut each: impl FnMut(String)) -> Result<Self> {
        let mut hash = Sha256::new();
        let (mut count, mut without, mut unreadable) = (0, 0, LeftOut::default());
        let bar = counting_bar(source.len() as u64, "reading captions");
        for record in 0..source.len() {
            let captions = match source.captions(record) {
                Ok(captions) => {
                    without += usize::from(captions.is_empty());
                    captions
                }
                Err(error) if error.is_corrupt_record() => {
                    unreadable.record(error);
                    Vec::new()
                }
                Err(error) => return Err(error.into()),
            };
            update(&mut hash, captions.first().map_or(&[], String::as_bytes));
            count += captions.len();
            captions.into_iter().for_each(&mut each);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Self { count, without, unreadable, hash: first_half(hash) })
    }
}
