//! Photos: decoding, centre crop, resize, crop, flip and normalisation, bit for bit.

use pixelflow_dataset::transform::{center_crop, normalise, resize_to_cover};
use pixelflow_dataset::{Raster, decode};
use serde_json::Value;

use crate::tensors::widen;
use crate::{Error, Limits, Recorder, Result, Subject, Tensors};

/// Checks all photos of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn check(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let tensors = subject.open()?;
    for photo in subject.entry.prefixes() {
        recorder.attempt(&subject.case(&photo), |recorder| {
            let photo = Photo { subject, tensors: &tensors, name: &photo };
            photo.check(recorder)
        });
    }
    Ok(())
}

struct Photo<'a> {
    subject: Subject<'a>,
    tensors: &'a Tensors,
    name: &'a str,
}

impl Photo<'_> {
    fn check(&self, recorder: &mut Recorder<'_>) -> Result<()> {
        let original = self.stored("rgb")?;
        let file = format!("{}.png", self.name);
        if self.subject.manifest.entry(&file).is_some() {
            let path = self.subject.manifest.path(&file);
            let bytes =
                std::fs::read(&path).map_err(|source| Error::Unreadable { path, source })?;
            self.equal("rgb", &decode(&bytes, &file)?, recorder)?;
        }
        let start = format!("{}/", self.name);
        for part in self.tensors.names().filter_map(|name| name.strip_prefix(&start)) {
            match Part::of(part) {
                Some(Part::Crop(size)) => {
                    self.equal(part, &center_crop(&original, [size; 2]), recorder)?;
                }
                Some(Part::Resize(side)) => {
                    self.equal(part, &resize_to_cover(&original, [side; 2]), recorder)?;
                }
                Some(Part::ResizeCrop(side, size)) => {
                    let [left, top] = self.corner()?;
                    let resized = resize_to_cover(&original, [side; 2]);
                    self.equal(part, &resized.crop(left, top, size, size), recorder)?;
                }
                Some(Part::Normalised { size, is_flipped }) => {
                    let cropped = center_crop(&original, [size; 2]);
                    let cropped = if is_flipped { cropped.flip_horizontal() } else { cropped };
                    let name = format!("{start}{part}");
                    let expected = self.tensors.doubles(&name)?;
                    let limits = Limits::absolute(1e-7, "f32, as the manifest says");
                    let found = widen(&normalise(&cropped));
                    recorder.compare(self.subject.case(&name), &found, &expected, &limits);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// An image as stored, `[height, width, channels]`.
    fn stored(&self, part: &str) -> Result<Raster> {
        let name = format!("{}/{part}", self.name);
        let [height, width, channels] = self.tensors.dims(&name)?;
        Ok(Raster::new(width, height, channels, self.tensors.bytes(&name)?)?)
    }

    /// Upper left corner of the stored crop of the resized image.
    fn corner(&self) -> Result<[usize; 2]> {
        let path = ["photos", self.name, "lanczos_crop_xy"];
        let corner = self.subject.entry.at(&path).and_then(Value::as_array);
        let corner: Option<Vec<usize>> = corner.and_then(|corner| {
            let numbers = corner.iter().map(Value::as_u64);
            numbers.map(|n| n.map(|n| n as usize)).collect()
        });
        corner
            .and_then(|corner| corner.try_into().ok())
            .ok_or_else(|| self.tensors.problem("the manifest has no `lanczos_crop_xy`"))
    }

    /// Compares pixel by pixel.
    fn equal(&self, part: &str, found: &Raster, recorder: &mut Recorder<'_>) -> Result<()> {
        let expected = self.stored(part)?;
        let (width, channels) = (expected.width(), expected.channels());
        let place = |index: usize| {
            let (pixel, channel) = (index / channels, index % channels);
            format!("x {} y {} channel {channel}", pixel % width, pixel / width)
        };
        let size = |image: &Raster| [image.width(), image.height(), image.channels()];
        let case = self.subject.case(&format!("{}/{part}", self.name));
        if size(found) == size(&expected) {
            recorder.exact_at(case, found.data(), expected.data(), place);
        } else {
            recorder.exact(format!("{case}/size"), &size(found), &size(&expected));
        }
        Ok(())
    }
}

/// What was made of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// `cropN`: the centre crop.
    Crop(usize),
    /// `lanczosN`: the shorter side scaled to N.
    Resize(usize),
    /// `lanczosN_cropM`: a square of it.
    ResizeCrop(usize, usize),
    /// `normN`, `flip_normN`: the centre crop as the model sees it.
    Normalised { size: usize, is_flipped: bool },
}

impl Part {
    fn of(name: &str) -> Option<Self> {
        if let Some(rest) = name.strip_prefix("lanczos") {
            return Some(match rest.split_once("_crop") {
                Some((side, size)) => Self::ResizeCrop(side.parse().ok()?, size.parse().ok()?),
                None => Self::Resize(rest.parse().ok()?),
            });
        }
        if let Some(size) = name.strip_prefix("crop") {
            return Some(Self::Crop(size.parse().ok()?));
        }
        let (name, is_flipped) = match name.strip_prefix("flip_") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let size = name.strip_prefix("norm")?.parse().ok()?;
        Some(Self::Normalised { size, is_flipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_was_made() {
        let normalised = |size, is_flipped| Some(Part::Normalised { size, is_flipped });
        assert_eq!(Part::of("crop64"), Some(Part::Crop(64)));
        assert_eq!(Part::of("lanczos72"), Some(Part::Resize(72)));
        assert_eq!(Part::of("lanczos72_crop64"), Some(Part::ResizeCrop(72, 64)));
        assert_eq!(Part::of("norm32"), normalised(32, false));
        assert_eq!(Part::of("flip_norm32"), normalised(32, true));
        assert_eq!(Part::of("rgb"), None);
    }
}
