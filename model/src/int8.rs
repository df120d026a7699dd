//! Matrices in eight bits: whole numbers, and one f32 for each output.
//!
//! `weight[output][input] = value[output][input] * scale[output]`, with
//! `scale = max |weight[output]| / 127` and values rounded half to even: no weight is off by more than
//! half a scale.

/// Largest value; -128 is not used, so that both signs have the same range.
const LARGEST: f32 = 127.0;

/// Values in one word of a device's tensor.
pub(crate) const IN_A_WORD: usize = 4;

/// What is added to a value in a word: bytes without a sign need no care about how a device shifts.
pub(crate) const OFFSET: i16 = 128;

/// The matrix of a linear layer on the host, as a file has it: a row an output.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Rows {
    /// `[outputs, inputs]`, row-major.
    pub values: Vec<i8>,
    /// `[outputs]`; not negative.
    pub scales: Vec<f32>,
}

impl Int8Rows {
    /// Rounds a matrix of finite numbers.
    ///
    /// # Shapes
    /// - weights: `[outputs, inputs]`, row-major
    ///
    /// # Panics
    /// If the weights are not whole rows.
    pub fn quantise(weights: &[f32], inputs: usize) -> Self {
        let rows = weights.chunks_exact(inputs);
        assert!(rows.remainder().is_empty(), "rows of {inputs} weights");
        let (mut values, mut scales) = (Vec::with_capacity(weights.len()), Vec::new());
        for row in rows {
            let scale = row.iter().fold(0.0_f32, |most, w| most.max(w.abs())) / LARGEST;
            scales.push(scale);
            values.extend(row.iter().map(|&weight| rounded(weight, scale)));
        }
        Self { values, scales }
    }

    /// Inputs of each output.
    pub fn inputs(&self) -> usize {
        self.values.len() / self.scales.len().max(1)
    }

    /// The weights, `[outputs, inputs]`.
    pub fn weights(&self) -> Vec<f32> {
        let rows = self.values.chunks_exact(self.inputs().max(1));
        let row = |(row, &scale): (&[i8], &f32)| {
            let weights = row.iter().map(move |&value| f32::from(value) * scale);
            weights.collect::<Vec<f32>>()
        };
        rows.zip(&self.scales).flat_map(row).collect()
    }

    /// The values as a device has them: `[inputs / 4, outputs]`, whose word `[i, output]` has in its
    /// byte `k`, from the lowest on, the value of input `i + k inputs / 4`. So the bytes of equal
    /// place are consecutive rows of the matrix `[inputs, outputs]`.
    ///
    /// # Panics
    /// If the number of inputs is no multiple of 4.
    pub fn words(&self) -> Vec<i32> {
        let (inputs, outputs) = (self.inputs(), self.scales.len());
        assert!(inputs.is_multiple_of(IN_A_WORD), "{inputs} inputs");
        let quarter = inputs / IN_A_WORD;
        let word = |i: usize, output: usize| {
            let byte =
                |k| (i16::from(self.values[output * inputs + i + k * quarter]) + OFFSET) as u8;
            i32::from_le_bytes(std::array::from_fn(byte))
        };
        let row = |i| (0..outputs).map(move |output| word(i, output));
        (0..quarter).flat_map(row).collect()
    }

    /// The inverse of [`words`](Self::words).
    pub(crate) fn of_words(words: &[i32], scales: Vec<f32>) -> Self {
        let outputs = scales.len();
        let quarter = words.len() / outputs.max(1);
        let inputs = quarter * IN_A_WORD;
        let mut values = vec![0; words.len() * IN_A_WORD];
        for (place, word) in words.iter().enumerate() {
            let (i, output) = (place / outputs, place % outputs);
            for (k, byte) in word.to_le_bytes().into_iter().enumerate() {
                values[output * inputs + i + k * quarter] = (i16::from(byte) - OFFSET) as i8;
            }
        }
        Self { values, scales }
    }
}

/// The value next to a weight, half to even.
fn rounded(weight: f32, scale: f32) -> i8 {
    // A row of zeros, or of numbers so small that their scale is none.
    if scale == 0.0 {
        return 0;
    }
    // Scales among the smallest numbers of all are not exact: a value may be beyond the largest.
    (weight / scale).round_ties_even().clamp(-LARGEST, LARGEST) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Key, Purpose};

    fn normals(count: usize) -> Vec<f32> {
        Key::new(3, 0, Purpose::InitialNoise).normals(count)
    }

    #[test]
    fn no_weight_is_off_by_more_than_half_a_scale() {
        let (outputs, inputs) = (7, 24);
        let weights = normals(outputs * inputs);
        let rows = Int8Rows::quantise(&weights, inputs);
        assert_eq!(rows.scales.len(), outputs);
        for (place, (exact, found)) in weights.iter().zip(rows.weights()).enumerate() {
            let scale = rows.scales[place / inputs];
            // Quotient and product are rounded in f32, each to 127 of its 2^24 steps.
            let limit = scale * (0.5 + 127.0 * f32::EPSILON);
            assert!((exact - found).abs() <= limit, "{exact} {found}");
        }
        for row in rows.values.chunks_exact(inputs) {
            let largest = row.iter().map(|value| value.unsigned_abs()).max();
            assert_eq!(largest, Some(127));
        }
    }

    #[test]
    fn halves_are_rounded_to_even() {
        let rows = Int8Rows::quantise(&[127.0, 0.5, 1.5, -0.5, -1.5, 2.5, -127.0, 0.0], 8);
        assert_eq!(rows.scales, [1.0]);
        assert_eq!(rows.values, [127, 0, 2, 0, -2, 2, -127, 0]);
    }

    #[test]
    fn rows_without_a_scale_are_zeros() {
        let smallest = f32::from_bits(1);
        let rows = Int8Rows::quantise(&[0.0, -0.0, smallest, -smallest], 2);
        assert_eq!(rows.values, [0; 4]);
        assert_eq!(rows.weights(), [0.0; 4]);
        let subnormal = Int8Rows::quantise(&[smallest * 190.0, -smallest * 190.0], 2);
        assert_eq!(subnormal.values, [127, -127]);
    }

    #[test]
    fn words_are_taken_apart_again() {
        let (outputs, inputs) = (3, 8);
        let rows = Int8Rows::quantise(&normals(outputs * inputs), inputs);
        let words = rows.words();
        assert_eq!(words.len() * IN_A_WORD, rows.values.len());
        // Inputs 1, 3, 5 and 7 of the last output.
        let expected =
            [1, 3, 5, 7].map(|input| (i16::from(rows.values[2 * 8 + input]) + 128) as u8);
        assert_eq!(words[outputs + 2].to_le_bytes(), expected);
        assert_eq!(Int8Rows::of_words(&words, rows.scales.clone()), rows);
    }
}
