//! What only moves numbers: every one must arrive unchanged at its place.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Tensor, TensorData};
use pixelflow::layers::{images_to_tokens, tokens_to_images};

use super::input::normals;
use crate::cases::download;
use crate::{Precision, Recorder};

/// Images, channels, height and width.
const SHAPE: [usize; 4] = [2, 3, 8, 12];

/// Side of a patch.
const PATCH: usize = 4;

/// Rows and columns of patches.
const GRID: [usize; 2] = [SHAPE[2] / PATCH, SHAPE[3] / PATCH];

/// Tokens and features.
const TOKENS: [usize; 2] = [SHAPE[0] * GRID[0] * GRID[1], SHAPE[1] * PATCH * PATCH];

/// Checks images to tokens, tokens to images, both, and the order of a velocity's features.
pub(super) fn check<A: AutodiffBackend>(
    precision: Precision,
    device: &A::Device,
    recorder: &mut Recorder<'_>,
) {
    let there = |x: Tensor<A, 1>| images_to_tokens(x.reshape(SHAPE), PATCH);
    let back = |x: Tensor<A, 2>| tokens_to_images(x, GRID[0], GRID[1], PATCH).flatten(0, 3);
    let count = SHAPE.iter().product();
    let sources: Vec<usize> = (0..count).map(source).collect();
    let mut inverse = vec![0; count];
    for (place, &source) in sources.iter().enumerate() {
        inverse[source] = place;
    }
    let identity: Vec<usize> = (0..count).collect();
    let mut moved = |name, sources: &[usize], operation: &dyn Fn(Tensor<A, 1>) -> Tensor<A, 1>| {
        let name = format!("operations/{name}");
        recorder.attempt(&name, |recorder| {
            let permutation = Permutation { name: &name, sources };
            permutation.check::<A>(operation, precision, device, recorder);
            Ok(())
        });
    };
    moved("images_to_tokens", &sources, &|x| there(x).flatten(0, 1));
    moved("tokens_to_images", &inverse, &|x| back(x.reshape(TOKENS)));
    moved("images_to_tokens_and_back", &identity, &|x| back(there(x)));
    let channels_last: Vec<usize> = (0..count).map(channels_last).collect();
    moved("channels_first", &channels_last, &|x| {
        let [tokens, features] = TOKENS;
        let velocity = x.reshape([tokens, features / SHAPE[1], SHAPE[1]]);
        velocity.swap_dims(1, 2).flatten(0, 2)
    });
}

/// Where in the images the number at `place` of the tokens is.
///
/// Tokens are image, row, column; their features are channel, row, column within the patch.
fn source(place: usize) -> usize {
    let mut rest = place;
    let mut digit = |base: usize| {
        let digit = rest % base;
        rest /= base;
        digit
    };
    let (x, y, channel) = (digit(PATCH), digit(PATCH), digit(SHAPE[1]));
    let (column, row, image) = (digit(GRID[1]), digit(GRID[0]), digit(SHAPE[0]));
    let line = (image * SHAPE[1] + channel) * SHAPE[2] + row * PATCH + y;
    line * SHAPE[3] + column * PATCH + x
}

/// Where in features ordered `(ph pw c)` the number at `place` of those ordered `(c ph pw)` is.
fn channels_last(place: usize) -> usize {
    let pixels = PATCH * PATCH;
    let (token, feature) = (place / TOKENS[1], place % TOKENS[1]);
    let (channel, pixel) = (feature / pixels, feature % pixels);
    token * TOKENS[1] + pixel * SHAPE[1] + channel
}

/// The number at each place of the result is the one at `sources` of the input.
struct Permutation<'a> {
    name: &'a str,
    sources: &'a [usize],
}

impl Permutation<'_> {
    fn check<A: AutodiffBackend>(
        &self,
        operation: impl Fn(Tensor<A, 1>) -> Tensor<A, 1>,
        precision: Precision,
        device: &A::Device,
        recorder: &mut Recorder<'_>,
    ) {
        let numbers = |index| {
            let normals = normals(index, self.sources.len());
            normals.into_iter().map(|x| precision.round(x)).collect::<Vec<f64>>()
        };
        let upload = |values: &[f64]| {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            let data = TensorData::new(values, [self.sources.len()]);
            Tensor::<A, 1>::from_data(data, (device, precision.dtype()))
        };
        let (values, cotangent) = (numbers(0), numbers(1));
        let x = upload(&values).require_grad();
        let out = operation(x.clone());
        let product = (out.clone() * upload(&cotangent)).cast(DType::F32);
        let gradient = x.grad(&product.sum().backward()).map(download);

        let expected: Vec<f64> = self.sources.iter().map(|&source| values[source]).collect();
        recorder.exact(format!("{}/out", self.name), &download(out), &expected);
        let mut expected = vec![0.0; self.sources.len()];
        for (&source, cotangent) in self.sources.iter().zip(cotangent) {
            expected[source] = cotangent;
        }
        let found = gradient.unwrap_or_default();
        recorder.exact(format!("{}/grad_x", self.name), &found, &expected);
    }
}
