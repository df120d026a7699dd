//! Where messages lie in a GPU's buffer.

use std::ops::Range;

/// Messages to send, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Staging<'a> {
    /// Each message once, with its place: one that goes to all ranks is the same memory, and is copied once.
    pub(super) messages: Vec<(&'a [u8], Range<usize>)>,
    /// The place of the message to each rank; empty if there is none.
    pub(super) places: Vec<Range<usize>>,
}

impl<'a> Staging<'a> {
    /// Of the message to each rank.
    pub(super) fn new(sent: &[&'a [u8]]) -> Self {
        let mut staging = Self::default();
        for &message in sent {
            let place = staging.place(message);
            staging.places.push(place);
        }
        staging
    }

    /// Bytes of all.
    pub(super) fn bytes(&self) -> usize {
        self.messages.last().map_or(0, |(_, place)| place.end)
    }

    fn place(&mut self, message: &'a [u8]) -> Range<usize> {
        let known = self.messages.iter().find(|(other, _)| std::ptr::eq(*other, message));
        if let Some((_, place)) = known {
            return place.clone();
        }
        let place = self.bytes()..self.bytes() + message.len();
        if !message.is_empty() {
            self.messages.push((message, place.clone()));
        }
        place
    }
}

/// The places of messages of these lengths, one behind the other, and the bytes of all.
pub(super) fn places(lengths: &[usize]) -> (Vec<Range<usize>>, usize) {
    let mut end = 0;
    let place = |&length: &usize| {
        end += length;
        end - length..end
    };
    (lengths.iter().map(place).collect(), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_to_all_has_one_place() {
        let message = [7; 5];
        let staging = Staging::new(&[&message, &[], &message, &[1, 2]]);
        assert_eq!(staging.places, [0..5, 5..5, 0..5, 5..7]);
        assert_eq!(staging.messages, [(&message[..], 0..5), (&[1, 2][..], 5..7)]);
        assert_eq!(staging.bytes(), 7);
    }

    #[test]
    fn places_do_not_overlap() {
        assert_eq!(places(&[3, 0, 4]), (vec![0..3, 3..3, 3..7], 7));
    }
}
