//! `infer evaluate reference`: writes the statistics of real images.

use std::path::Path;

use pixelflow_evaluation::Statistics;
use pixelflow_evaluation::images::{Images, data_hash};
use pixelflow_host::device::select;
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::progress::counting_bar;
use serde_json::Map;

use super::share::Share;
use crate::arguments::EvaluateReferenceArguments;
use crate::destination::check_file;
use crate::made_folders::MadeFolders;
use crate::measurement::feature_cache::gather_kept;
use crate::measurement::gathered::Keep;
use crate::measurement::network::NetworkFile;
use crate::measurement::side::Side;
use crate::{Error, Result};

/// Writes the file; gives a line that says what was done, or nothing after Ctrl-C.
///
/// # Errors
/// [`Error::Argument`] for a file that exists or is called otherwise; [`Error::Write`]; [`Error::Evaluation`].
pub(super) fn evaluate_reference(arguments: &EvaluateReferenceArguments) -> Result<Option<String>> {
    let EvaluateReferenceArguments { data, out, partial, network, computing, .. } = arguments;
    let out = match (partial, out) {
        (Some(partial), _) => return reference_share(arguments, partial),
        (None, out) => out.as_deref().expect("it is required without --partial"),
    };
    let _made = check_statistics_file("OUT", out)?;
    let data = Side::open_images("DATA", data)?;
    let file = NetworkFile::find(network)?;
    let device = select(&computing.device)?;
    let interrupt = Interrupt::listen("stopping after this batch")?;
    let network = file.load(computing.batch as usize, device)?;
    let keep = Keep { features: false, score: false };
    let gathered = gather_kept(&data, &*network, keep, "DATA", &interrupt)?;
    let Some((gathered, hash)) = gathered else {
        return Ok(None);
    };
    let identity = network.identity();
    let origin = identity.origin(hash);
    let made_with = origin.to_string();
    Statistics { moments: gathered.moments, spatial: gathered.spatial, origin: Some(origin) }
        .write(out)?;
    let (images, path) = (data.images().map_or(0, Images::len), data.path.display());
    Ok(Some(format!("statistics of {images} images of {path}, {made_with}: {}", out.display())))
}

/// Checks where statistics are to be written, which nothing else may have.
///
/// # Errors
/// [`Error::Argument`], [`Error::Write`].
pub(super) fn check_statistics_file(argument: &'static str, out: &Path) -> Result<MadeFolders> {
    let refused = |reason: &str| {
        let (value, reason) = (out.display().to_string(), reason.to_owned());
        Err(Error::Argument { argument, value, reason })
    };
    if !out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz")) {
        return refused("statistics are an .npz; give FILE.npz");
    }
    if out.symlink_metadata().is_ok() {
        return refused("it exists already; give another name, or remove it");
    }
    check_file(out)
}

/// Writes the sums of a share of the images; gives a line that says what there is, or nothing after Ctrl-C.
fn reference_share(
    arguments: &EvaluateReferenceArguments,
    partial: &Path,
) -> Result<Option<String>> {
    let EvaluateReferenceArguments { data, shard, network, computing, .. } = arguments;
    let data = Side::open_images("DATA", data)?;
    let images = data.images().expect("a side with images");
    let file = NetworkFile::find(network)?;
    let device = select(&computing.device)?;
    let origin = file.identity.origin(data_hash(images)?);
    let counts = (images.len() as u64, u64::from(computing.batch));
    let settings = Map::from_iter([("batch".to_owned(), computing.batch.into())]);
    let share = Share::open((partial, *shard), counts, origin, settings)?;
    let bar = counting_bar(share.missing(), "DATA");
    let network = (file, device, computing.batch as usize);
    let filled = share.fill(network, |network, numbers, _, take| {
        let numbers = numbers.start as usize..numbers.end as usize;
        network.extract(images, numbers, &mut |batch| {
            bar.inc(batch.images.len() as u64);
            take(batch)
        })?;
        Ok(())
    });
    bar.finish_and_clear();
    filled
}
