//! What a forward pass needs besides the tokens.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use crate::layers::{Rope, TextKeys, TransformerBlock};
use crate::ops::PixelFlowBackend;
use crate::{Segments, TextStates};

/// What is the same for all blocks of a forward pass.
#[derive(Clone, Debug)]
pub struct Pass<B: Backend> {
    /// Which tokens belong to which example.
    pub segments: Segments,
    /// The rotary tables of the examples.
    pub rope: Rope<B>,
    /// The condition of each example after `silu`, `[examples, width]`.
    pub condition: Tensor<B, 2>,
    /// The text of each example, in a text model.
    pub text: Option<TextStates<B>>,
}

impl<B: PixelFlowBackend> Pass<B> {
    /// Sends tokens through a block.
    ///
    /// # Shapes
    /// - h and output: `[tokens, width]`
    pub fn through(&self, block: &TransformerBlock<B>, h: Tensor<B, 2>) -> Tensor<B, 2> {
        let text = self.text.as_ref();
        block.forward(h, self.condition.clone(), &self.segments, &self.rope, text)
    }
}

/// What does not depend on the tokens, computed for all blocks.
#[derive(Clone, Debug)]
pub struct Prepared<B: Backend> {
    /// Which tokens belong to which example.
    pub segments: Segments,
    /// The rotary tables of the examples.
    pub rope: Rope<B>,
    /// The modulation of each example.
    pub modulations: Modulations<B>,
    /// Keys and values of the texts for each block; `None` in a class model.
    pub text: Vec<Option<TextKeys<B>>>,
}

/// The projections of the conditions, one row each.
#[derive(Clone, Debug)]
pub struct Modulations<B: Backend> {
    /// Of each block, `[rows, 6 width]`.
    pub blocks: Vec<Tensor<B, 2>>,
    /// Of the head, `[rows, 2 width]`.
    pub head: Tensor<B, 2>,
}

impl<B: Backend> Modulations<B> {
    /// Some of the rows.
    #[must_use]
    pub fn select(&self, rows: &Tensor<B, 1, Int>) -> Self {
        let select = |x: &Tensor<B, 2>| x.clone().select(0, rows.clone());
        Self { blocks: self.blocks.iter().map(select).collect(), head: select(&self.head) }
    }
}
