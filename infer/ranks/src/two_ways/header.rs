//! What a rank tells another of the message that it has for it.

use crate::{RankError, Result};

/// The last byte of a short message.
const SHORT: u8 = 0;
/// The last byte of the length of a long one.
const LONG: u8 = 1;
/// Bytes of a length with its last byte.
const LENGTH: usize = size_of::<u64>() + 1;

/// A message, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// All of it.
    Short(Vec<u8>),
    /// So many bytes are to come by the wire.
    Long(usize),
}

/// What is told of a message, which is long from `long` bytes.
pub(super) fn header(message: &[u8], long: usize) -> Vec<u8> {
    if message.is_empty() {
        // Nothing travels faster.
        return Vec::new();
    }
    if message.len() < long {
        return [message, &[SHORT]].concat();
    }
    [&(message.len() as u64).to_le_bytes()[..], &[LONG]].concat()
}

/// What a rank has told.
///
/// # Errors
/// [`RankError::Mismatch`] if it is no header.
pub(super) fn announced(rank: usize, mut header: Vec<u8>) -> Result<Announced> {
    let what = "the header of a message";
    let found = header.len();
    match header.pop() {
        None | Some(SHORT) => Ok(Announced::Short(header)),
        Some(_) => header
            .as_slice()
            .try_into()
            .map(|bytes| Announced::Long(u64::from_le_bytes(bytes) as usize))
            .map_err(|_| RankError::Mismatch { rank, what, found, expected: LENGTH }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_long_from_the_limit_on() {
        for (length, is_long) in [(0, false), (1, false), (7, false), (8, true), (9, true)] {
            let message = vec![LONG; length];
            let told = header(&message, 8);
            let expected =
                if is_long { Announced::Long(length) } else { Announced::Short(message) };
            assert_eq!(announced(0, told), Ok(expected), "{length} bytes");
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let refused = announced(3, vec![1, 2, LONG]).unwrap_err();
        assert!(matches!(refused, RankError::Mismatch { rank: 3, found: 3, expected: 9, .. }));
    }
}
