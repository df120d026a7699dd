//! The values of a parameter on the host.

use crate::int8::Int8Rows;

/// The values of a parameter, row-major in the reference's shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// As floats.
    Float(Vec<f32>),
    /// The matrix of a linear layer in eight bits.
    Int8(Int8Rows),
}

impl Values {
    /// As floats, whatever they were.
    pub fn into_floats(self) -> Vec<f32> {
        match self {
            Self::Float(values) => values,
            Self::Int8(rows) => rows.weights(),
        }
    }

    /// A matrix in eight bits, whatever it was.
    ///
    /// # Shapes
    /// - shape: `[outputs, inputs]`
    ///
    /// # Panics
    /// If it is of another shape.
    pub fn into_int8(self, shape: &[usize]) -> Int8Rows {
        let rows = match self {
            Self::Float(values) => Int8Rows::quantise(&values, shape[1]),
            Self::Int8(rows) => rows,
        };
        assert_eq!([rows.scales.len(), rows.inputs()], shape, "another shape");
        rows
    }
}
