//! The tokenizers that are trained here, without the crate `tokenizers`: that is larger after gzip than all else that
//! a browser needs to draw.

use std::collections::HashMap;

use serde_json::Value;
use unicode_categories::UnicodeCategories;

use super::tokenizer::{END, PADDING, UNKNOWN};

/// What a `tokenizer.json` of [`TextTokenizer::train`](super::TextTokenizer::train) says, but for its words.
const FORM: &str = r#"{
    "version": "1.0",
    "truncation": null,
    "padding": null,
    "added_tokens": [
        {"id": 0, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true},
        {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true},
        {"id": 2, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true}
    ],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"}
    ]},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}
    },
    "decoder": null,
    "model": {"type": "WordLevel", "vocab": null, "unk_token": "<unk>"}
}"#;

/// Tokens that are themselves wherever a text has them, by their numbers.
const SPECIAL: [&str; 3] = [PADDING, END, UNKNOWN];

/// Numbers words and punctuation marks in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WordTokenizer {
    ids: HashMap<String, u32>,
}

impl WordTokenizer {
    /// Reads the text of a `tokenizer.json` that was trained here.
    ///
    /// # Errors
    /// What it may be.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let words = file.pointer_mut("/model/vocab").map(Value::take);
        if file != serde_json::from_str::<Value>(FORM).expect("the form is JSON") {
            return Err(
                "it is not of the form that training writes, whole words in lower case; others need the feature \
                 `tokenizer`"
                    .to_owned(),
            );
        }
        let ids: HashMap<String, u32> = serde_json::from_value(words.unwrap_or_default())
            .map_err(|error| format!("model.vocab: {error}"))?;
        for (id, token) in (0..).zip(SPECIAL) {
            if ids.get(token) != Some(&id) {
                return Err(format!("model.vocab: `{token}` must have the number {id}"));
            }
        }
        Ok(Self { ids })
    }

    /// Number of tokens that it knows.
    pub(super) fn vocabulary(&self) -> usize {
        self.ids.len()
    }

    /// The largest number of a token that it knows; a file may number them as it likes.
    pub(super) fn largest_id(&self) -> Option<u32> {
        self.ids.values().max().copied()
    }

    /// The number of a token.
    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// The numbers of the tokens of a text; `Result` as others have it.
    #[expect(clippy::unnecessary_wraps, reason = "its sibling asks a crate that may fail")]
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let mut ids = Vec::new();
        let mut rest = text;
        while let Some((at, id)) = first_special(rest) {
            self.add_words(&rest[..at], &mut ids);
            ids.push(id);
            rest = &rest[at + SPECIAL[id as usize].len()..];
        }
        self.add_words(rest, &mut ids);
        ids.push(self.ids[END]);
        Ok(ids)
    }

    /// Whether another one cuts all texts alike.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self == other
    }

    /// Adds the numbers of words and punctuation marks.
    fn add_words(&self, text: &str, ids: &mut Vec<u32>) {
        // Letter by letter, as the crate does it: a sigma at the end of a word is none of its own.
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        for word in lower.split_whitespace() {
            for token in word.split_inclusive(is_punctuation) {
                let mark = token.chars().next_back().filter(|letter| is_punctuation(*letter));
                let (word, mark) = token.split_at(token.len() - mark.map_or(0, char::len_utf8));
                let parts = [word, mark].into_iter().filter(|part| !part.is_empty());
                ids.extend(parts.map(|part| self.id(part).unwrap_or(self.ids[UNKNOWN])));
            }
        }
    }
}

/// Place and number of the first special token.
fn first_special(text: &str) -> Option<(usize, u32)> {
    let places = SPECIAL.iter().zip(0..).filter_map(|(token, id)| Some((text.find(token)?, id)));
    places.min()
}

fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation() || letter.is_punctuation()
}

#[cfg(all(test, feature = "tokenizer"))]
mod tests {
    use super::super::any_tokenizer::AnyTokenizer;
    use super::*;
    use crate::noise::{Key, Purpose};
    use crate::text::TextTokenizer;

    const CAPTIONS: [&str; 2] = [
        "a red robe, on ice; it is k å σ ß i\u{307} «quoted» — dash",
        "A blue robe (ﬁne) 123 ½ 漢 ı",
    ];

    /// The same tokenizer as the crate has it, and as it is here.
    fn both() -> [(AnyTokenizer, WordTokenizer); 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        TextTokenizer::train(CAPTIONS, 100).unwrap().write(&path).unwrap();
        let shipped = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../assets/demo-text/model/text_encoder/tokenizer.json"
        );
        [path.as_path(), shipped.as_ref()].map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            (AnyTokenizer::parse(&text).unwrap(), WordTokenizer::parse(&text).unwrap())
        })
    }

    #[test]
    fn every_letter_is_what_the_crate_takes_it_for() {
        let [(theirs, ours), (_, shipped)] = both();
        assert!(ours.is_same(&ours.clone()) && !ours.is_same(&shipped));
        let letters: Vec<char> = ('\0'..=char::MAX).collect();
        for letters in letters.chunks(2048) {
            let words = letters.iter().map(|letter| format!("a{letter}a {letter} "));
            let text = words.collect::<Vec<_>>().concat();
            assert_eq!(ours.ids(&text), theirs.ids(&text), "{letters:?}");
        }
    }

    #[test]
    fn every_text_has_the_tokens_that_the_crate_gives_it() {
        let parts = [
            "a",
            "RED",
            "Robe",
            "robe",
            "ΟΔΟΣ",
            "σ",
            "İ",
            "ﬁne",
            "ẞ",
            "K",
            "Å",
            " ",
            "  ",
            "\n",
            "\t",
            "\u{a0}",
            "\u{2028}",
            "\u{200b}",
            "\u{301}",
            ",",
            ".",
            "!?",
            "«",
            "—",
            "_",
            "(",
            "<",
            ">",
            "</",
            "<pad>",
            "</s>",
            "<unk>",
            "<PAD>",
            "<pa",
            "d>",
            "漢",
            "🧝",
            "½",
            "1",
            "tengu",
            "battleaxe",
            "green",
            "\0",
        ];
        for (theirs, ours) in both() {
            assert_eq!(ours.vocabulary(), theirs.vocabulary());
            assert_eq!(ours.largest_id(), theirs.largest_id());
            for token in [END, UNKNOWN, "robe", "Robe", "zebra"] {
                assert_eq!(ours.id(token), theirs.id(token), "{token}");
            }
            for number in 0..2000 {
                let values =
                    Key::new(11, number, Purpose::Testing).normals(1 + number as usize % 12);
                let place = |value: f32| (value.abs() * 1e4) as usize % parts.len();
                let text: String = values.into_iter().map(|value| parts[place(value)]).collect();
                assert_eq!(ours.ids(&text), theirs.ids(&text), "{text:?}");
            }
            assert_eq!(ours.ids(""), theirs.ids(""));
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let words = r#"{"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3}"#;
        let with = |part: &str, other: &str| {
            let text = FORM.replacen(r#""vocab": null"#, &format!(r#""vocab": {words}"#), 1);
            assert!(text.contains(part), "{part}");
            WordTokenizer::parse(&text.replacen(part, other, 1))
        };
        assert_eq!(with("1.0", "1.0").unwrap().ids("A b").unwrap(), [3, 2, 1]);
        for (part, other, expected) in [
            (r#""Lowercase""#, r#""NFKC""#, "not of the form"),
            ("WordLevel", "Unigram", "not of the form"),
            (r#""lstrip": false"#, r#""lstrip": true"#, "not of the form"),
            (r#""a": 3"#, r#""a": "3""#, "model.vocab: invalid type"),
            (r#""</s>": 1, "#, "", "`</s>` must have the number 1"),
            (words, "null", "model.vocab: invalid type"),
            (r#""decoder""#, "decoder", "key must be a string"),
        ] {
            let message = with(part, other).unwrap_err();
            assert!(message.contains(expected), "{expected} is not in: {message}");
        }
    }
}
