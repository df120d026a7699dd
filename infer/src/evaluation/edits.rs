//! Edits of real images: an attribute gets another value by its word in the caption, and all else stays.

use image::RgbImage;
use pixelflow::pipeline::{Edit, Mask, Picture};
use pixelflow_host::output::one_line;
use pixelflow_host::progress::ShareBar;
use serde::Serialize;

use super::attributes::Attribute;
use super::captioned_images::CaptionedImages;
use super::measure::EvaluationData;
use super::probe::Probes;
use super::telling_pixels::telling_pixels;
use crate::caption_images::{CaptionRequest, DrawCaptions};
use crate::progress::CaptionProgress;
use crate::{Error, Result};

/// Which attribute is edited, and how.
#[derive(Clone, Debug)]
pub struct EditConfig {
    /// Its name.
    pub attribute: String,
    /// Passes at the seam, 1 to 32.
    pub resample: usize,
    /// The seed of the noise.
    pub seed: u64,
}

/// How well edits follow their captions.
#[derive(Clone, Debug, Serialize)]
pub struct EditMeasurement {
    /// The attribute that is edited.
    pub attribute: String,
    /// Passes at the seam.
    pub resample: usize,
    /// Held-out images that are edited.
    pub images: usize,
    /// Those that are not: their value is rare, or is not once in their caption.
    pub left_out: usize,
    /// Share of the pixels that are drawn anew, 0..1.
    pub drawn_anew: f64,
    /// How often the probe reads the value off the real images, before they are edited, 0..1.
    pub real: f64,
    /// How often it reads the new value off images that are drawn as a whole from the new captions, 0..1.
    pub drawn: f64,
    /// How often it reads it off the edited images, 0..1.
    pub edited: f64,
    /// `edited / drawn`, if anything is read off the drawn ones.
    pub ratio: Option<f64>,
    /// Pixels that were to stay and have changed.
    pub changed_outside: usize,
    /// The edited images and those that they were.
    #[serde(skip)]
    pub pairs: Vec<[RgbImage; 2]>,
    /// Their captions.
    #[serde(skip)]
    pub captions: Vec<String>,
}

/// An edit that is to be made.
struct Task {
    /// Number of the held-out image.
    image: usize,
    /// The index of the value that it has, and of that which it gets.
    values: [usize; 2],
    caption: String,
}

/// Fits a probe, edits the held-out images, and reads the attribute off them.
///
/// # Errors
/// [`Error::Argument`] for an attribute that there is not, or that nothing can be learned of;
/// [`Error::NothingToMeasure`] if no held-out caption has a value of it; what drawing says.
pub fn measure_edits(
    data: &EvaluationData,
    config: &EditConfig,
    drawer: &mut dyn DrawCaptions,
) -> Result<EditMeasurement> {
    let (train, heldout) = (data.train(), data.heldout());
    let attribute = attribute(train, &config.attribute)?;
    let tasks = tasks(heldout, &attribute);
    if tasks.is_empty() {
        let reasons = format!("no held-out caption has a value of {:?} in it", attribute.name);
        return Err(Error::NothingToMeasure { reasons });
    }
    let learned = attribute.targets(train.values(&attribute.name).unwrap_or_default());
    let mask = Mask::new(data.size(), telling_pixels(train.pixels(), &learned, data.size()));
    let bar = ShareBar::new("fitting the probe");
    let probes =
        Probes::fit(vec![attribute.clone()], train.pixels(), &[learned], |share| bar.set(share));
    bar.finish();

    let requests = (0..).zip(&tasks).map(|(number, task)| CaptionRequest {
        caption: task.caption.clone(),
        seed: config.seed,
        number,
    });
    let requests: Vec<_> = requests.collect();
    let captions: Vec<&str> = requests.iter().map(|request| request.caption.as_str()).collect();
    drawer.expect(&captions)?;
    let mut progress = CaptionProgress::new(2 * requests.len() as u64);
    let drawn = drawer.draw(&requests, &mut progress)?;
    let before: Vec<RgbImage> = tasks.iter().map(|task| heldout.image(task.image)).collect();
    let mut edited = Vec::with_capacity(requests.len());
    for (request, before) in requests.iter().zip(&before) {
        let picture = Picture::new(data.size(), before.as_raw().as_slice());
        let edit = Edit::inpaint(picture, mask.clone());
        edited.push(drawer.edit(request, edit.resample(config.resample), &mut progress)?);
    }
    progress.finish();

    let read = |images: &[RgbImage], which: usize| {
        let pixels: Vec<u8> = images.iter().flat_map(RgbImage::as_raw).copied().collect();
        let read = probes.read(&pixels).remove(0);
        let right = read.iter().zip(&tasks).filter(|(read, task)| **read == task.values[which]);
        right.count() as f64 / tasks.len() as f64
    };
    let [real, drawn, edits] = [read(&before, 0), read(&drawn, 1), read(&edited, 1)];
    let changed = |(new, old): (&RgbImage, &RgbImage)| {
        let pixels = new.pixels().zip(old.pixels()).zip(mask.grey.iter());
        pixels.filter(|((new, old), level)| **level == 0 && new != old).count()
    };
    Ok(EditMeasurement {
        attribute: attribute.name,
        resample: config.resample,
        images: tasks.len(),
        left_out: heldout.len() - tasks.len(),
        drawn_anew: mask.grey.iter().filter(|level| **level > 0).count() as f64
            / mask.grey.len() as f64,
        real,
        drawn,
        edited: edits,
        ratio: (drawn > 0.0).then(|| edits / drawn),
        changed_outside: edited.iter().zip(&before).map(changed).sum(),
        pairs: edited.into_iter().zip(before).map(|(edited, before)| [edited, before]).collect(),
        captions: tasks.into_iter().map(|task| task.caption).collect(),
    })
}

/// The attribute of a name, if a probe can learn two values of it.
fn attribute(train: &CaptionedImages, name: &str) -> Result<Attribute> {
    let unusable =
        |reason: String| Error::Argument { argument: "--edit", value: name.to_owned(), reason };
    let Some(values) = train.values(name) else {
        let names = train.attributes().join(", ");
        return Err(unusable(format!("the images have no such attribute; they have {names}")));
    };
    let attribute = Attribute::seen(name, values);
    if attribute.values.iter().flatten().count() < 2 {
        return Err(unusable("fewer than two of its values can be learned".to_owned()));
    }
    Ok(attribute)
}

/// One edit for each held-out image whose caption has a value of the attribute: it gets another one of the
/// values that can be learned, in turn.
fn tasks(heldout: &CaptionedImages, attribute: &Attribute) -> Vec<Task> {
    let named: Vec<usize> =
        (0..attribute.values.len()).filter(|&value| attribute.values[value].is_some()).collect();
    let had = attribute.targets(heldout.values(&attribute.name).unwrap_or_default());
    let captions = heldout.captions().unwrap_or_default();
    let mut tasks = Vec::new();
    for (image, (had, caption)) in had.into_iter().zip(captions).enumerate() {
        let Some(place) = named.iter().position(|&value| Some(value) == had) else { continue };
        let step = 1 + tasks.len() % (named.len() - 1);
        let values = [named[place], named[(place + step) % named.len()]];
        let [Some(old), Some(new)] = values.map(|value| attribute.values[value].as_deref()) else {
            continue;
        };
        if let Some(caption) = with_another_word(caption, old, new) {
            tasks.push(Task { image, values, caption });
        }
    }
    tasks
}

/// A text with a word, or several, in the place of what stands in it once, as a word; `None` if that does not.
fn with_another_word(text: &str, old: &str, new: &str) -> Option<String> {
    let is_word = |&(start, _): &(usize, &str)| {
        let (before, after) =
            (text[..start].chars().next_back(), text[start + old.len()..].chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    };
    let mut places = text.match_indices(old).filter(is_word);
    let (start, _) = places.next().filter(|_| places.next().is_none())?;
    Some([&text[..start], new, &text[start + old.len()..]].concat())
}

impl EditMeasurement {
    /// What is printed.
    pub fn table(&self) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let ratio = self.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
        [
            format!("{} is given another value in {} images,", one_line(&self.attribute), self.images),
            format!(
                "{} of the pixels drawn anew, {} passes at the seam; {} images left out: their value is rare, or not once in their caption",
                percent(self.drawn_anew),
                self.resample,
                self.left_out
            ),
            format!("read off the real images  {:>8}", percent(self.real)),
            format!("off drawn ones            {:>8}", percent(self.drawn)),
            format!("off edited ones           {:>8}", percent(self.edited)),
            format!("edited / drawn            {ratio:>8}"),
            format!("pixels changed outside    {:>8}", self.changed_outside),
        ]
        .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::measure::testing::{coloured, data, data_of};
    use super::*;
    use crate::caption_images::testing::FakeDrawer;

    fn config(attribute: &str) -> EditConfig {
        EditConfig { attribute: attribute.to_owned(), resample: 2, seed: 4 }
    }

    /// Images with four columns more, which tell nothing.
    fn wide(number: usize) -> RgbImage {
        let narrow = coloured(number).image;
        RgbImage::from_fn(12, 4, |x, y| *narrow.get_pixel(if x < 8 { x } else { 0 }, y))
    }

    fn wide_data() -> EvaluationData {
        data_of(400, 60, |number| {
            let mut record = coloured(number);
            record.image = wide(number);
            record
        })
    }

    /// Draws what a caption says.
    fn follows() -> FakeDrawer {
        FakeDrawer::new([4, 12], |request| {
            let says = |number: &usize| coloured(*number).json.contains(&request.caption);
            wide((20_000..20_006).find(says).expect("the caption is of the data"))
        })
    }

    #[test]
    fn edits_that_follow_are_read_and_nothing_outside_changes() {
        let measured = measure_edits(&wide_data(), &config("colour"), &mut follows()).unwrap();
        assert_eq!((measured.images, measured.left_out), (60, 0));
        let EditMeasurement { real, drawn, edited, .. } = measured;
        assert!(real > 0.95 && drawn > 0.95 && edited > 0.95, "{measured:?}");
        // Eight columns with the squares and their neighbours, of twelve.
        assert_eq!(measured.drawn_anew, 8.0 / 12.0);
        assert_eq!(measured.changed_outside, 0);
        assert!(measured.table().contains("colour is given another value in 60 images"));
    }

    #[test]
    fn a_drawer_that_ignores_the_mask_or_the_caption_is_seen() {
        let mut heedless = follows();
        heedless.heeds_masks = false;
        let measured = measure_edits(&wide_data(), &config("colour"), &mut heedless).unwrap();
        // Each of the 16 pixels outside of 60 images is noise of its own.
        assert_eq!(measured.changed_outside, 60 * 16);
        let mut red = FakeDrawer::new([4, 12], |_| wide(0));
        let measured = measure_edits(&wide_data(), &config("colour"), &mut red).unwrap();
        assert!(measured.edited < 0.5, "{measured:?}");
    }

    #[test]
    fn attributes_that_cannot_be_edited_are_refused() {
        // `side` is null on the left, and has one value that is none.
        for (name, reason) in
            [("side", "fewer than two of its values"), ("shape", "they have colour, side, odd")]
        {
            let error = measure_edits(&data(400, 60), &config(name), &mut follows()).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn a_value_is_replaced_where_it_is_a_word_and_stands_once() {
        for (text, expected) in [
            ("a red robe", Some("a green robe")),
            ("an armoured knight in a red robe", Some("an armoured knight in a green robe")),
            ("an armoured knight", None),
            ("a red robe, a red hat", None),
            ("red", Some("green")),
        ] {
            assert_eq!(with_another_word(text, "red", "green").as_deref(), expected, "{text}");
        }
    }
}
