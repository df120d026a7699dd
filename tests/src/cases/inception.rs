//! Inception-v3 with weights made by a rule: features on the way, pool 3 and logits.

#[path = "../../../infer/evaluation/tests/fixture/procedural.rs"]
mod procedural;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow_evaluation::Protocol;
use pixelflow_evaluation::extractor::{Inception, Range, Resize};

use super::download;
use crate::tensors::widen;
use crate::{Limits, Recorder, Result, Subject, Tensors};

/// Checks the resize and all images of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn check<B: Backend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let tensors = subject.open()?;
    recorder.attempt(&subject.case("resize"), |recorder| resize(subject, &tensors, recorder));
    let shapes = subject.entry.field("weight_shapes");
    let shapes = shapes.ok_or_else(|| subject.entry.problem("no `weight_shapes`"))?;
    let file = procedural::weights(shapes, |_, _| ());
    let network = Inception::<B>::load(&file, Protocol::PytorchFid, device)
        .map_err(|error| subject.entry.problem(error.to_string()))?;
    let most = if subject.is_quick { 1 } else { usize::MAX };
    for number in (0..most).take_while(|number| tensors.has(&format!("x{number}"))) {
        let image = Image { subject, tensors: &tensors, number };
        recorder.attempt(&subject.case(&format!("x{number}")), |recorder| {
            image.check(&network, device, recorder)
        });
    }
    Ok(())
}

/// Every 23rd row and column of an image scaled to 299 pixels.
fn resize(subject: Subject<'_>, tensors: &Tensors, recorder: &mut Recorder<'_>) -> Result<()> {
    let planes = scaled(tensors, "resize_in")?;
    let every = |c: usize, y: usize, x: usize| planes[(c * SIDE + 23 * y) * SIDE + 23 * x];
    let found: Vec<f32> = (0..3 * 169).map(|i| every(i / 169, i / 13 % 13, i % 13)).collect();
    let expected = tensors.doubles("resize_out")?;
    let limits = Limits::absolute(1e-5, "places of tens of pixels in f32");
    recorder.compare(subject.case("resize"), &widen(&found), &expected, &limits);
    Ok(())
}

/// Side of Inception's input.
const SIDE: usize = 299;

/// An image scaled with half-pixel centres, `[3, 299, 299]`.
fn scaled(tensors: &Tensors, name: &str) -> Result<Vec<f32>> {
    let [_, _, height, width] = tensors.dims(name)?;
    let image = tensors.floats(name)?;
    Ok(Resize::HalfPixel.scale(&image, [height, width], [SIDE; 2], f32::MAX))
}

/// One image of the fixture.
struct Image<'a> {
    subject: Subject<'a>,
    tensors: &'a Tensors,
    number: usize,
}

impl Image<'_> {
    fn check<B: Backend>(
        &self,
        network: &Inception<B>,
        device: &B::Device,
        recorder: &mut Recorder<'_>,
    ) -> Result<()> {
        let mut planes = scaled(self.tensors, &format!("x{}", self.number))?;
        Range::MINUS_ONE_TO_ONE.apply(&mut planes);
        let data = TensorData::new(planes, [1, 3, SIDE, SIDE]);
        let maps = network.maps(Tensor::<B, 4>::from_data(data, device));
        let means = |map: &Tensor<B, 4>| download(map.clone().mean_dim(3).mean_dim(2));
        // The errors of the first two blocks are not recorded; the third's holds for them all the more.
        self.compare("block0_mean", "block2", &means(&maps.block0), recorder)?;
        self.compare("block1_mean", "block2", &means(&maps.block1), recorder)?;
        self.compare("block2_mean", "block2", &means(&maps.block2), recorder)?;
        let channels = maps.block2.dims()[1];
        let place = maps.block2.slice([0..1, 0..channels, 3..4, 5..6]);
        self.compare("block2_sample", "block2", &download(place), recorder)?;
        let logits = download(network.logits(maps.pool3.clone()));
        let biased: Vec<f64> = logits
            .iter()
            .zip(network.bias())
            .map(|(logit, &bias)| logit + f64::from(bias))
            .collect();
        self.compare("logits", "logits", &biased, recorder)?;
        let pool3 = download(maps.pool3);
        self.compare("pool3", "pool3", &pool3, recorder)?;
        self.compare("pool3_f64", "pool3", &pool3, recorder)
    }

    fn compare(
        &self,
        name: &str,
        part: &str,
        found: &[f64],
        recorder: &mut Recorder<'_>,
    ) -> Result<()> {
        let name = format!("{name}_{}", self.number);
        let image = format!("x{}", self.number);
        let recorded = self.subject.entry.must_record(&["err_f32_vs_f64", &image, part])?;
        let expected = self.tensors.doubles(&name)?;
        recorder.compare(self.subject.case(&name), found, &expected, &Limits::ten_times(&recorded));
        Ok(())
    }
}
