//! One process's share of a measurement: sums of features in a file, which others are added to.

use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use pixelflow_evaluation::Result as Measuring;
use pixelflow_evaluation::extractor::Extracted;
use pixelflow_evaluation::statistics::{Origin, Shard as Sums, ShardHead};
use pixelflow_host::device::Device;
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::note;
use serde_json::{Map, Value};

use crate::Result;
use crate::destination::check_file;
use crate::made_folders::MadeFolders;
use crate::measurement::network::{Network, NetworkFile};
use crate::measurement::partial_sums::{PartialSums, saved_sums};
use crate::shard::{Shard, ShardArgument};

/// What takes each batch that the network made.
pub(super) type Take<'a> = &'a mut dyn FnMut(Extracted) -> Measuring<ControlFlow<()>>;

/// A share, and what its file has of it already.
pub(super) struct Share {
    path: PathBuf,
    head: ShardHead,
    saved: Option<Sums>,
    _made: MadeFolders,
}

impl Share {
    /// The share that `--shard` names of so many images, and its file, as `--partial` names it; says where it goes
    /// on.
    ///
    /// # Errors
    /// Those of [`ShardArgument::find`], [`saved_sums`] and [`check_file`].
    pub(super) fn open(
        (partial, shard): (&Path, Option<ShardArgument>),
        (images, batch): (u64, u64),
        origin: Origin,
        settings: Map<String, Value>,
    ) -> Result<Self> {
        let shard = ShardArgument::find(shard)?;
        let path = file_of(partial, shard);
        let made = check_file(&path)?;
        let head = ShardHead::empty(shard.share(images, batch), images, origin, settings);
        let saved = saved_sums(&path, &head)?;
        let head = saved.as_ref().map_or(head, |saved| saved.head.clone());
        let (file, missing) = (path.display(), head.missing());
        if missing.is_empty() && saved.is_some() {
            note(format_args!("note: {file} is finished; nothing is computed again"));
        } else if saved.is_some() {
            note(format_args!("note: goes on from {file} with images {missing:?}"));
        }
        Ok(Self { path, head, saved, _made: made })
    }

    /// How many images are still to be computed.
    pub(super) fn missing(&self) -> u64 {
        let Range { start, end } = self.head.missing();
        end - start
    }

    /// Loads the network and adds up what `extract` makes of the images that are missing; whatever ends it, what was
    /// computed is saved. Gives a line that says what there is, or nothing after Ctrl-C.
    ///
    /// # Errors
    /// Those of `extract`; [`crate::Error::Evaluation`].
    pub(super) fn fill(
        self,
        (file, device, batch): (NetworkFile, Device, usize),
        extract: impl FnOnce(&dyn Network, Range<u64>, &Interrupt, Take<'_>) -> Result<()>,
    ) -> Result<Option<String>> {
        let Self { path, head, saved, _made } = self;
        let missing = head.missing();
        if saved.is_some() && missing.is_empty() {
            return Ok(Some(summary(&head, &path)));
        }
        let interrupt = Interrupt::listen("stopping after this batch; what is done is kept")?;
        let network = file.load(batch, device)?;
        let mut sums = PartialSums::begin(path.clone(), head, saved, &*network);
        let ended = extract(&*network, missing, &interrupt, &mut |batch| {
            sums.add(&batch, interrupt.take_save_request())?;
            let stops = interrupt.is_wanted();
            Ok(if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        let is_finished = sums.head().missing().is_empty();
        let kept = if is_finished || !sums.head().images.is_empty() { sums.save() } else { Ok(()) };
        ended?;
        kept?;
        if is_finished {
            return Ok(Some(summary(sums.head(), &path)));
        }
        let (images, share, file) = (&sums.head().images, &sums.head().share, path.display());
        note(format_args!(
            "note: {file} has images {images:?} of {share:?}; the same command goes on"
        ));
        Ok(None)
    }
}

/// A file as it is named, else one in the folder that is.
fn file_of(partial: &Path, shard: Shard) -> PathBuf {
    let is_file = partial.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"));
    if is_file { partial.to_owned() } else { partial.join(shard.file_name()) }
}

fn summary(ShardHead { images, of, origin, .. }: &ShardHead, path: &Path) -> String {
    format!("sums of images {images:?} of {of}, {origin}: {}", path.display())
}
