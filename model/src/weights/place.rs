//! Where in a model a visitor is: names, and how the reference lays out what is there.

use crate::int8::IN_A_WORD;

/// Where in the model a visitor is.
#[derive(Default)]
pub(super) struct Place {
    names: Vec<String>,
    containers: Vec<String>,
}

impl Place {
    pub(super) fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    pub(super) fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    /// The reference's name of the parameter: words and scale of a matrix in eight bits are one.
    pub(super) fn name(&self) -> String {
        let parts = self.names.len() - usize::from(self.is_in_int8_matrix());
        self.names[..parts].join(".")
    }

    /// Whether the parameter is a part of a matrix in eight bits.
    pub(super) fn is_in_int8_matrix(&self) -> bool {
        self.is_in("Int8Matrix")
    }

    /// Whether the parameter is the matrix of a linear layer, in floats.
    pub(super) fn is_linear_matrix(&self, rank: usize) -> bool {
        rank == 2 && self.is_in("Linear")
    }

    /// The reference's shape of a parameter of this shape.
    pub(super) fn reference_shape(&self, shape: &[usize]) -> Vec<usize> {
        if self.is_linear_matrix(shape.len()) { vec![shape[1], shape[0]] } else { shape.to_vec() }
    }

    fn is_in(&self, container: &str) -> bool {
        let last = self.containers.last();
        last.is_some_and(|name| name.rsplit(':').next() == Some(container))
    }
}

/// The reference's shape of a matrix of words.
pub(super) fn shape_of_words(words: &[usize]) -> Vec<usize> {
    vec![words[1], words[0] * IN_A_WORD]
}
