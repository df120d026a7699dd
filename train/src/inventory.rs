//! What a data set holds and what of it is left out, said before training.

use pixelflow_dataset::Source;
use pixelflow_dataset::source::{LeftOut, are_sorted_as_numbers};
use pixelflow_host::output::note;

use crate::Result;

/// What the images of a model are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Classes.
    Classes,
    /// Captions, so many of them if they were read.
    Captions(Option<usize>),
}

/// Says how many images, classes or captions there are and what is left out; `title` is what the images
/// are for.
///
/// # Errors
/// [`crate::Error::Data`] if a `strict` run has records that cannot be used.
pub fn announce(
    title: &str,
    source: &dyn Source,
    labels: Labels,
    left_out: &LeftOut,
    strict: bool,
) -> Result<()> {
    let (images, classes) = (source.len(), source.classes());
    let what = match labels {
        Labels::Classes if classes.len() == 1 => " in 1 class".to_owned(),
        Labels::Classes => format!(" in {} classes", classes.len()),
        Labels::Captions(Some(captions)) => format!(" ({captions} captions)"),
        Labels::Captions(None) => String::new(),
    };
    let beside = match left_out.count() {
        0 => String::new(),
        _ => format!("; {left_out}"),
    };
    note(format_args!("{title}: {images} images{what}{beside}"));
    if labels == Labels::Classes && are_sorted_as_numbers(classes) {
        let (first, last) = (&classes[0], &classes[classes.len() - 1]);
        note(format_args!("  the classes are sorted as numbers, {first} to {last}"));
    }
    if strict {
        left_out.refuse_records()?;
    }
    Ok(())
}
