//! The drawer of captions that the commands share.

use super::model;
use crate::arguments::DrawingArguments;
use crate::caption_images::DrawCaptions;
use crate::{Error, Result};

/// Loads the model that draws captions, for images of `size`, height and width in pixels, or else
/// of the size that it was trained on.
///
/// # Errors
/// What is wrong with the model or the device; [`Error::NoTextEncoder`].
pub(super) fn caption_drawer(
    arguments: &DrawingArguments,
    size: Option<[usize; 2]>,
) -> Result<Box<dyn DrawCaptions>> {
    let source = model(arguments.model.model.as_deref(), arguments.model.weights)?;
    if let Some([height, width]) = size {
        let description = &source.description;
        let cascade = description.cascade.build()?;
        cascade.check_size(height, width, description.model.patch_size)?;
    }
    Err(Error::NoTextEncoder {
        path: source.weights,
    })
}
