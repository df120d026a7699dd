//! States of all texts of a run.

use std::collections::HashMap;

use burn::tensor::{DType, Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::{T5Encoder, Tokens};
use pixelflow::weights::TextEncoderFiles;
use pixelflow::{Segments, TextStates};
use pixelflow_host::device::{OnBackend, refuse_unsupported};
use pixelflow_host::progress::bar;

use super::PromptCache;
use crate::arguments::NumberFormat;
use crate::draw::Subjects;
use crate::{Error, Result};

/// Tokens that are encoded at once, with padding: the scores of Flan-T5-XL take 0.13 GB then, of the
/// longest texts.
pub const BATCH_TOKENS: usize = 2048;

/// The states of one text on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedText {
    /// `[tokens, width]`.
    pub values: Vec<f32>,
    /// Its tokens.
    pub tokens: usize,
}

/// The states of some texts on the host, each text once.
#[derive(Clone, Debug)]
pub struct EncodedTexts {
    numbers: HashMap<String, usize>,
    texts: Vec<EncodedText>,
    width: usize,
    cut: Vec<(String, usize)>,
}

impl EncodedTexts {
    /// Whether a text is among those that were encoded.
    pub fn has(&self, text: &str) -> bool {
        self.numbers.contains_key(text)
    }

    /// All texts, in no order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.numbers.keys().map(String::as_str)
    }

    /// Texts that were too long, each with the number of tokens that were cut off.
    pub fn cut(&self) -> &[(String, usize)] {
        &self.cut
    }

    /// What a text model is told of images, each with its prompt and negative prompt; every text is
    /// on the device once.
    ///
    /// # Panics
    /// If a text is not among those that were encoded.
    pub fn subjects<'a, B: PixelFlowBackend>(
        &self,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        device: &B::Device,
    ) -> Subjects<B> {
        let mut chosen: Vec<usize> = Vec::new();
        let mut places = HashMap::new();
        let mut place = |text: &str| {
            let number = self.numbers[text];
            *places.entry(number).or_insert_with(|| {
                chosen.push(number);
                chosen.len() - 1
            })
        };
        let (prompts, negatives) =
            pairs.into_iter().map(|(prompt, negative)| (place(prompt), place(negative))).unzip();
        Subjects::Texts { texts: self.upload(&chosen, device), prompts, negatives }
    }

    /// Some states on a device.
    fn upload<B: PixelFlowBackend>(&self, chosen: &[usize], device: &B::Device) -> TextStates<B> {
        let texts = || chosen.iter().map(|&number| &self.texts[number]);
        let lengths: Vec<usize> = texts().map(|text| text.tokens).collect();
        let values: Vec<f32> = texts().flat_map(|text| &text.values).copied().collect();
        let shape = [lengths.iter().sum(), self.width];
        TextStates {
            states: Tensor::from_data(TensorData::new(values, shape), (device, DType::F32)),
            segments: Segments::new(lengths),
            bias: None,
        }
    }
}

/// Encoding texts, on whatever backend the user has chosen.
#[derive(Debug)]
pub struct EncodePrompts<'a> {
    /// The encoder.
    pub files: &'a TextEncoderFiles,
    /// The texts; each is encoded once.
    pub texts: &'a [&'a str],
    /// The format of the encoder's weights.
    pub dtype: NumberFormat,
    /// States that are known already, and where new ones are kept.
    pub cache: Option<PromptCache>,
}

impl OnBackend for EncodePrompts<'_> {
    type Output = Result<EncodedTexts>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        refuse_unsupported::<B>("--text-dtype", self.dtype.dtype(), &device)?;
        let width = self.files.config.d_model;
        let mut numbers = HashMap::new();
        let mut unique = Vec::new();
        for text in self.texts {
            numbers.entry((*text).to_owned()).or_insert_with(|| {
                unique.push(*text);
                unique.len() - 1
            });
        }
        let tokens = unique.iter().map(|text| self.files.tokenizer.tokens(text));
        let tokens: Vec<Tokens> =
            tokens.collect::<std::result::Result<_, _>>().map_err(pixelflow::Error::from)?;
        let known = unique.iter().zip(&tokens).map(|(text, tokens)| {
            let cache = self.cache.as_ref()?;
            cache.get(text, tokens.ids.len(), width)
        });
        let mut texts: Vec<Option<EncodedText>> = known.collect();
        let open: Vec<usize> = (0..texts.len()).filter(|&n| texts[n].is_none()).collect();
        if !open.is_empty() {
            self.encode::<B>(&open, &tokens, &mut texts, &device)?;
            for &number in &open {
                if let (Some(cache), Some(text)) = (&self.cache, &texts[number]) {
                    cache.keep(unique[number], text);
                }
            }
        }
        let cut = unique.iter().zip(&tokens).filter(|(_, t)| t.cut > 0);
        Ok(EncodedTexts {
            cut: cut.map(|(text, t)| ((*text).to_owned(), t.cut)).collect(),
            texts: texts.into_iter().flatten().collect(),
            numbers,
            width,
        })
    }
}

impl EncodePrompts<'_> {
    /// Encodes the texts of these numbers, batch by batch; the encoder is gone when it returns.
    fn encode<B: PixelFlowBackend>(
        &self,
        open: &[usize],
        tokens: &[Tokens],
        texts: &mut [Option<EncodedText>],
        device: &B::Device,
    ) -> Result<()> {
        let bar = bar(open.len() as u64, "{bar:32} {pos} of {len} texts encoded  {eta} left");
        let encoder = self.files.load::<B>(self.dtype.dtype(), device)?;
        let ids: Vec<Vec<u32>> = open.iter().map(|&n| tokens[n].ids.clone()).collect();
        let encoded = encode_tokens(&encoder, &ids, &mut |count| bar.inc(count as u64));
        let encoded = encoded
            .ok_or_else(|| Error::EncoderOverflow { folder: self.files.folder().to_owned() })?;
        for (&number, text) in open.iter().zip(encoded) {
            texts[number] = Some(text);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// The states of texts, in their order; texts of like lengths are encoded together.
///
/// `done` is told how many more texts are done. `None` if a state is not finite.
pub fn encode_tokens<B: PixelFlowBackend>(
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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use pixelflow::text::{T5Config, TextTokenizer};
    use pixelflow::weights::{DType as FileType, WeightSet, save_text_encoder};

    use super::*;

    fn files(folder: &std::path::Path) -> TextEncoderFiles {
        let tokenizer = TextTokenizer::train(["a red robe on ice"], 100).unwrap();
        let config = T5Config::small(32, 1, tokenizer.vocabulary());
        let encoder = config.init::<Flex>(5, &FlexDevice).unwrap();
        let set = WeightSet::Model;
        save_text_encoder(&encoder, &config, &tokenizer, folder, set, FileType::F32).unwrap();
        TextEncoderFiles::open(folder, set).unwrap()
    }

    fn encode(
        files: &TextEncoderFiles,
        texts: &[&str],
        cache: Option<PromptCache>,
    ) -> EncodedTexts {
        let encode = EncodePrompts { files, texts, dtype: NumberFormat::F32, cache };
        encode.run::<Flex>(FlexDevice).unwrap()
    }

    #[test]
    fn each_text_is_encoded_once_and_as_if_alone() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let texts = ["a robe", "", "a red robe on ice", "a robe"];
        let together = encode(&files, &texts, None);
        assert_eq!(together.texts.len(), 3);
        assert_eq!(together.numbers["a robe"], together.numbers[texts[3]]);
        for text in texts {
            let alone = &encode(&files, &[text], None).texts[0];
            let beside = &together.texts[together.numbers[text]];
            assert_eq!(alone.tokens, beside.tokens);
            for (a, b) in alone.values.iter().zip(&beside.values) {
                assert!((a - b).abs() < 1e-5, "{text}: {a} for {b}");
            }
        }
    }

    #[test]
    fn what_the_cache_has_needs_no_encoder() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let cache = PromptCache::new(&folder.path().join("cache"));
        let first = encode(&files, &["a robe", "on ice"], Some(cache.clone()));
        // Weights that are gone cannot be asked.
        std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        let second = encode(&files, &["on ice", "a robe"], Some(cache));
        for text in ["a robe", "on ice"] {
            let [before, after] = [&first, &second].map(|all| &all.texts[all.numbers[text]]);
            assert_eq!(before, after);
        }
    }

    #[test]
    fn long_texts_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = files(folder.path());
        files.tokenizer = files.tokenizer.with_max_tokens(3);
        let encoded = encode(&files, &["a red robe on ice", "a"], None);
        assert_eq!(encoded.cut(), [("a red robe on ice".to_owned(), 3)]);
    }
}
