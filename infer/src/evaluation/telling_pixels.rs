//! Which pixels tell an attribute's values apart: where an edit of it has to draw.

/// A pixel tells, if so large a part of what its best one explains is explained by the attribute.
const TELLING: f64 = 0.25;

/// A mask, 255 where the attribute's values are told apart and at the neighbours of such places, else 0.
///
/// What the attribute explains of a pixel is its between-value share of the variance,
/// `sum_v n_v (m_v - m)² / sum_i (x_i - m)²`, summed over the channels (R. A. Fisher's analysis of variance).
///
/// # Shapes
/// - pixels: `[images, height, width, 3]`
/// - values: an index of a value an image, `None` for images that do not count
/// - output: `[height, width]`
pub fn telling_pixels(pixels: &[u8], values: &[Option<usize>], size: [usize; 2]) -> Vec<u8> {
    let places = size[0] * size[1];
    let count = values.iter().flatten().max().map_or(0, |most| most + 1);
    let mut images = vec![0.0; count];
    let mut sums = vec![vec![0.0; 3 * places]; count];
    let mut squares = vec![0.0; 3 * places];
    for (image, value) in pixels.chunks_exact(3 * places).zip(values) {
        let Some(value) = *value else { continue };
        images[value] += 1.0;
        for ((sum, square), level) in sums[value].iter_mut().zip(&mut squares).zip(image) {
            let level = f64::from(*level);
            *sum += level;
            *square += level * level;
        }
    }
    let all: f64 = images.iter().sum();
    let explained = |place: usize| {
        let (mut between, mut total) = (0.0, 0.0);
        for at in 3 * place..3 * place + 3 {
            let whole: f64 = sums.iter().map(|sums| sums[at]).sum();
            let of_values = sums.iter().zip(&images).filter(|(_, images)| **images > 0.0);
            let of_values: f64 = of_values.map(|(sums, images)| sums[at] * sums[at] / images).sum();
            between += of_values - whole * whole / all;
            total += squares[at] - whole * whole / all;
        }
        if total > 0.0 { between / total } else { 0.0 }
    };
    let explained: Vec<f64> = (0..places).map(explained).collect();
    let least = TELLING * explained.iter().copied().fold(0.0, f64::max);
    let tells = |y: usize, x: usize| {
        let share = explained[y * size[1] + x];
        share > 0.0 && share >= least
    };
    let near = |at: usize, length: usize| at.saturating_sub(1)..(at + 2).min(length);
    let level = |place: usize| {
        let (y, x) = (place / size[1], place % size[1]);
        let mut places = near(y, size[0]).flat_map(|y| near(x, size[1]).map(move |x| (y, x)));
        if places.any(|(y, x)| tells(y, x)) { u8::MAX } else { 0 }
    };
    (0..places).map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pixels_that_depend_on_the_value_tell_and_their_neighbours() {
        // Of 5 x 6 pixels one shows the value, and all others noise; a third of the images does not count.
        let levels =
            pixelflow::noise::Key::new(1, 0, pixelflow::noise::Purpose::Testing).uniforms(300 * 90);
        let mut pixels: Vec<u8> = levels.iter().map(|level| (level * 255.0) as u8).collect();
        let values: Vec<_> = (0..300).map(|i| [Some(0), Some(1), None][i % 3]).collect();
        for (image, value) in pixels.chunks_exact_mut(90).zip(&values) {
            let at = 3 * (2 * 6 + 1);
            image[at..at + 3].fill(value.map_or(7, |value| 100 * value as u8));
        }
        let mask = telling_pixels(&pixels, &values, [5, 6]);
        let expected = (0..30).map(|i| (1..4).contains(&(i / 6)) && (0..3).contains(&(i % 6)));
        let expected: Vec<u8> = expected.map(|is| if is { 255 } else { 0 }).collect();
        assert_eq!(mask, expected);
        // Of one value alone nothing can be told.
        assert_eq!(telling_pixels(&pixels, &vec![Some(0); 300], [5, 6]), [0; 30]);
    }
}
