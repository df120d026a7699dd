//! The edit that a picture says it is, with the files that its user gives again.

use std::path::Path;

use pixelflow::excerpt::excerpt;
use pixelflow::pipeline::{Edit, EditProvenance};

use crate::arguments::ReplayArguments;
use crate::picture_file::{read_mask_file, read_picture_file};
use crate::{Error, Result};

/// The argument that names the picture.
pub(super) const IMAGE: &str = "--image";
/// The argument that names the mask.
pub(super) const MASK: &str = "--mask";

/// The edit of a recipe, if it has one.
///
/// # Errors
/// [`Error::Argument`] for files that are wanted and not given, given and not wanted, or of other pixels; what
/// reading them says.
pub(super) fn recorded_edit(
    arguments: &ReplayArguments,
    recorded: Option<&EditProvenance>,
) -> Result<Option<Edit>> {
    let ReplayArguments { picture: file, image, mask, .. } = arguments;
    let Some(EditProvenance { picture, mask: of_mask, begin, resample }) = recorded else {
        unwanted(IMAGE, image.as_deref(), file, "a picture")?;
        unwanted(MASK, mask.as_deref(), file, "a mask")?;
        return Ok(None);
    };
    if of_mask.is_none() {
        unwanted(MASK, mask.as_deref(), file, "a mask")?;
    }
    let (Some(image), true) = (image, mask.is_some() == of_mask.is_some()) else {
        let with_mask = of_mask.as_ref().map_or_else(String::new, |hash| {
            format!(", with a mask whose pixels have {}", excerpt(hash))
        });
        let more = if of_mask.is_some() { " --mask FILE" } else { "" };
        return Err(Error::Argument {
            argument: "PICTURE",
            value: file.display().to_string(),
            reason: format!(
                "it was made from a picture whose pixels have the SHA-256 {}{with_mask}; give --image \
                 FILE{more}",
                excerpt(picture)
            ),
        });
    };
    let original = read_picture_file(IMAGE, image)?;
    check(IMAGE, image, file, [picture, &original.hash()])?;
    let mut edit = Edit { begin: *begin, resample: *resample, ..Edit::of(original) };
    if let (Some(path), Some(expected)) = (mask, of_mask) {
        let mask = read_mask_file(MASK, path)?;
        check(MASK, path, file, [expected, &mask.hash()])?;
        edit.mask = Some(mask);
    }
    Ok(Some(edit))
}

fn unwanted(argument: &'static str, given: Option<&Path>, file: &Path, what: &str) -> Result<()> {
    let refused = |path: &Path| {
        let reason = format!("{} was not made from {what}; leave it out", file.display());
        Err(Error::Argument { argument, value: path.display().to_string(), reason })
    };
    given.map_or(Ok(()), refused)
}

fn check(
    argument: &'static str,
    path: &Path,
    file: &Path,
    [expected, found]: [&String; 2],
) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let reason = format!(
        "its pixels have the SHA-256 {found}, {} was made from {}; give that file",
        file.display(),
        excerpt(expected)
    );
    Err(Error::Argument { argument, value: path.display().to_string(), reason })
}
