//! States of prompts in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use pixelflow::text::{EncodedText, TextStore};

/// Bytes of states that are kept, at most.
const MOST_BYTES: usize = 128 << 20;

/// The states of the newest prompts: other people's prompts are not written to disk.
#[derive(Clone, Debug, Default)]
pub(super) struct TextMemory(Arc<Mutex<Texts>>);

#[derive(Debug, Default)]
struct Texts {
    states: HashMap<String, EncodedText>,
    /// The oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

fn bytes_of(encoded: &EncodedText) -> usize {
    size_of_val(encoded.values.as_slice())
}

impl TextStore for TextMemory {
    fn get(&self, text: &str, tokens: usize, _width: usize) -> Option<EncodedText> {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.states.get(text).filter(|encoded| encoded.tokens == tokens).cloned()
    }

    fn keep(&self, text: &str, encoded: &EncodedText) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.bytes += bytes_of(encoded) + text.len();
        texts.order.push_back(text.to_owned());
        if let Some(old) = texts.states.insert(text.to_owned(), encoded.clone()) {
            texts.order.pop_back();
            texts.bytes -= bytes_of(&old) + text.len();
        }
        while texts.bytes > MOST_BYTES {
            let Some(oldest) = texts.order.pop_front() else { break };
            if let Some(gone) = texts.states.remove(&oldest) {
                texts.bytes -= bytes_of(&gone) + oldest.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_states_go_when_there_are_too_many() {
        let memory = TextMemory::default();
        let encoded = EncodedText { values: vec![0.0; MOST_BYTES / 16], tokens: 2 };
        for text in ["a", "b", "b", "c", "d", "e"] {
            memory.keep(text, &encoded);
        }
        let has = |text| memory.get(text, 2, 0).is_some();
        assert_eq!(["a", "b", "c", "d", "e"].map(has), [false, false, true, true, true]);
        assert!(memory.get("e", 3, 0).is_none());
    }
}
