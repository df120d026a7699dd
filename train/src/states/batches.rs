//! The states of many texts, in batches of like lengths.

use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::{EncodedText, T5Encoder};

/// Tokens that are encoded at once, with padding: the scores of Flan-T5-XL take 0.13 GB then, of the
/// longest texts.
const BATCH_TOKENS: usize = 2048;

/// The states of texts, in their order; texts of like lengths are encoded together.
///
/// `done` is told how many more texts are done. `None` if a state is not finite.
pub(super) fn encode_tokens<B: PixelFlowBackend>(
    encoder: &T5Encoder<B>,
    texts: &[Vec<u32>],
    done: &mut dyn FnMut(usize),
) -> Option<Vec<EncodedText>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&number| texts[number].len());
    let mut encoded: Vec<Option<EncodedText>> = vec![None; texts.len()];
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        // Ascending lengths: the last of a batch is what the others are padded to.
        let fits = |count: &usize| count * texts[rest[count - 1]].len() <= BATCH_TOKENS;
        let count = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
        let (batch, others) = rest.split_at(count);
        rest = others;
        let ids: Vec<Vec<u32>> = batch.iter().map(|&n| texts[n].clone()).collect();
        let states = encoder.encode(&ids).states.into_data();
        let mut values = states.iter::<f32>();
        for (&number, ids) in batch.iter().zip(&ids) {
            let wanted = ids.len() * encoder.width();
            let values: Vec<f32> = values.by_ref().take(wanted).collect();
            if values.iter().any(|value| !value.is_finite()) {
                return None;
            }
            encoded[number] = Some(EncodedText { values, tokens: ids.len() });
        }
        done(count);
    }
    encoded.into_iter().collect()
}
