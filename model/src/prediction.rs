//! What the transformer's output is read as: the velocity, or the end of the stage.
//!
//! Within a stage `x_t = (1 - t) x_start + t x_end`, whose velocity is `v = x_end - x_start = (x_end - x_t) / (1 - t)`.
//! PixelFlow's transformer predicts `v`. One that predicts the end instead, as JiT's does (Li and He, "Back to Basics:
//! Let Denoising Generative Models Denoise", arXiv 2511.13720), is asked for something nearer to an image and to its
//! input less noise; loss and solvers see the velocity that follows from it:
//!
//! `v = (x_pred - x_t) / max(1 - t, 0.05)`
//!
//! JiT divides by the same clipped number in training and in drawing, and in training on both sides: what the velocity
//! is compared with is `(x_end - x_t) / max(1 - t, 0.05)` too, which at the end of a stage is
//! [a part](share_of_velocity) of `x_end - x_start`. So the transformer is asked for `x_end` at every time, and its
//! squared error counts `1 / max(1 - t, 0.05)^2`, 400 at most.
//!
//! The doubt: only the last stage ends in a clean image, as JiT's single one does. All others end in
//! `end_t D + (1 - end_t) eps`, of which the noise is in the input too. And after the time 0.95 the velocity is less
//! than what is left: a step that begins there goes `length / 0.05` of the way, so that Euler's even steps reach the
//! predicted end if they are no more than 20, and Dopri5 keeps `0.05 / e` of the distance between the stage's ends. Heun
//! leaves half of its last step, as it does [in any case](crate::sampler::SolverKind::Heun).

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::Segments;
use crate::layers::in_format;

/// What the transformer's output is read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prediction {
    /// The velocity `x_end - x_start`, as in the paper.
    #[default]
    Velocity,
    /// The end `x_end` of the stage, from which the velocity follows.
    End,
}

/// What is divided by at least: `1 - t` is clipped to it (JiT, its `t_eps`).
pub const LEAST_TIME_LEFT: f32 = 0.05;

/// `max(1 - t, 0.05)`, what the way to the end of the stage is divided by at time `t` within it.
pub fn time_left(time: f32) -> f32 {
    (1.0 - time).max(LEAST_TIME_LEFT)
}

/// `(x_end - x_t) / max(1 - t, 0.05)`, the velocity of a state `x_t` towards an end of its stage.
pub fn velocity_to(end: f32, state: f32, time: f32) -> f32 {
    (end - state) / time_left(time)
}

/// `(1 - t) / max(1 - t, 0.05)`, how much of `x_end - x_start` is [the velocity towards the end](velocity_to).
pub fn share_of_velocity(time: f32) -> f32 {
    (1.0 - time) / time_left(time)
}

impl Prediction {
    /// Its name in settings: `velocity` or `end`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Velocity => "velocity",
            Self::End => "end",
        }
    }

    /// The velocity that follows from the transformer's output, whose input were `states`: [`velocity_to`] in f32, if
    /// the output is the end; else the output. Each example has a time within its stage in `times`.
    ///
    /// # Shapes
    /// - output, states and result: `[tokens, features]`
    pub fn velocity<B: Backend>(
        self,
        output: Tensor<B, 2>,
        states: Tensor<B, 2>,
        segments: &Segments,
        times: &[f32],
    ) -> Tensor<B, 2> {
        if self == Self::Velocity {
            return output;
        }
        let left = of_tokens(segments, times, time_left, &output.device());
        (in_format(output, DType::F32) - in_format(states, DType::F32)) / left
    }

    /// What the loss compares that velocity with: of `x_end - x_start`, which is given, [the part](share_of_velocity)
    /// that the true end would give.
    ///
    /// # Shapes
    /// - velocity and output: `[tokens, features]`
    pub fn target<B: Backend>(
        self,
        velocity: Tensor<B, 2>,
        segments: &Segments,
        times: &[f32],
    ) -> Tensor<B, 2> {
        if self == Self::Velocity {
            return velocity;
        }
        let shares = of_tokens(segments, times, share_of_velocity, &velocity.device());
        velocity * shares
    }
}

/// A function of the time of each token's example, `[tokens, 1]` in f32.
fn of_tokens<B: Backend>(
    segments: &Segments,
    times: &[f32],
    function: impl Fn(f32) -> f32,
    device: &B::Device,
) -> Tensor<B, 2> {
    assert_eq!(times.len(), segments.examples(), "a time of each example");
    let of_example = |(&time, &length)| std::iter::repeat_n(function(time), length);
    let values: Vec<f32> = times.iter().zip(segments.lengths()).flat_map(of_example).collect();
    let shape = [values.len(), 1];
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts, ends, and times on both sides of 0.95.
    const ENDS: [[f32; 2]; 3] = [[-1.5, 0.75], [0.25, 0.25], [2.0, -1.0]];
    const TIMES: [f32; 6] = [0.0, 0.3, 0.75, 0.94, 0.97, 0.999];

    #[test]
    fn the_true_end_gives_the_velocity_of_the_path_and_late_a_part_of_it() {
        for [start, end] in ENDS {
            for time in TIMES {
                let state = (1.0 - time) * start + time * end;
                let expected = f64::from(end - start)
                    * if time <= 0.95 { 1.0 } else { f64::from(1.0 - time) / 0.05 };
                // Roundings of the state, times 1 / 0.05 at most.
                let close = |found: f32| (f64::from(found) - expected).abs() < 20.0 * 3e-7;
                assert!(close(velocity_to(end, state, time)), "{start} {end} {time}");
                assert!(close((end - start) * share_of_velocity(time)), "{start} {end} {time}");
            }
        }
    }

    #[test]
    fn nothing_is_divided_by_less_than_a_twentieth() {
        assert_eq!([0.0, 0.5, 0.96, 1.0, 1.2].map(time_left), [1.0, 0.5, 0.05, 0.05, 0.05]);
        assert_eq!(velocity_to(1.0, 0.0, 1.0), 20.0);
    }

    #[cfg(feature = "flex")]
    #[test]
    fn tensors_follow_the_same_formula_token_by_token() {
        use burn_flex::{Flex, FlexDevice};

        let tensor = |values: Vec<f32>| {
            Tensor::<Flex, 2>::from_data(TensorData::new(values, [5, 2]), &FlexDevice)
        };
        let values = |of: Tensor<Flex, 2>| of.into_data().to_vec::<f32>().unwrap();
        let output: Vec<f32> = (0..10u8).map(|i| 0.3 * f32::from(i) - 1.0).collect();
        let states: Vec<f32> = (0..10u8).map(|i| 1.0 - 0.2 * f32::from(i)).collect();
        let (segments, times) = (Segments::new(vec![3, 2]), [0.25, 0.98]);
        let of_end = Prediction::End;
        let found =
            of_end.velocity(tensor(output.clone()), tensor(states.clone()), &segments, &times);
        let target = of_end.target(tensor(output.clone()), &segments, &times);
        let (found, target) = (values(found), values(target));
        for place in 0..10 {
            let time = times[usize::from(place >= 6)];
            assert_eq!(found[place], velocity_to(output[place], states[place], time));
            assert_eq!(target[place], output[place] * share_of_velocity(time));
        }
        let unchanged =
            Prediction::Velocity.velocity(tensor(output.clone()), tensor(states), &segments, &[]);
        assert_eq!(values(unchanged), output);
        let unchanged = Prediction::Velocity.target(tensor(output.clone()), &segments, &[]);
        assert_eq!(values(unchanged), output);
    }
}
