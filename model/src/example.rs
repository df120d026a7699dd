//! One image of a forward pass: its grid of tokens and its place in the cascade.

/// One example of a forward pass: its grid of tokens and where in the cascade it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Example {
    /// Rows of tokens.
    pub height: usize,
    /// Columns of tokens.
    pub width: usize,
    /// The network's timestep, 0 to 999 in the paper.
    pub timestep: f32,
    /// Tokens a side, which the resolution embedding sees.
    pub resolution: f32,
    /// Time within its stage, 0 to 1; only a model that predicts [the end](crate::Prediction::End) of a stage needs it.
    pub time: Option<f32>,
}

impl Example {
    /// An example of `height` x `width` tokens; its resolution is `sqrt(height * width)`.
    pub fn new(height: usize, width: usize, timestep: f32) -> Self {
        let resolution = ((height * width) as f64).sqrt() as f32;
        Self { height, width, timestep, resolution, time: None }
    }

    /// The same example, of which the time within its stage is known: that of its timestep.
    #[must_use]
    pub fn at_time(self, time: f32) -> Self {
        Self { time: Some(time), ..self }
    }

    /// Number of tokens.
    pub fn tokens(&self) -> usize {
        self.height * self.width
    }
}
