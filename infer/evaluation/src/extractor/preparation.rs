//! From the bytes of an image to what a network sees.

use pixelflow_dataset::Raster;

use super::Resize;

/// How bytes become numbers about 0: `(byte / divisor - centre) / spread`, a centre and spread a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// What bytes are divided by before the image is scaled.
    pub divisor: f32,
    /// What is subtracted after it, red, green and blue.
    pub centre: [f32; 3],
    /// What it is divided by then.
    pub spread: [f32; 3],
}

impl Range {
    /// `(x - 128) / 128`, as the graph of the original Inception has it.
    pub const AROUND_128: Self = Self { divisor: 1.0, centre: [128.0; 3], spread: [128.0; 3] };
    /// `2 x / 255 - 1`, as `pytorch-fid` has it.
    pub const MINUS_ONE_TO_ONE: Self = Self { divisor: 255.0, centre: [0.5; 3], spread: [0.5; 3] };
    /// `(x - 127) / 128`, as EfficientNet-Lite was trained.
    pub const AROUND_127: Self = Self { divisor: 1.0, centre: [127.0; 3], spread: [128.0; 3] };
    /// By mean and standard deviation of `ImageNet`.
    pub const IMAGENET: Self =
        Self { divisor: 255.0, centre: [0.485, 0.456, 0.406], spread: [0.229, 0.224, 0.225] };
}

/// Everything that happens to an image before a network sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preparation {
    /// Side of the square that the network takes, in pixels.
    pub side: usize,
    /// How images are scaled to it.
    pub resize: Resize,
    /// How bytes become numbers.
    pub range: Range,
}

impl Preparation {
    /// Scales an image and brings its values into range.
    ///
    /// # Shapes
    /// - output: `[3, side, side]`
    pub fn apply(&self, image: &Raster) -> Vec<f32> {
        let mut planes = self.resize.apply(image, self.side, self.range.divisor);
        self.range.apply(&mut planes);
        planes
    }
}

impl Range {
    /// The half after scaling, of `[3, height, width]` values.
    pub fn apply(&self, planes: &mut [f32]) {
        let plane = planes.len() / 3;
        for (channel, values) in planes.chunks_exact_mut(plane.max(1)).enumerate() {
            let (centre, spread) = (self.centre[channel], self.spread[channel]);
            for value in values {
                *value = (*value - centre) / spread;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_are_where_each_network_expects_them() {
        let image = Raster::new(2, 2, 1, vec![0, 0, 255, 255]).unwrap();
        let ends = |range| {
            let values = Preparation { side: 2, resize: Resize::TensorFlow1, range }.apply(&image);
            [values[0], values[11]]
        };
        assert_eq!(ends(Range::AROUND_128), [-1.0, 127.0 / 128.0]);
        assert_eq!(ends(Range::MINUS_ONE_TO_ONE), [-1.0, 1.0]);
        assert_eq!(ends(Range::AROUND_127), [-127.0 / 128.0, 1.0]);
        assert_eq!(ends(Range::IMAGENET), [-0.485 / 0.229, (1.0 - 0.406) / 0.225]);
    }
}
