//! The velocity towards a predicted end of the stage.

use super::example_of_tokens;
use crate::operations::Matrix;

/// The least that is divided by.
pub const LEAST: f64 = 0.05;

/// `(x_end - x_t) / max(1 - t, least)`, with the time of each token's example; it is f32 whatever the model is.
pub fn velocity_to_end<'t>(
    end: &Matrix<'t>,
    state: &Matrix<'t>,
    times: &[f64],
    lengths: &[usize],
    least: f64,
) -> Matrix<'t> {
    let token = |(token, example): (usize, usize)| {
        let pairs = end.row(token).iter().zip(state.row(token));
        let left = (1.0 - times[example]).max(least);
        pairs.map(|(&end, &state)| (end - state) / left).collect()
    };
    Matrix::from_rows(example_of_tokens(lengths).enumerate().map(token))
}
