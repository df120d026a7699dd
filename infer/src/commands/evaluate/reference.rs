//! `infer evaluate reference`: writes the statistics of real images.

use pixelflow_evaluation::Statistics;
use pixelflow_evaluation::images::Images;
use pixelflow_host::device::select;
use pixelflow_host::interrupt::Interrupt;

use crate::arguments::EvaluateReferenceArguments;
use crate::destination::check_file;
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
    let EvaluateReferenceArguments { data, out, network, computing } = arguments;
    let refused = |reason: &str| {
        let (value, reason) = (out.display().to_string(), reason.to_owned());
        Err(Error::Argument { argument: "OUT", value, reason })
    };
    if !out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz")) {
        return refused("statistics are an .npz; give FILE.npz");
    }
    if out.symlink_metadata().is_ok() {
        return refused("it exists already; give another name, or remove it");
    }
    let data = Side::open_images("DATA", data)?;
    let _made = check_file(out)?;
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
