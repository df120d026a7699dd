//! The previews of a report: some of those on the disk, inside the page.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::imageops::{FilterType, resize};
use image::{ImageFormat, RgbImage};
use maud::{Markup, html};

use crate::Result;
use crate::error::read_error;
use crate::recording::PREVIEWS;
use crate::run_folder::RunFolder;

/// Previews on the page, at most: evenly spread over the steps, the first and the last among them.
const MOST: usize = 12;
/// Bytes of a preview's PNG, at most; a larger one is scaled down. Together they are 6 MB in the page, which stays
/// below 8 MB.
const BYTES: usize = 375_000;
/// Names of rows that the text for a picture has, at most.
const NAMED: usize = 20;

/// A preview as the page has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Steps taken.
    pub step: u64,
    /// Its PNG, as an address.
    address: String,
    size: [u32; 2],
    /// Whether it has fewer pixels than the file.
    is_reduced: bool,
}

/// The previews of a run, each made ready once.
#[derive(Debug, Default)]
pub struct Pictures {
    ready: BTreeMap<u64, Picture>,
}

impl Pictures {
    /// Those of the run in `folder` that has come to `step`; later ones are of a session that was lost. A file that is no
    /// picture is passed over.
    ///
    /// # Errors
    /// [`crate::Error::Read`] if the folder cannot be listed.
    pub fn of(&mut self, folder: &Path, step: u64) -> Result<Vec<Picture>> {
        let folder = folder.join(PREVIEWS);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(read_error(&folder))?;
        let mut steps: Vec<u64> =
            entries.filter_map(|entry| step_of(&entry.ok()?.path())).collect();
        steps.retain(|found| *found <= step);
        steps.sort_unstable();
        let shown = spread(&steps);
        self.ready.retain(|step, _| shown.contains(step));
        for step in shown {
            if let Entry::Vacant(place) = self.ready.entry(step) {
                let path = folder.join(format!("step-{step:08}.png"));
                if let Some(picture) = fs::read(path).ok().and_then(|png| ready(step, png)) {
                    place.insert(picture);
                }
            }
        }
        Ok(self.ready.values().cloned().collect())
    }
}

/// The step of `step-00000100.png`.
pub fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.strip_suffix(".png")?.parse().ok()
}

/// Steps spread evenly between the first and the last. They are the nearest to fixed fractions of the way, so that most
/// of them stay when one more comes.
fn spread(steps: &[u64]) -> Vec<u64> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Vec::new() };
    if steps.len() <= MOST {
        return steps.to_vec();
    }
    let nearest = |part: usize| {
        let wanted = first + (last - first) * part as u64 / (MOST - 1) as u64;
        steps.iter().copied().min_by_key(|step| step.abs_diff(wanted))
    };
    let mut shown: Vec<u64> = (0..MOST).filter_map(nearest).collect();
    shown.dedup();
    shown
}

/// A file as the page has it: as it is if it is small enough, else with half the pixels a side until it is.
fn ready(step: u64, png: Vec<u8>) -> Option<Picture> {
    let mut picture = image::load_from_memory_with_format(&png, ImageFormat::Png).ok()?.to_rgb8();
    let (mut png, mut is_reduced) = (png, false);
    while png.len() > BYTES && picture.width().min(picture.height()) > 1 {
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        picture = resize(&picture, width.max(1), height.max(1), FilterType::Triangle);
        png = encoded(&picture)?;
        is_reduced = true;
    }
    let address = format!("data:image/png;base64,{}", STANDARD.encode(png));
    Some(Picture { step, address, size: [picture.width(), picture.height()], is_reduced })
}

fn encoded(picture: &RgbImage) -> Option<Vec<u8>> {
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

/// The last preview, and how it came to be.
pub fn section(run: &RunFolder, pictures: &[Picture]) -> Markup {
    let Some((last, earlier)) = pictures.split_last() else {
        return html! { p { "No previews yet." } };
    };
    let rows = rows(run);
    html! {
        p.soft {
            "Drawn from the moving average with the same seeds each time"
            @if let Some(rows) = &rows { ", a row each of " (rows) }
            "."
            @if pictures.iter().any(|picture| picture.is_reduced) {
                " Larger ones are scaled down; " (PREVIEWS) "/ has them as they are."
            }
        }
        div.previews {
            (figure(last, "last", rows.as_deref()))
            @for picture in earlier { (figure(picture, "", rows.as_deref())) }
        }
    }
}

fn figure(picture: &Picture, class: &str, rows: Option<&str>) -> Markup {
    let Picture { step, address, size: [width, height], .. } = picture;
    let of = rows.map(|rows| format!(", a row each of {rows}")).unwrap_or_default();
    html! {
        figure class=(class) {
            figcaption { "after " (step) " steps" }
            img src=(address) width=(width) height=(height) loading="lazy"
                alt={ "grid of images drawn after " (step) " steps" (of) };
        }
    }
}

/// What the rows of a grid are, where they are classes that are all shown.
fn rows(run: &RunFolder) -> Option<String> {
    let data = &run.sessions.last()?.data;
    let names = &data.class_names;
    let are_rows = data.identity.captions().is_none()
        && (1..=NAMED.min(run.config.preview.max_classes)).contains(&names.len());
    are_rows.then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_shown_and_most_of_them_stay_as_a_run_goes_on() {
        assert!(spread(&[]).is_empty());
        assert_eq!(spread(&[0, 100, 200]), [0, 100, 200]);
        let steps = |last: u64| -> Vec<u64> { (0..=last).map(|at| 100 * at).collect() };
        let shown = spread(&steps(75));
        assert_eq!((shown.len(), shown[0], shown[MOST - 1]), (MOST, 0, 7500));
        // One a step of the way, wherever the previews lie.
        assert_eq!(spread(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1000]), [0, 11, 1000]);
    }

    #[test]
    fn pictures_of_any_size_become_small_and_what_is_none_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let previews = folder.path().join(PREVIEWS);
        fs::create_dir(&previews).unwrap();
        // Noise cannot be packed.
        let noise = |x: u32, y: u32| {
            let value = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)) >> 7;
            image::Rgb([value as u8, (value >> 8) as u8, (value >> 16) as u8])
        };
        for step in 0..15 {
            let path = previews.join(format!("step-{:08}.png", 10 * step));
            RgbImage::from_fn(900, 700, noise).save(path).unwrap();
        }
        fs::write(previews.join("step-00000140.png"), "no picture").unwrap();
        fs::write(previews.join("notes.txt"), "mine").unwrap();
        let mut pictures = Pictures::default();
        let all = pictures.of(folder.path(), 1000).unwrap();
        assert_eq!((all.len(), all[0].step), (MOST - 1, 0));
        assert!(all.iter().all(|picture| picture.is_reduced && picture.size[0] < 900));
        let bytes: usize = all.iter().map(|picture| picture.address.len()).sum();
        assert!(bytes < 6_100_000, "{bytes}");
        // Those of a session that was lost are not shown.
        let steps: Vec<u64> =
            pictures.of(folder.path(), 25).unwrap().iter().map(|picture| picture.step).collect();
        assert_eq!(steps, [0, 10, 20]);
    }
}
