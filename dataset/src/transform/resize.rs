//! Resampling, bit for bit as Pillow does it on 8-bit images.
//!
//! Data sets for this kind of model have always been prepared with Pillow, so its arithmetic is
//! part of the definition: a horizontal and a vertical pass, 8 bits in between, weights in fixed
//! point. When an image shrinks, the filter widens with it (antialiasing).

// What runs under `vectorised` must be inlined into it to be compiled for wide vectors.
#![allow(clippy::inline_always)]

use crate::Raster;

/// Bits behind the point of a weight: 32 less 8 for the pixel and 2 for overshoot and sign.
const PRECISION_BITS: u32 = 22;

/// Which neighbours a new pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Mean of the covered pixels.
    Box,
    /// Keys' cubic with a = -0.5.
    Bicubic,
    /// Sinc windowed by a sinc of three times the width.
    Lanczos,
}

impl Filter {
    /// Distance beyond which the weight is 0, in pixels of the coarser grid.
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// Weight at signed distance `x`.
    fn weight(self, x: f64) -> f64 {
        match self {
            Self::Box => f64::from(u8::from(x > -0.5 && x <= 0.5)),
            Self::Bicubic => cubic(x.abs()),
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    // Products and sums in Pillow's order: it decides the last bit.
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * std::f64::consts::PI;
    x.sin() / x
}

/// Scales `image` to `width` x `height` pixels.
///
/// A side that keeps its length is not touched.
///
/// # Panics
/// If `width` or `height` is 0.
pub fn resize(image: &Raster, width: usize, height: usize, filter: Filter) -> Raster {
    assert!(width > 0 && height > 0, "cannot scale an image to {width}x{height} pixels");
    if columns_first(image, width, height) {
        resize_rows(&resize_columns(image, height, filter), width, filter)
    } else {
        resize_columns(&resize_rows(image, width, filter), height, filter)
    }
}

/// Whether the vertical pass comes first, which changes how intermediate values are rounded.
///
/// Since version 13 Pillow does so when the height loses more than twice as many pixels as the
/// width: of images scaled as a whole, those that shrink and are more than twice as high as wide.
fn columns_first(image: &Raster, width: usize, height: usize) -> bool {
    let fewer_rows = image.height().saturating_sub(height);
    let fewer_columns = image.width().saturating_sub(width);
    fewer_rows > 2 * fewer_columns
}

/// The horizontal pass.
fn resize_rows(image: &Raster, width: usize, filter: Filter) -> Raster {
    if width == image.width() {
        return image.clone();
    }
    let windows = windows(image.width(), width, filter);
    let data = match image.channels() {
        1 => weigh_pixels::<1>(image, &windows),
        _ => weigh_pixels::<3>(image, &windows),
    };
    raster(width, image.height(), image.channels(), data)
}

/// The vertical pass.
fn resize_columns(image: &Raster, height: usize, filter: Filter) -> Raster {
    if height == image.height() {
        return image.clone();
    }
    let windows = windows(image.height(), height, filter);
    let data = weigh_rows(image, &windows);
    raster(image.width(), height, image.channels(), data)
}

/// The old pixels that make up one new pixel.
struct Window {
    /// First old pixel.
    start: usize,
    /// Weight of it and of its successors, in fixed point.
    weights: Vec<i32>,
}

/// One window for each of `new` pixels that replace `old` ones.
fn windows(old: usize, new: usize, filter: Filter) -> Vec<Window> {
    let scale = old as f64 / new as f64;
    let filter_scale = scale.max(1.0);
    let support = filter.support() * filter_scale;
    let window = |index: usize| {
        let center = (index as f64 + 0.5) * scale;
        // `as` truncates towards zero and saturates: negative starts become 0.
        let start = (center - support + 0.5) as usize;
        let end = ((center + support + 0.5) as usize).min(old);
        let weight = |x: usize| filter.weight((x as f64 - center + 0.5) * (1.0 / filter_scale));
        let weights: Vec<f64> = (start..end).map(weight).collect();
        let total: f64 = weights.iter().fold(0.0, |sum, weight| sum + weight);
        let total = if total == 0.0 { 1.0 } else { total };
        Window { start, weights: weights.iter().map(|w| fixed_point(w / total)).collect() }
    };
    (0..new).map(window).collect()
}

/// Rounds half away from zero.
fn fixed_point(weight: f64) -> i32 {
    (weight * f64::from(1 << PRECISION_BITS) + 0.5_f64.copysign(weight)) as i32
}

/// Weighs neighbouring pixels of `C` channels, row by row.
fn weigh_pixels<const C: usize>(image: &Raster, windows: &[Window]) -> Vec<u8> {
    let mut out = vec![0; image.height() * windows.len() * C];
    vectorised(
        #[inline(always)]
        || {
            // Four channels are a vector; what is beyond a pixel's own is never looked at.
            let mut pixels = vec![[0; 4]; image.width()];
            let (rows, _) = out.as_chunks_mut::<C>();
            for (row, new) in image.rows().zip(rows.chunks_exact_mut(windows.len())) {
                for (pixel, own) in pixels.iter_mut().zip(row.as_chunks::<C>().0) {
                    pixel[..C].copy_from_slice(&own.map(i32::from));
                }
                for (window, new) in windows.iter().zip(new) {
                    let mut sums = [ROUNDING; 4];
                    for (pixel, weight) in pixels[window.start..].iter().zip(&window.weights) {
                        for (sum, value) in sums.iter_mut().zip(pixel) {
                            *sum = add(*sum, *value, *weight);
                        }
                    }
                    new.copy_from_slice(&sums.map(to_byte)[..C]);
                }
            }
        },
    );
    out
}

/// Weighs neighbouring rows, a whole row at once.
fn weigh_rows(image: &Raster, windows: &[Window]) -> Vec<u8> {
    let stride = image.width() * image.channels();
    let mut out = vec![0; windows.len() * stride];
    vectorised(
        #[inline(always)]
        || {
            let mut sums = vec![ROUNDING; stride];
            for (window, new) in windows.iter().zip(out.chunks_exact_mut(stride)) {
                sums.fill(ROUNDING);
                let rows = image.data()[window.start * stride..].chunks_exact(stride);
                for (row, &weight) in rows.zip(&window.weights) {
                    for (sum, &value) in sums.iter_mut().zip(row) {
                        *sum = add(*sum, i32::from(value), weight);
                    }
                }
                for (new, &sum) in new.iter_mut().zip(&sums) {
                    *new = to_byte(sum);
                }
            }
        },
    );
    out
}

/// `sum + value * weight`, which cannot overflow: the weights of a window add up to one, and their magnitudes to less than
/// two. Where overflow is looked for, the loops would be no vectors.
#[inline(always)]
fn add(sum: i32, value: i32, weight: i32) -> i32 {
    sum.wrapping_add(value.wrapping_mul(weight))
}

/// Runs `job` compiled for this processor's vector instructions.
fn vectorised(job: impl FnOnce()) {
    struct Job<F>(F);
    impl<F: FnOnce()> pulp::WithSimd for Job<F> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) {
            simd.vectorize(
                #[inline(always)]
                || (self.0)(),
            );
        }
    }
    pulp::Arch::new().dispatch(Job(job));
}

/// Half a unit, so that cutting the fraction off rounds.
const ROUNDING: i32 = 1 << (PRECISION_BITS - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

fn raster(width: usize, height: usize, channels: usize, data: Vec<u8>) -> Raster {
    Raster::new(width, height, channels, data).expect("both passes fill every row and column")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, data: &[u8]) -> Raster {
        Raster::new(width, height, 1, data.to_vec()).unwrap()
    }

    #[test]
    fn box_halving_is_the_rounded_mean() {
        // The horizontal means are 10.5 and 40.5; both passes round half up: 11 and 41, then 26.
        let image = grey(2, 2, &[10, 11, 40, 41]);
        assert_eq!(resize(&image, 1, 1, Filter::Box).data(), [26]);
        assert_eq!(resize(&image, 1, 2, Filter::Box).data(), [11, 41]);
    }

    #[test]
    fn box_to_a_third_ignores_no_pixel() {
        assert_eq!(resize(&grey(6, 1, &[0, 3, 6, 30, 60, 90]), 2, 1, Filter::Box).data(), [3, 60]);
    }

    #[test]
    fn bicubic_doubling_of_a_step() {
        // Weights at distance 0.25, 0.75, 1.25 and 1.75 are 111, 29, -9 and -3 of 128.
        let step = grey(6, 1, &[0, 0, 0, 128, 128, 128]);
        let doubled = resize(&step, 12, 1, Filter::Bicubic);
        // -9 is clipped, 29 - 3, 111 - 9, and 111 + 29 - 3 overshoots.
        assert_eq!(doubled.data()[4..8], [0, 26, 102, 137]);
    }

    #[test]
    fn tall_images_shrink_vertically_first() {
        // The columns' means are 0.4 and 0.2: both vanish. The rows' are 0.5, 0.5, 0.5, 0 and 0:
        // rounded up first, they would make 0.6 and not vanish.
        let tall = grey(2, 5, &[1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(resize(&tall, 1, 1, Filter::Box).data(), [0]);
        let wide = grey(5, 2, &[1, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(resize(&wide, 1, 1, Filter::Box).data(), [0]);

        assert!(!columns_first(&tall, 1, 3), "2 rows less are not more than twice 1 column");
        assert!(columns_first(&tall, 4, 4), "the width grows");
        assert!(!columns_first(&tall, 4, 5), "the height stays");
    }

    #[test]
    fn every_filter_keeps_a_flat_image_flat() {
        for filter in [Filter::Box, Filter::Bicubic, Filter::Lanczos] {
            let flat = Raster::new(13, 7, 3, [200, 100, 50].repeat(13 * 7)).unwrap();
            for (width, height) in [(5, 3), (29, 40), (13, 20), (1, 1)] {
                let scaled = resize(&flat, width, height, filter);
                assert_eq!(scaled.data(), [200, 100, 50].repeat(width * height), "{filter:?}");
            }
        }
    }

    #[test]
    fn a_mirrored_image_scales_to_the_mirror_image() {
        let image =
            Raster::new(17, 9, 3, (0..17 * 9 * 3).map(|i| (i * 37) as u8).collect()).unwrap();
        for filter in [Filter::Bicubic, Filter::Lanczos] {
            let mirrored = resize(&image.flip_horizontal(), 6, 20, filter).flip_horizontal();
            assert_eq!(resize(&image, 6, 20, filter), mirrored);
        }
    }

    #[test]
    fn the_same_size_is_the_same_image() {
        let image = grey(3, 2, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(resize(&image, 3, 2, Filter::Lanczos), image);
    }
}
