//! What an unfinished data set is to become, and how far it is.

use std::fs;
use std::path::Path;

use pixelflow::durable;
use pixelflow_dataset::Source;
use pixelflow_host::output::note;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::selection::Selection;
use super::shard::Shard;
use crate::arguments::PrepareArguments;
use crate::error::{read_error, write_error};
use crate::identity::{first_half, update};
use crate::{Error, Result};

/// The file's name.
pub(super) const PLAN: &str = "plan.json";

/// How names of files begin that are not whole.
const DRAFT: &str = ".partial-";

/// What an unfinished data set is to become, and how far it is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// A hash of all that its files depend on.
    pub hash: String,
    /// Its tar files that are whole.
    pub shards: Vec<Shard>,
}

impl Plan {
    /// Makes the folder, or finds that what is in it was begun for the same.
    ///
    /// # Errors
    /// [`Error::Prepare`] for what was begun for something else; [`Error::Read`], [`Error::Write`].
    pub fn begin(out: &Path, hash: String) -> Result<Self> {
        let path = out.join(PLAN);
        fs::create_dir_all(out).map_err(write_error(out))?;
        if !path.exists() {
            let plan = Self { hash, shards: Vec::new() };
            plan.save(out)?;
            return Ok(plan);
        }
        let text = fs::read_to_string(&path).map_err(read_error(&path))?;
        let refused = |reason: String| Error::Prepare { path: out.to_owned(), reason };
        let plan: Self = serde_json::from_str(&text)
            .map_err(|error| refused(format!("{PLAN} is damaged ({error}); remove the folder")))?;
        if plan.hash != hash {
            return Err(refused(
                "it was begun with other images or settings; give those again, or choose another folder"
                    .to_owned(),
            ));
        }
        note(format_args!("going on with {}", out.display()));
        // What was being written when it was killed.
        for entry in fs::read_dir(out).map_err(read_error(out))? {
            let path = entry.map_err(read_error(out))?.path();
            let is_draft =
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DRAFT));
            if is_draft {
                fs::remove_file(&path).map_err(write_error(&path))?;
            }
        }
        Ok(plan)
    }

    /// Says on the disk how far it is.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, out: &Path) -> Result<()> {
        let path = out.join(PLAN);
        let text = serde_json::to_string(self).expect("it has a form in JSON");
        durable::write_text(&path, &text).map_err(write_error(&path))
    }
}

/// A hash of all that the files depend on.
///
/// # Errors
/// What reading a record says.
pub(super) fn hash_of(
    source: &dyn Source,
    is_labelled: bool,
    selection: &Selection,
    arguments: &PrepareArguments,
) -> Result<String> {
    let mut hash = Sha256::new();
    let settings = format!("{} {:?} {is_labelled}", arguments.shard_images, arguments.size);
    update(&mut hash, settings.as_bytes());
    if let Some(buckets) = &arguments.buckets {
        update(&mut hash, format!("{:?}", buckets.sizes()).as_bytes());
    }
    for &number in &selection.kept {
        let (name, label) = source.identity(number);
        update(&mut hash, &name);
        update(&mut hash, source.classes().get(label).map_or(&[], String::as_bytes));
        update(&mut hash, &source.beginning(number)?);
        for caption in source.captions(number)? {
            update(&mut hash, caption.as_bytes());
        }
    }
    Ok(first_half(hash))
}
