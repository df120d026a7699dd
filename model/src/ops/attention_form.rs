//! Which implementation of packed attention a backend has.

use std::fmt;

/// An implementation of packed attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionForm {
    /// Burn's matrix products: the scores of a run of examples are in memory.
    Portable,
    /// A kernel of this crate: the scores of a tile are.
    Native,
}

impl fmt::Display for AttentionForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Portable => "portable",
            Self::Native => "native",
        })
    }
}
