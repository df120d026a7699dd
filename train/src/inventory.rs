//! What a data set holds and what of it is left out, said before training.

use pixelflow_dataset::Source;
use pixelflow_dataset::source::are_sorted_as_numbers;
use pixelflow_host::output::note;

use crate::Result;
use crate::all_captions::AllCaptions;

/// `1 class`, `2 classes`.
pub fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Says how many images there are, of how many classes or with how many `captions`, and what is left out;
/// `title` is what the images are for.
///
/// # Errors
/// [`crate::Error::Data`] if a `strict` run has records that cannot be used.
pub fn announce(
    title: &str,
    source: &dyn Source,
    captions: Option<&AllCaptions>,
    strict: bool,
) -> Result<()> {
    let (images, classes) = (counted(source.len(), "image", "images"), source.classes());
    let mut left_out = source.left_out();
    let what = match captions {
        None => format!(" in {}", counted(classes.len(), "class", "classes")),
        Some(AllCaptions { count, without, unreadable, .. }) => {
            left_out.add(unreadable.clone());
            let without = match without {
                0 => String::new(),
                _ => format!("; {} without", counted(*without, "image", "images")),
            };
            format!(" ({}{without})", counted(*count, "caption", "captions"))
        }
    };
    let beside = match left_out.count() {
        0 => String::new(),
        _ => format!("; {left_out}"),
    };
    note(format_args!("{title}: {images}{what}{beside}"));
    if captions.is_none() && are_sorted_as_numbers(classes) {
        let (first, last) = (&classes[0], &classes[classes.len() - 1]);
        note(format_args!("  the classes are sorted as numbers, {first} to {last}"));
    }
    if strict {
        left_out.refuse_records()?;
    }
    Ok(())
}
