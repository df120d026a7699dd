//! `infer evaluate merge`: adds the sums of shards up to statistics.

use std::path::{Path, PathBuf};

use pixelflow_evaluation::Statistics;
use pixelflow_evaluation::statistics::{ShardHead, merge_shards};
use pixelflow_host::output::one_line;

use super::reference::check_statistics_file;
use crate::arguments::EvaluateMergeArguments;
use crate::error::read_error;
use crate::measurement::partial_sums::whole_differences;
use crate::{Error, Result};

/// Writes the file; gives a line that says what was done.
///
/// # Errors
/// [`Error::Argument`] for a file that exists or is called otherwise; [`Error::OtherSums`] for shards of another
/// measurement; [`Error::Evaluation`] for a gap, an overlap and what is no shard; [`Error::Read`], [`Error::Write`].
pub(super) fn evaluate_merge(arguments: &EvaluateMergeArguments) -> Result<String> {
    let EvaluateMergeArguments { parts, out } = arguments;
    let _made = check_statistics_file("--out", out)?;
    let files = parts.iter().map(|part| files_of(part)).collect::<Result<Vec<_>>>()?.concat();
    refuse_strangers(&files)?;
    let whole = merge_shards(&files)?;
    let made_with = one_line(whole.head.origin.to_string());
    Statistics {
        moments: whole.sums.moments()?,
        spatial: whole.spatial.map(|sums| sums.moments()).transpose()?,
        origin: Some(whole.head.origin),
    }
    .write(out)?;
    let (images, count, out) = (whole.head.of, files.len(), out.display());
    let shards = if count == 1 { "shard" } else { "shards" };
    Ok(format!("statistics of {images} images of {count} {shards}, {made_with}: {out}"))
}

/// A file, or all `.npz` in a folder.
fn files_of(part: &Path) -> Result<Vec<PathBuf>> {
    if !part.is_dir() {
        return Ok(vec![part.to_owned()]);
    }
    let entries = std::fs::read_dir(part).and_then(|entries| {
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()
    });
    let mut files = entries.map_err(read_error(part))?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "npz"));
    files.sort();
    if files.is_empty() {
        let (value, reason) =
            (part.display().to_string(), "there is no .npz in it; give the folder of --partial");
        return Err(Error::Argument { argument: "PART", value, reason: reason.to_owned() });
    }
    Ok(files)
}

/// Names the settings that a shard does not share with the first.
fn refuse_strangers(files: &[PathBuf]) -> Result<()> {
    let mut first: Option<(&PathBuf, ShardHead)> = None;
    for path in files {
        let head = ShardHead::read(path)?;
        let (beside, whole) = first.get_or_insert_with(|| (path, head.clone()));
        let differences = whole_differences(whole, &head);
        if !differences.is_empty() {
            return Err(Error::OtherSums {
                path: path.clone(),
                than: beside.display().to_string(),
                differences: differences.join(", "),
                advice: "merge the shards of one measurement",
            });
        }
    }
    Ok(())
}
