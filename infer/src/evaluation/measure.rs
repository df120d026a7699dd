//! The measurement: probes learn from training images and read held-out and drawn ones.

use std::path::Path;

use image::RgbImage;
use pixelflow_host::progress::ShareBar;
use serde::Serialize;

use super::attributes::{Attribute, MIN_SEEN};
use super::captioned_images::CaptionedImages;
use super::probe::Probes;
use super::score::{AttributeScore, Means};
use crate::caption_images::{CaptionRequest, DrawCaptions};
use crate::progress::CaptionProgress;
use crate::{Error, Result};

/// Training and held-out images that fit together.
#[derive(Debug)]
pub struct EvaluationData {
    train: CaptionedImages,
    heldout: CaptionedImages,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// Training images.
    pub training_images: usize,
    /// Held-out images, and captions.
    pub captions: usize,
    /// One for each attribute, as the data set orders them.
    pub attributes: Vec<AttributeScore>,
    /// Means over the attributes.
    pub mean: Means,
    /// Attributes that cannot be measured.
    pub left_out: Vec<LeftOut>,
    /// The drawn images, one a caption; empty if only real ones were measured.
    #[serde(skip)]
    pub drawn: Vec<RgbImage>,
}

/// An attribute that cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub attribute: String,
    /// Why.
    pub reason: String,
}

impl EvaluationData {
    /// Reads training images, and the first `count` held-out ones.
    ///
    /// # Errors
    /// As [`CaptionedImages::read`]; and [`Error::Attributes`] if the held-out images lack an
    /// attribute or a caption, or are of another size.
    pub fn read(train: &Path, heldout: &Path, count: Option<usize>) -> Result<Self> {
        // The smaller one first: what is wrong with it is known sooner.
        let (path, heldout) = (heldout, CaptionedImages::read(heldout, count)?);
        let unusable = |reason: String| Error::Attributes { path: path.to_owned(), reason };
        heldout
            .captions()
            .map_err(|record| unusable(format!("{record} has no caption to draw")))?;
        let train = CaptionedImages::read(train, None)?;
        if train.size() != heldout.size() {
            let ([height, width], [h, w]) = (heldout.size(), train.size());
            return Err(unusable(format!(
                "its images are {height}x{width} pixels and the training images {h}x{w}; \
                 give data sets of one size"
            )));
        }
        let missing = |name: &&String| heldout.values(name).is_none();
        if let Some(name) = train.attributes().iter().find(missing) {
            return Err(unusable(format!(
                "its records have no attribute {name:?}, which the training images have"
            )));
        }
        Ok(Self { train, heldout })
    }

    /// Height and width of every image in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.train.size()
    }

    /// The training images.
    pub fn train(&self) -> &CaptionedImages {
        &self.train
    }

    /// The held-out images.
    pub fn heldout(&self) -> &CaptionedImages {
        &self.heldout
    }
}

/// Fits the probes and reads the held-out images and, with a drawer, images drawn from their
/// captions with a seed.
///
/// # Errors
/// [`Error::OtherSize`] if the drawer's images are of another size; [`Error::Attributes`] if no
/// attribute can be measured; what drawing says.
pub fn measure(
    data: &EvaluationData,
    drawer: Option<(&mut dyn DrawCaptions, u64)>,
) -> Result<Measurement> {
    if let Some((drawer, _)) = &drawer {
        let drawn_with = drawer.drawn_with();
        same_size([drawn_with.height, drawn_with.width], data.size())?;
    }
    let EvaluationData { train, heldout } = data;
    let (attributes, mut left_out) = measurable(train);
    if attributes.is_empty() {
        let reasons = left_out.iter().map(|left| format!("{}: {}", left.attribute, left.reason));
        return Err(Error::NothingToMeasure { reasons: reasons.collect::<Vec<_>>().join("; ") });
    }
    let targets = |images: &CaptionedImages| {
        let of = |attribute: &Attribute| {
            attribute.targets(images.values(&attribute.name).unwrap_or_default())
        };
        attributes.iter().map(of).collect::<Vec<_>>()
    };
    let (learned, wanted) = (targets(train), targets(heldout));
    let bar = ShareBar::new("fitting probes");
    let probes = Probes::fit(attributes, train.pixels(), &learned, |share| bar.set(share));
    bar.finish();

    let drawn = match drawer {
        Some((drawer, seed)) => draw(heldout, drawer, seed)?,
        None => Vec::new(),
    };
    let real = probes.read(heldout.pixels());
    let generated = (!drawn.is_empty()).then(|| {
        let pixels: Vec<u8> = drawn.iter().flat_map(RgbImage::as_raw).copied().collect();
        probes.read(&pixels)
    });
    let mut scores = Vec::new();
    for (index, attribute) in probes.attributes().iter().enumerate() {
        let generated = generated.as_ref().map(|read| read[index].as_slice());
        match AttributeScore::new(attribute, &wanted[index], &real[index], generated) {
            Some(score) => scores.push(score),
            None => left_out.push(LeftOut {
                attribute: attribute.name.clone(),
                reason: "no held-out image has one of its values".to_owned(),
            }),
        }
    }
    let mean = Means::of(&scores).ok_or_else(|| Error::NothingToMeasure {
        reasons: "no held-out image has a value that the probes know".to_owned(),
    })?;
    Ok(Measurement {
        training_images: train.len(),
        captions: heldout.len(),
        attributes: scores,
        mean,
        left_out,
        drawn,
    })
}

/// Attributes with two values or more that a probe can learn, and the others.
fn measurable(train: &CaptionedImages) -> (Vec<Attribute>, Vec<LeftOut>) {
    let seen = train
        .attributes()
        .iter()
        .map(|name| Attribute::seen(name, train.values(name).unwrap_or_default()));
    let (attributes, others): (Vec<_>, Vec<_>) =
        seen.partition(|attribute| attribute.values.len() > 1);
    let reason = |attribute: Attribute| LeftOut {
        reason: format!(
            "fewer than two values are in {MIN_SEEN} training images or more ({} have fewer)",
            attribute.rare.len()
        ),
        attribute: attribute.name,
    };
    (attributes, others.into_iter().map(reason).collect())
}

/// One image a caption; a caption that comes again gets another image.
fn draw(
    heldout: &CaptionedImages,
    drawer: &mut dyn DrawCaptions,
    seed: u64,
) -> Result<Vec<RgbImage>> {
    let requests = requests(&heldout.captions().unwrap_or_default(), seed);
    let captions: Vec<&str> = requests.iter().map(|r| r.caption.as_str()).collect();
    drawer.expect(&captions)?;
    let mut progress = CaptionProgress::new(requests.len() as u64);
    let drawn = drawer.draw(&requests, &mut progress)?;
    progress.finish();
    for image in &drawn {
        let size = [image.height() as usize, image.width() as usize];
        same_size(size, heldout.size())?;
    }
    Ok(drawn)
}

/// Every image has a number of its own: images that are measured together share no noise.
fn requests(captions: &[&str], seed: u64) -> Vec<CaptionRequest> {
    let request = |(number, caption): (u64, &&str)| CaptionRequest {
        caption: (*caption).to_owned(),
        seed,
        number,
    };
    (0..).zip(captions).map(request).collect()
}

fn same_size(drawn: [usize; 2], expected: [usize; 2]) -> Result<()> {
    if drawn == expected { Ok(()) } else { Err(Error::OtherSize { drawn, expected }) }
}

/// Small data sets for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// One record of a tar.
    pub(crate) struct TestRecord {
        pub(crate) image: RgbImage,
        pub(crate) json: String,
    }

    /// A record with a red, green or blue square, left or right, on noise; the caption says which.
    pub(crate) fn coloured(number: usize) -> TestRecord {
        let (colour, right) = (number % 3, number / 3 % 2);
        let levels =
            pixelflow::noise::Key::new(number as u64, 0, pixelflow::noise::Purpose::Testing)
                .uniforms(4 * 8 * 3);
        let mut image = RgbImage::from_fn(8, 4, |x, y| {
            let at = |channel| (levels[((y * 8 + x) * 3 + channel) as usize] * 100.0) as u8;
            image::Rgb([at(0), at(1), at(2)])
        });
        for (x, y) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            image.get_pixel_mut(x + 4 * right as u32, y).0[colour] = 250;
        }
        let name = ["red", "green", "blue"][colour];
        let side = [None, Some("right")][right];
        let json = serde_json::json!({
            "label": name,
            "caption": format!("{name} {}", side.unwrap_or("left")),
            "colour": name,
            "side": side,
            "odd": number.to_string(),
        });
        TestRecord { image, json: json.to_string() }
    }

    /// Writes a `WebDataset`.
    pub(crate) fn write_tar(path: &Path, records: &[TestRecord]) {
        let mut builder = tar::Builder::new(std::fs::File::create(path).unwrap());
        let mut append = |name: String, content: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, content).unwrap();
        };
        for (number, record) in records.iter().enumerate() {
            let mut png = std::io::Cursor::new(Vec::new());
            record.image.write_to(&mut png, image::ImageFormat::Png).unwrap();
            append(format!("{number:06}.png"), png.get_ref());
            append(format!("{number:06}.json"), record.json.as_bytes());
        }
        builder.finish().unwrap();
    }

    /// A data set of coloured squares.
    pub(crate) fn data(train: usize, heldout: usize) -> EvaluationData {
        data_of(train, heldout, coloured)
    }

    /// A data set of records.
    pub(crate) fn data_of(
        train: usize,
        heldout: usize,
        record: fn(usize) -> TestRecord,
    ) -> EvaluationData {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, numbers: std::ops::Range<usize>| {
            let path = folder.path().join(name);
            write_tar(&path, &numbers.map(record).collect::<Vec<_>>());
            path
        };
        let train = write("train.tar", 0..train);
        let heldout = write("heldout.tar", 10_000..10_000 + heldout);
        EvaluationData::read(&train, &heldout, None).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{coloured, data, write_tar};
    use super::*;
    use crate::caption_images::testing::FakeDrawer;

    /// Draws what the caption says if it is of a colour that it knows, else something red.
    fn follows(colours: &'static [&'static str]) -> FakeDrawer {
        FakeDrawer::new([4, 8], move |request| {
            let numbers = 20_000..20_006;
            let wanted = |number: &usize| {
                let record = coloured(*number);
                let (colour, _) = request.caption.split_once(' ').unwrap();
                colours.contains(&colour) && record.json.contains(&request.caption)
            };
            coloured(numbers.clone().find(wanted).unwrap_or(20_001 - 20_001 % 6)).image
        })
    }

    #[test]
    fn images_that_follow_their_captions_reach_the_ceiling() {
        let data = data(400, 60);
        let mut drawer = follows(&["red", "green", "blue"]);
        let measured = measure(&data, Some((&mut drawer, 3))).unwrap();
        let names: Vec<_> = measured.attributes.iter().map(|a| a.attribute.as_str()).collect();
        assert_eq!(names, ["colour", "side"]);
        for score in &measured.attributes {
            assert!(score.real > 0.95, "{score:?}");
            assert!(score.generated > Some(0.95), "{score:?}");
        }
        assert_eq!(measured.attributes[0].values, 3);
        assert!((measured.attributes[0].chance - 1.0 / 3.0).abs() < 0.05);
        // Every record has a value of its own there.
        assert_eq!(measured.left_out[0].attribute, "odd");
        assert_eq!((measured.captions, measured.drawn.len()), (60, 60));
    }

    #[test]
    fn images_that_ignore_their_captions_fall_to_chance() {
        let data = data(400, 60);
        let measured = measure(&data, Some((&mut follows(&[]), 0))).unwrap();
        let colour = &measured.attributes[0];
        assert_eq!(colour.generated, Some(1.0 / 3.0), "{colour:?}");
    }

    #[test]
    fn every_image_has_a_number_of_its_own() {
        let requests = requests(&["a", "b", "a"], 7);
        let numbers: Vec<_> = requests.iter().map(|request| request.number).collect();
        assert_eq!((numbers, requests[2].seed), (vec![0, 1, 2], 7));
    }

    #[test]
    fn images_of_another_size_are_refused_before_the_fit() {
        let mut drawer = FakeDrawer::new([8, 8], |_| panic!("nothing is drawn"));
        let error = measure(&data(60, 6), Some((&mut drawer, 0))).unwrap_err();
        assert!(matches!(error, Error::OtherSize { .. }), "{error}");
    }

    #[test]
    fn data_sets_that_do_not_fit_together_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [train, heldout] = ["train.tar", "heldout.tar"].map(|name| folder.path().join(name));
        write_tar(&train, &[coloured(0)]);
        let read = || EvaluationData::read(&train, &heldout, None).unwrap_err().to_string();
        for (from, to, reason) in [
            ("\"side\"", "\"hand\"", "no attribute \"side\""),
            ("\"caption\"", "\"title\"", "heldout.tar:000000 has no caption"),
        ] {
            let mut record = coloured(0);
            record.json = record.json.replace(from, to);
            write_tar(&heldout, &[record]);
            assert!(read().contains(reason), "{}", read());
        }
        let mut record = coloured(0);
        record.image = RgbImage::new(2, 2);
        write_tar(&heldout, &[record]);
        assert!(read().contains("2x2 pixels and the training images 4x8"), "{}", read());
        // Too few images of every value.
        write_tar(&heldout, &[coloured(0)]);
        let data = EvaluationData::read(&train, &heldout, None).unwrap();
        let message = measure(&data, None).unwrap_err().to_string();
        assert!(message.contains("colour: fewer than two values"), "{message}");
    }
}
