//! Images to the side that a network takes, each way as exact as its evaluator's.
//!
//! FID of one resize is not FID of another: between the first two below lies more than between good models
//! (Parmar et al. 2022, arXiv 2104.11222).

use pixelflow_dataset::Raster;
use pixelflow_dataset::transform::{Filter, resize};
use serde::{Deserialize, Serialize};

/// A way to scale an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Bilinear without half-pixel centres, in f32: `resize_bilinear` of TensorFlow 1, which is in the graph
    /// of the original Inception. No antialiasing.
    TensorFlow1,
    /// Bilinear with half-pixel centres, in f32: `interpolate(…, align_corners=False)` of PyTorch. No
    /// antialiasing.
    HalfPixel,
    /// Pillow's bicubic with antialiasing, in f32 a channel, cut to 0..255: `clean-fid`.
    PillowFloat,
    /// Pillow's bicubic with antialiasing, in bytes: `dgm-eval`.
    PillowBytes,
}

impl Resize {
    /// Scales an image to a square.
    ///
    /// Grey images have their value in all three channels.
    ///
    /// # Shapes
    /// - output: `[3, side, side]`, 0 to 255, each value divided by `divisor` before it is scaled
    ///
    /// # Panics
    /// If `side` is 0.
    pub fn apply(self, image: &Raster, side: usize, divisor: f32) -> Vec<f32> {
        let size = [image.height(), image.width()];
        if self == Self::PillowBytes {
            return planes(&resize(image, side, side, Filter::Bicubic), divisor);
        }
        self.scale(&planes(image, divisor), size, [side; 2], 255.0 / divisor)
    }

    /// Scales three planes of floats.
    ///
    /// # Shapes
    /// - planes: `[3, height, width]`, 0 to `largest`; `size`, `to`: height and width
    /// - output: `[3, height, width]` of `to`
    ///
    /// # Panics
    /// If a side is 0, or there are other numbers of values.
    pub fn scale(self, planes: &[f32], size: [usize; 2], to: [usize; 2], largest: f32) -> Vec<f32> {
        assert_eq!(planes.len(), 3 * size[0] * size[1], "three planes");
        if size == to {
            return planes.to_vec();
        }
        let [rows, columns] = [0, 1].map(|axis| self.windows(size[axis], to[axis]));
        let mut out = Vec::with_capacity(3 * to[0] * to[1]);
        for plane in planes.chunks_exact(size[0] * size[1]) {
            let narrow: Vec<Vec<f32>> = plane
                .chunks_exact(size[1])
                .map(|row| columns.iter().map(|window| window.mix(|x| row[x])).collect())
                .collect();
            for window in &rows {
                out.extend((0..to[1]).map(|x| window.mix(|y| narrow[y][x])));
            }
        }
        if self == Self::PillowFloat {
            for value in &mut out {
                *value = value.clamp(0.0, largest);
            }
        }
        out
    }

    /// Which old values each new one is made of, along one axis.
    fn windows(self, old: usize, new: usize) -> Vec<Window> {
        let scale = old as f32 / new as f32;
        let bilinear = |place: f32| {
            let low = (place as usize).min(old - 1);
            Window::Between { low, high: (low + 1).min(old - 1), share: place - low as f32 }
        };
        match self {
            Self::TensorFlow1 => (0..new).map(|i| bilinear(i as f32 * scale)).collect(),
            Self::HalfPixel => {
                let place = |i: usize| ((i as f32 + 0.5) * scale - 0.5).max(0.0);
                (0..new).map(|i| bilinear(place(i))).collect()
            }
            Self::PillowFloat | Self::PillowBytes => (0..new).map(|i| cubic(i, old, new)).collect(),
        }
    }
}

/// The old values that a new one is made of, with their weights.
enum Window {
    /// `low + (high - low) share`: TensorFlow's order of operations.
    Between { low: usize, high: usize, share: f32 },
    /// A weighted sum in f64, rounded to f32: Pillow's.
    Sum { start: usize, weights: Vec<f64> },
}

impl Window {
    fn mix(&self, value: impl Fn(usize) -> f32) -> f32 {
        match self {
            Self::Between { low, high, share } => {
                let low = value(*low);
                low + (value(*high) - low) * share
            }
            Self::Sum { start, weights } => {
                let terms = (*start..).zip(weights);
                terms.fold(0.0, |sum, (x, weight)| sum + f64::from(value(x)) * weight) as f32
            }
        }
    }
}

/// Pillow's window of Keys' cubic with a = -0.5, widened where an image shrinks.
fn cubic(at: usize, old: usize, new: usize) -> Window {
    let scale = old as f64 / new as f64;
    let widened = scale.max(1.0);
    let center = (at as f64 + 0.5) * scale;
    let start = (center - 2.0 * widened + 0.5).max(0.0) as usize;
    let end = ((center + 2.0 * widened + 0.5) as usize).min(old);
    let weight = |x: usize| keys((x as f64 - center + 0.5) / widened);
    let weights: Vec<f64> = (start..end).map(weight).collect();
    let total: f64 = weights.iter().sum();
    Window::Sum { start, weights: weights.iter().map(|weight| weight / total).collect() }
}

fn keys(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// Bytes to three planes of floats.
fn planes(image: &Raster, divisor: f32) -> Vec<f32> {
    let channels = image.channels();
    let plane =
        |channel: usize| image.data().iter().skip(channel.min(channels - 1)).step_by(channels);
    (0..3).flat_map(plane).map(|&byte| f32::from(byte) / divisor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of three values that goes to five, in every way.
    fn five_of(resize: Resize) -> Vec<f32> {
        let row = [0.0, 90.0, 30.0];
        resize.scale(&row.repeat(3), [1, 3], [1, 5], 255.0)[..5].to_vec()
    }

    #[test]
    fn each_way_has_its_own_centres() {
        let close = |found: Vec<f32>, expected: [f32; 5]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
        };
        // Places 0, 0.6, 1.2, 1.8, 2.4: the last beyond the end.
        close(five_of(Resize::TensorFlow1), [0.0, 54.0, 78.0, 42.0, 30.0]);
        // Places -0.2, 0.4, 1, 1.6, 2.2.
        close(five_of(Resize::HalfPixel), [0.0, 36.0, 90.0, 54.0, 30.0]);
        // PIL.Image.fromarray(row, "F").resize((5, 1), Image.BICUBIC), cut to 0..255
        close(five_of(Resize::PillowFloat), [0.0000, 34.2537, 90.0000, 55.0746, 25.4717]);
    }

    #[test]
    fn an_image_that_shrinks_is_smoothed_by_pillow_alone() {
        let stripes: Vec<u8> = (0..64 * 8).map(|i| if i % 2 == 0 { 0 } else { 200 }).collect();
        let image = Raster::new(64, 8, 1, stripes).unwrap();
        let spread = |resize: Resize| {
            let values = resize.apply(&image, 9, 1.0);
            let inside: Vec<f32> = values.chunks(9).flat_map(|row| row[1..8].to_vec()).collect();
            inside.iter().fold(0.0_f32, |most, x| most.max((x - 100.0).abs()))
        };
        assert!(spread(Resize::PillowFloat) < 2.0 && spread(Resize::PillowBytes) < 2.0);
        assert!(spread(Resize::TensorFlow1) > 50.0);
    }

    #[test]
    fn grey_is_in_all_channels_and_the_same_size_is_the_same_image() {
        let grey = Raster::new(2, 2, 1, vec![0, 51, 102, 255]).unwrap();
        let ways =
            [Resize::TensorFlow1, Resize::HalfPixel, Resize::PillowFloat, Resize::PillowBytes];
        for resize in ways {
            assert_eq!(resize.apply(&grey, 2, 255.0), [0.0, 0.2, 0.4, 1.0].repeat(3));
        }
    }

    #[test]
    fn pillow_s_floats_are_its_bytes_before_rounding() {
        let smooth = (0..19 * 23 * 3).map(|i| (5 * (i / 3 % 19) + 4 * (i / 57) + i % 3) as u8);
        let image = Raster::new(19, 23, 3, smooth.collect()).unwrap();
        for side in [7, 40] {
            let bytes = Resize::PillowBytes.apply(&image, side, 1.0);
            let floats = Resize::PillowFloat.apply(&image, side, 1.0);
            assert!(bytes.iter().zip(&floats).all(|(a, b)| (a - b).abs() < 1.5), "{side}");
        }
    }
}
