//! End to end: the shipped demo model draws the same images from the same seed.

use std::path::Path;

use image::RgbImage;
use infer::ModelSource;
use infer::rgb_image;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{ImageRequest, Pipeline, Request, Subject};
use pixelflow::sampler::{SamplerConfig, SolverKind};

use crate::precision::REFERENCE_BF16;
use crate::{Outcome, Precision, Recorder, TEN};

/// Name of the picture in a target's folder.
pub const DEMO_IMAGE: &str = "demo.png";
const SEED: u64 = 0;
// More would cost a GPU backend minutes of tuning on a software device.
const IMAGES: usize = 2;
const STEPS: usize = 2;
/// Share of a state's error that reaches the mean over all pixels, in levels of 255: the mean of a
/// normal error is 0.8 of its root mean square, pixels are half as far apart as states, and a
/// state's root mean square is about 0.6.
const LEVELS_PER_RELATIVE_ERROR: f64 = 0.8 * 127.5 * 0.6;
/// Relative error of a whole f32 trajectory of the reference, at most.
const TRAJECTORY_ERROR: f64 = 2e-6;

/// Draws a few images and writes them, one beside the other, to `folder/demo.png`.
pub(super) fn check<B: PixelFlowBackend>(
    precision: Precision,
    folder: &Path,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) {
    recorder.attempt("demo", |recorder| {
        match drawn::<B>(precision, device) {
            Ok(images) => {
                let path = folder.join(DEMO_IMAGE);
                let saved = side_by_side(&images).save(&path);
                recorder.push(outcome(&images));
                if let Err(error) = saved {
                    let reason = format!("cannot write {}: {error}", path.display());
                    recorder.push(Outcome::broken("demo/file", reason));
                }
            }
            Err(reason) => recorder.push(Outcome::broken("demo/drawn", reason)),
        }
        Ok(())
    });
}

fn drawn<B: PixelFlowBackend>(
    precision: Precision,
    device: &B::Device,
) -> Result<Vec<RgbImage>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let source = ModelSource::demo().map_err(|e| text(&e))?;
    let files = source.files().map_err(|e| text(&e))?;
    let mut pipeline = Pipeline::<B>::new(files, device).with_format(precision.number_format());
    let classes = source.description.model.num_classes;
    let image = |image| {
        let subject = Subject::Class(image * classes / IMAGES);
        ImageRequest { subject, seed: SEED, number: image as u64 }
    };
    let request = Request::new((0..IMAGES).map(image).collect()).sampler(SamplerConfig {
        solver: SolverKind::Euler,
        steps: vec![STEPS],
        ..source.sampler()
    });
    let drawing = pipeline.draw(&request).map_err(|e| text(&e))?;
    drawing.map(|image| image.map(rgb_image).map_err(|e| text(&e))).collect()
}

fn side_by_side(images: &[RgbImage]) -> RgbImage {
    let (width, height) = images.first().map_or((0, 0), RgbImage::dimensions);
    RgbImage::from_fn(width * images.len() as u32, height, |x, y| {
        *images[(x / width) as usize].get_pixel(x % width, y)
    })
}

/// A picture has light and dark, and no two are alike; whether they are the right ones is for the
/// comparison with another target.
fn outcome(images: &[RgbImage]) -> Outcome {
    let flat = images.iter().filter(|image| {
        let (least, most) = (image.iter().min(), image.iter().max());
        most.zip(least).is_none_or(|(most, least)| most - least < 64)
    });
    let flat = flat.count();
    let same = images.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let details = format!("{} images, {STEPS} steps a stage", images.len());
    Outcome::measured("demo/drawn", "flat", (flat + same) as f64, 0.0, "none").with_details(details)
}

/// How far the pictures of two targets are apart, on average and at most, in levels of 255.
///
/// In f32 a value near the middle between two levels may be rounded to either, so one level is
/// allowed, but only where rounding errors of the states can bring it about.
pub fn compare_images(left: &RgbImage, right: &RgbImage, precision: Precision) -> [Outcome; 2] {
    let (mean_case, most_case) = ("demo/mean_difference", "demo/largest_difference");
    if left.dimensions() != right.dimensions() {
        let reason = format!("{:?} and {:?}", left.dimensions(), right.dimensions());
        return [mean_case, most_case].map(|case| Outcome::broken(case, reason.clone()));
    }
    let distances: Vec<f64> =
        left.iter().zip(right.iter()).map(|(&a, &b)| f64::from(a.abs_diff(b))).collect();
    let mean = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
    let most = distances.iter().copied().fold(0.0, f64::max);
    let differing = distances.iter().filter(|&&d| d > 0.0).count();
    let details = format!("{differing} of {} values differ", distances.len());
    let (mean_limit, basis) = if precision == Precision::F32 {
        let limit = TEN * TRAJECTORY_ERROR * LEVELS_PER_RELATIVE_ERROR;
        (limit, "10 x an f32 trajectory's error")
    } else {
        // A bf16 forward pass of the reference is off by 0.9e-2: its share of the unit roundoff.
        let share = REFERENCE_BF16 / Precision::Bf16.unit_roundoff();
        let limit = TEN * share * precision.unit_roundoff() * LEVELS_PER_RELATIVE_ERROR;
        (limit, "10 x a forward pass's error")
    };
    let largest = Outcome::measured(most_case, "levels", most, 1.0, "one level, by rounding");
    let largest = if precision == Precision::F32 {
        largest
    } else {
        // Where an edge moves by a pixel, a single value may be off by any amount.
        largest.without_limit()
    };
    [
        Outcome::measured(mean_case, "levels", mean, mean_limit, basis).with_details(&details),
        largest.with_details(&details),
    ]
}
