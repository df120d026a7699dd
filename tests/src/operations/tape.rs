//! A tape of scalar operations, for derivatives in reverse.

use std::cell::RefCell;

use super::{Arithmetic, Scalar};

/// Every number that was computed, and how each depends on the ones before it.
#[derive(Debug)]
pub struct Tape {
    arithmetic: Arithmetic,
    nodes: RefCell<Vec<Node>>,
}

/// One number.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// What it was computed from, and its derivative by that.
    parents: [Option<(usize, f64)>; 2],
    /// Whether a tensor keeps it: then its gradient is kept in the same format.
    stored: bool,
}

impl Tape {
    /// An empty tape.
    pub fn new(arithmetic: Arithmetic) -> Self {
        Self { arithmetic, nodes: RefCell::default() }
    }

    /// A value of an input tensor, in the tensor's format already.
    pub fn input(&self, value: f64) -> Scalar<'_> {
        self.push(value, [None; 2], true)
    }

    /// A number that was computed: `value` is rounded, the derivatives are taken as they are.
    pub(super) fn computed(&self, value: f64, parents: [Option<(usize, f64)>; 2]) -> Scalar<'_> {
        self.push(self.round(value), parents, false)
    }

    /// The same number as a tensor keeps it.
    pub(super) fn stored(&self, x: Scalar<'_>) -> Scalar<'_> {
        let value = (self.arithmetic.store)(x.value());
        self.push(value, [Some((x.index(), 1.0)), None], true)
    }

    /// As the arithmetic rounds.
    pub(super) fn round(&self, value: f64) -> f64 {
        (self.arithmetic.round)(value)
    }

    fn push(&self, value: f64, parents: [Option<(usize, f64)>; 2], stored: bool) -> Scalar<'_> {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { parents, stored });
        Scalar::new(self, nodes.len() - 1, value)
    }

    /// Gradient of `sum of cotangent times output` by every number on the tape.
    ///
    /// # Panics
    /// If there are not equally many outputs and cotangents.
    pub fn backward(&self, outputs: &[Scalar<'_>], cotangent: &[f64]) -> Gradients {
        assert_eq!(outputs.len(), cotangent.len(), "a cotangent an output");
        let nodes = self.nodes.borrow();
        let mut gradients = vec![0.0; nodes.len()];
        for (output, cotangent) in outputs.iter().zip(cotangent) {
            gradients[output.index()] += cotangent;
        }
        for (index, node) in nodes.iter().enumerate().rev() {
            if node.stored {
                gradients[index] = (self.arithmetic.store)(gradients[index]);
            }
            for (parent, derivative) in node.parents.into_iter().flatten() {
                let product = self.round(gradients[index] * derivative);
                gradients[parent] = self.round(gradients[parent] + product);
            }
        }
        Gradients(gradients)
    }
}

/// What [`Tape::backward`] found.
#[derive(Debug)]
pub struct Gradients(Vec<f64>);

impl Gradients {
    /// The gradient by one number.
    pub fn of(&self, x: Scalar<'_>) -> f64 {
        self.0[x.index()]
    }
}
