//! A tokenizer made from captions.

use tokenizers::models::wordlevel::WordLevel;
use tokenizers::normalizers::Lowercase;
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::any_tokenizer::AnyTokenizer;
use super::tokenizer::{END, PADDING, UNKNOWN};
use super::{TextError, TextTokenizer};

impl TextTokenizer {
    /// A tokenizer of the words of some captions, the `vocabulary` most frequent ones at most.
    ///
    /// Captions of a small data set have few words, so a token is a word or a punctuation mark, in
    /// lower case. The same captions give the same tokenizer, whatever their order.
    ///
    /// # Errors
    /// [`TextError::Training`] if there are no words.
    pub fn train<'a>(
        captions: impl IntoIterator<Item = &'a str>,
        vocabulary: usize,
    ) -> Result<Self, TextError> {
        let failed = |error: tokenizers::Error| TextError::Training { reason: error.to_string() };
        let mut tokenizer = Tokenizer::new(WordLevel::default());
        tokenizer.with_normalizer(Some(Lowercase));
        tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
            WhitespaceSplit.into(),
            Punctuation::new(SplitDelimiterBehavior::Isolated).into(),
        ])));
        let mut counts = std::collections::BTreeMap::<String, u64>::new();
        for caption in captions {
            for word in words(&tokenizer, caption).map_err(failed)? {
                *counts.entry(word).or_default() += 1;
            }
        }
        if counts.is_empty() {
            return Err(TextError::Training { reason: "there are no words in them".to_owned() });
        }
        let special = [PADDING, END, UNKNOWN];
        let mut ranked: Vec<(String, u64)> = counts.into_iter().collect();
        ranked.retain(|(word, _)| !special.contains(&word.as_str()));
        // Stable: words of equal frequency stay in the order of the alphabet.
        ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let names = special.iter().map(|name| (*name).to_owned());
        let all = names.chain(ranked.into_iter().map(|(word, _)| word));
        let ids = all.take(vocabulary.max(special.len())).zip(0..).collect();
        let model = WordLevel::builder()
            .vocab(ids)
            .unk_token(UNKNOWN.to_owned())
            .build()
            .map_err(failed)?;
        tokenizer.with_model(model);
        tokenizer.add_special_tokens(special.map(|name| AddedToken::from(name, true)).as_slice());
        let template = TemplateProcessing::builder()
            .try_single(format!("$A {END}"))
            .map_err(|reason| TextError::Training { reason })?
            .special_tokens(vec![(END, 1)])
            .build()
            .map_err(|error| TextError::Training { reason: error.to_string() })?;
        tokenizer.with_post_processor(Some(template));
        Ok(Self::new(AnyTokenizer::new(tokenizer), 1))
    }
}

/// The words of a caption as the tokenizer cuts it.
fn words(tokenizer: &Tokenizer, caption: &str) -> tokenizers::Result<Vec<String>> {
    use tokenizers::{Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};
    let mut text = caption.into();
    if let Some(normalizer) = tokenizer.get_normalizer() {
        normalizer.normalize(&mut text)?;
    }
    let mut cut = PreTokenizedString::from(text);
    if let Some(splitter) = tokenizer.get_pre_tokenizer() {
        splitter.pre_tokenize(&mut cut)?;
    }
    let splits = cut.get_splits(OffsetReferential::Original, OffsetType::Byte);
    Ok(splits.into_iter().map(|(word, ..)| word.to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::T5Config;

    const CAPTIONS: [&str; 2] = ["a red robe, on ice", "A blue robe"];

    #[test]
    fn words_are_numbered_by_frequency_then_alphabet() {
        let tokenizer = TextTokenizer::train(CAPTIONS, 100).unwrap();
        // <pad> </s> <unk> | a robe | , blue ice on red
        assert_eq!(tokenizer.vocabulary(), 10);
        let ids = |text| tokenizer.tokens(text).unwrap().ids;
        assert_eq!(ids("a robe"), [3, 4, 1]);
        assert_eq!(ids("Red,  robe"), [9, 5, 4, 1]);
        assert_eq!(ids(""), [1]);
        assert_eq!(ids("a green robe"), [3, 2, 4, 1]);
        assert_eq!(tokenizer.unknown_words("a green robe").unwrap(), ["green"]);
    }

    #[test]
    fn the_order_of_the_captions_does_not_matter_and_files_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let backwards = TextTokenizer::train(CAPTIONS.into_iter().rev(), 100).unwrap();
        backwards.write(&path).unwrap();
        let tokenizer = TextTokenizer::train(CAPTIONS, 100).unwrap();
        let read = TextTokenizer::read(&path, &T5Config::small(32, 1, 10)).unwrap();
        for text in CAPTIONS {
            let expected = tokenizer.tokens(text).unwrap();
            assert_eq!(read.tokens(text).unwrap(), expected);
            assert_eq!(backwards.tokens(text).unwrap(), expected);
        }
        let error = TextTokenizer::read(&path, &T5Config::small(32, 1, 9)).unwrap_err();
        assert!(matches!(error, TextError::OtherTokenizer { tokenizer: 10, encoder: 9 }));
    }

    #[test]
    fn a_tokenizer_with_another_end_is_refused() {
        let tokenizer = TextTokenizer::train(CAPTIONS, 100).unwrap();
        let mut config = T5Config::small(32, 1, 10);
        tokenizer.check(&config).unwrap();
        config.eos_token_id = 2;
        let message = tokenizer.check(&config).unwrap_err().to_string();
        assert!(message.contains("ends texts by 1, the encoder by 2"), "{message}");
    }

    #[test]
    fn rare_words_are_unknown_when_there_is_no_room() {
        let tokenizer = TextTokenizer::train(CAPTIONS, 5).unwrap();
        assert_eq!(tokenizer.tokens("a red robe").unwrap().ids, [3, 2, 4, 1]);
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let tokenizer = TextTokenizer::train(CAPTIONS, 100).unwrap().with_max_tokens(4);
        let tokens = tokenizer.tokens("a red robe on ice").unwrap();
        assert_eq!((tokens.ids, tokens.cut), (vec![3, 9, 4, 1], 2));
    }

    #[test]
    fn no_words_make_no_tokenizer() {
        let error = TextTokenizer::train([" "], 100).unwrap_err();
        assert!(error.to_string().contains("no words"), "{error}");
    }
}
