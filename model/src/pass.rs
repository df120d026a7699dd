//! One forward pass: the layout of its tokens, and each block's modulation and text keys.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use crate::layers::{AdaNorm, Attention, Linear, Modulation, Rope, TextKeys};
use crate::ops::PixelFlowBackend;
use crate::{Segments, TextStates};

/// One forward pass through the transformer, as all of its blocks and the head see it.
///
/// A block's modulation and text keys depend on its parameters but not on the tokens: they are
/// projected when the block asks for them, or were projected before the pass.
#[derive(Clone, Debug)]
pub struct Pass<B: Backend> {
    /// Which tokens belong to which example.
    pub segments: Segments,
    /// The rotary tables of the examples.
    pub rope: Rope<B>,
    /// The time of each example within its stage, where the model predicts its end.
    pub(crate) times: Vec<f32>,
    pub(crate) conditioning: Conditioning<B>,
}

/// Where blocks and head take their modulation and text keys from.
#[derive(Clone, Debug)]
pub(crate) enum Conditioning<B: Backend> {
    /// Each block projects them when its turn comes: those of one block exist at a time, and in
    /// training they belong to its graph.
    Sources(Sources<B>),
    /// They are projected beforehand, for many passes.
    Projections(Projections<B>),
}

/// Condition and text of the examples, before any block's projection.
#[derive(Clone, Debug)]
pub(crate) struct Sources<B: Backend> {
    /// The condition of each example after `silu`, `[examples, width]`.
    pub condition: Tensor<B, 2>,
    /// The text of each example, in a text model.
    pub text: Option<TextStates<B>>,
}

/// Condition and text of the examples, projected by all blocks.
#[derive(Clone, Debug)]
pub(crate) struct Projections<B: Backend> {
    /// The modulation of each example.
    pub modulations: Modulations<B>,
    /// Keys and values of the texts for each block, in a text model.
    pub text: Option<Vec<TextKeys<B>>>,
}

/// Conditions, one a row, as all blocks and the head project them.
#[derive(Clone, Debug)]
pub(crate) struct Modulations<B: Backend> {
    /// By each block, `[rows, 6 width]`.
    pub blocks: Vec<Tensor<B, 2>>,
    /// By the head, `[rows, 2 width]`.
    pub head: Tensor<B, 2>,
}

impl<B: Backend> Modulations<B> {
    /// Some of the rows.
    pub fn select(&self, rows: &Tensor<B, 1, Int>) -> Self {
        let select = |x: &Tensor<B, 2>| x.clone().select(0, rows.clone());
        Self { blocks: self.blocks.iter().map(select).collect(), head: select(&self.head) }
    }
}

impl<B: PixelFlowBackend> Pass<B> {
    /// The modulation of each example in block `number`, whose projection is given.
    pub(crate) fn modulation(&self, number: usize, projection: &AdaNorm<B>) -> Modulation<B> {
        match &self.conditioning {
            Conditioning::Sources(sources) => projection.forward(sources.condition.clone()),
            Conditioning::Projections(all) => {
                Modulation::cut(all.modulations.blocks[number].clone())
            }
        }
    }

    /// Keys and values of the texts in block `number`, whose cross-attention is given; `None` for
    /// classes.
    pub(crate) fn text_keys(&self, number: usize, attention: &Attention<B>) -> Option<TextKeys<B>> {
        match &self.conditioning {
            Conditioning::Sources(sources) => Some(attention.text_keys(sources.text.as_ref()?)),
            Conditioning::Projections(all) => Some(all.text.as_ref()?[number].clone()),
        }
    }

    /// Shift and scale of each example in the head, whose projection is given.
    ///
    /// # Shapes
    /// - output: `[examples, 2 width]`
    pub(crate) fn head_modulation(&self, projection: &Linear<B>) -> Tensor<B, 2> {
        match &self.conditioning {
            Conditioning::Sources(sources) => projection.forward(sources.condition.clone()),
            Conditioning::Projections(all) => all.modulations.head.clone(),
        }
    }
}
