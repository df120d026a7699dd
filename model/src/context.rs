//! The class or the text of each example.

use burn::tensor::backend::Backend;

use crate::TextStates;

/// The class or the text of each example of a forward pass.
#[derive(Clone, Debug)]
pub enum Context<B: Backend> {
    /// A label per example, for a class model; the null class is `num_classes`.
    Class(Vec<usize>),
    /// The states of a text encoder per example, for a text model.
    Text(TextStates<B>),
}

impl<B: Backend> Context<B> {
    /// The labels; `None` if it is text.
    pub fn labels(&self) -> Option<&[usize]> {
        match self {
            Self::Class(labels) => Some(labels),
            Self::Text(_) => None,
        }
    }

    /// The states of the texts; `None` if it is classes.
    pub fn text(&self) -> Option<&TextStates<B>> {
        match self {
            Self::Class(_) => None,
            Self::Text(text) => Some(text),
        }
    }
}
