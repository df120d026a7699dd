//! Bytes to the numbers the model sees.

use crate::Raster;

/// Maps 0..255 to -1..1 and puts the channels first.
///
/// # Shapes
/// - output: `[channels, height, width]`
pub fn normalise(image: &Raster) -> Vec<f32> {
    let (count, channels) = (image.width() * image.height(), image.channels());
    let mut values = vec![0.0; count * channels];
    for (channel, plane) in values.chunks_exact_mut(count).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(image.data().chunks_exact(channels)) {
            *value = NORMALISED[usize::from(pixel[channel])];
        }
    }
    values
}

/// The value of every byte: `(x / 255 - 0.5) / 0.5`, rounded to f32 after each operation.
const NORMALISED: [f32; 256] = {
    let mut table = [0.0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as f32 / 255.0 - 0.5) / 0.5;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_is_minus_one_and_white_is_one() {
        let image = Raster::new(2, 1, 1, vec![0, 255]).unwrap();
        assert_eq!(normalise(&image), [-1.0, 1.0]);
    }

    #[test]
    fn channels_come_first() {
        let image = Raster::new(2, 1, 3, vec![0, 51, 255, 255, 0, 51]).unwrap();
        let fifth = (0.2_f32 - 0.5) / 0.5;
        assert_eq!(normalise(&image), [-1.0, 1.0, fifth, -1.0, 1.0, fifth]);
    }
}
