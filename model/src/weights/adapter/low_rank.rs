//! The low-rank product that an adapter adds to a matrix.

/// A product `B A` of two thin matrices, which is added to the matrix of a linear layer.
///
/// # Shapes
/// - `a`: `[rank, inputs]`, row-major
/// - `b`: `[outputs, rank]`, row-major
#[derive(Clone, Debug, PartialEq)]
pub struct LowRank {
    /// Which inputs are seen.
    pub a: Vec<f32>,
    /// What becomes of them in the outputs.
    pub b: Vec<f32>,
    /// Columns of `b`, and rows of `a`.
    pub rank: usize,
}

impl LowRank {
    /// Outputs and inputs of the layer.
    pub fn shape(&self) -> [usize; 2] {
        [self.b.len() / self.rank, self.a.len() / self.rank]
    }

    /// `W + factor B A`, in place.
    ///
    /// # Shapes
    /// - weights: `[outputs, inputs]`, row-major
    pub fn add_to(&self, weights: &mut [f32], factor: f64) {
        let inputs = self.a.len() / self.rank;
        for (row, b) in weights.chunks_exact_mut(inputs).zip(self.b.chunks_exact(self.rank)) {
            for (b, a) in b.iter().zip(self.a.chunks_exact(inputs)) {
                let share = (factor * f64::from(*b)) as f32;
                for (weight, a) in row.iter_mut().zip(a) {
                    *weight += share * a;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_added_times_its_factor() {
        // B A = [[1], [2]] [[3, 4, 5]]
        let product = LowRank { a: vec![3.0, 4.0, 5.0], b: vec![1.0, 2.0], rank: 1 };
        assert_eq!(product.shape(), [2, 3]);
        let mut weights = vec![100.0; 6];
        product.add_to(&mut weights, 0.5);
        assert_eq!(weights, [101.5, 102.0, 102.5, 103.0, 104.0, 105.0]);
        // [[1, 0], [0, 1]] of rank 2 is A itself.
        let two = LowRank { a: vec![1.0, 2.0, 3.0, 4.0], b: vec![1.0, 0.0, 0.0, 1.0], rank: 2 };
        let mut weights = vec![0.0; 4];
        two.add_to(&mut weights, 1.0);
        assert_eq!(weights, two.a);
    }
}
