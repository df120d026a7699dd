//! What a `tokenizer.json` may say: what T5's and this program's need, within bounds.
//!
//! The crate `tokenizers` trusts its files. With some it panics, goes on for hours or fills the
//! memory; so nothing of a file reaches it that was not looked at before.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use tokenizers::Tokenizer;

use super::precompiled_map;

/// Tokens that are added to those of the model; T5 has 103.
const MAX_ADDED: usize = 10_000;
/// Longest token, in bytes.
const MAX_TOKEN: usize = 1024;
/// Steps of a normaliser, or of what cuts words.
const MAX_STEPS: usize = 16;
/// Longest text that a step puts into another, in bytes.
const MAX_REPLACEMENT: usize = 8;
/// How many times as long all steps together may make a prompt: 64 times is seconds and a gigabyte.
const MAX_GROWTH: usize = 16;
/// Longest regular expression, in bytes.
const MAX_PATTERN: usize = 64;
/// Tokens that are put around a text.
const MAX_TEMPLATE: usize = 16;

const NORMALISERS: [&str; 12] = [
    "Sequence",
    "Precompiled",
    "Replace",
    "Prepend",
    "Lowercase",
    "Strip",
    "StripAccents",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
];
const PRE_TOKENIZERS: [&str; 6] =
    ["Sequence", "Metaspace", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits"];

/// Reads the text of a file after looking at all of it.
///
/// # Errors
/// Which part cannot be, and what it may be.
pub(super) fn parse(text: &str) -> Result<Tokenizer, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    check_added(&file["added_tokens"])?;
    let normalisers = steps(&file["normalizer"], "normalizer", "normalizers", &NORMALISERS)?;
    check_normalisers(&normalisers)?;
    steps(&file["pre_tokenizer"], "pre_tokenizer", "pretokenizers", &PRE_TOKENIZERS)?;
    check_template(&file["post_processor"])?;
    check_model(&file["model"])?;
    // Written anew, so that a key that is there twice means to the crate what it means here.
    caught(|| file.to_string().parse::<Tokenizer>().map_err(|error| error.to_string()))
}

/// What `tokenizers` returns, or that it has panicked.
pub(super) fn caught<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    outcome.unwrap_or_else(|_| Err("the tokenizer contradicts itself; fetch it again".to_owned()))
}

/// The steps of a part that may be none, one, or a sequence of them, each of a known type.
fn steps<'v>(
    part: &'v Value,
    name: &str,
    items: &str,
    known: &[&str],
) -> Result<Vec<&'v Value>, String> {
    let mut open = vec![part];
    let mut steps = Vec::new();
    while let Some(step) = open.pop() {
        if step.is_null() {
            continue;
        }
        let kind = step["type"].as_str().unwrap_or_default();
        if !known.contains(&kind) {
            return Err(format!(
                "{name} has the type `{}`, it must be one of {}",
                kind.escape_debug(),
                known.join(", ")
            ));
        }
        steps.push(step);
        if kind == "Sequence" {
            open.extend(step[items].as_array().into_iter().flatten());
        }
        if steps.len() + open.len() > MAX_STEPS {
            return Err(format!("{name} has more than {MAX_STEPS} steps"));
        }
    }
    Ok(steps)
}

fn check_normalisers(steps: &[&Value]) -> Result<(), String> {
    let mut growth = 1;
    for step in steps {
        let (content, is_everywhere) = match step["type"].as_str() {
            Some("Precompiled") => {
                precompiled_map::check(step["precompiled_charsmap"].as_str().unwrap_or_default())?;
                continue;
            }
            Some("Replace") => (&step["content"], true),
            Some("Prepend") => (&step["prepend"], false),
            _ => continue,
        };
        // At most `MAX_STEPS` of them, so this cannot overflow before it is refused.
        growth *= if is_everywhere { text_length(content).clamp(1, MAX_REPLACEMENT) } else { 1 };
        if growth > MAX_GROWTH || text_length(content) > MAX_REPLACEMENT {
            return Err(format!(
                "normalizer: a text that it puts into others may have at most {MAX_REPLACEMENT} bytes, \
                 and all together may make a prompt {MAX_GROWTH} times as long"
            ));
        }
        let pattern = &step["pattern"];
        if pattern["String"] == "" {
            return Err("normalizer.pattern is empty".to_owned());
        }
        if let Some(pattern) = pattern["Regex"].as_str()
            && !is_plain(pattern)
        {
            return Err(format!(
                "normalizer.pattern is `{}`, it must be a regular expression of 1 to {MAX_PATTERN} bytes \
                 without groups, alternatives and backward references",
                pattern.chars().take(MAX_PATTERN).collect::<String>().escape_debug()
            ));
        }
    }
    Ok(())
}

/// Whether an expression takes no more time than its text is long: ` {2,}` and its like.
fn is_plain(pattern: &str) -> bool {
    let mut escaped = pattern.split('\\').skip(1).filter_map(|rest| rest.chars().next());
    (1..=MAX_PATTERN).contains(&pattern.len())
        && !pattern.contains(['(', ')', '|'])
        && escaped.all(|letter| "sSdDwW.-_*+?{}[]^$ ".contains(letter))
}

/// The length of a text in bytes; of anything else the largest there is.
fn text_length(value: &Value) -> usize {
    value.as_str().map_or(usize::MAX, str::len)
}

fn check_added(added: &Value) -> Result<(), String> {
    let tokens = added.as_array().map_or(&[][..], Vec::as_slice);
    if tokens.len() > MAX_ADDED {
        return Err(format!("added_tokens has {} tokens, at most {MAX_ADDED}", tokens.len()));
    }
    match tokens.iter().find(|token| !(1..=MAX_TOKEN).contains(&text_length(&token["content"]))) {
        Some(token) => Err(format!(
            "added_tokens: token {} has no text of 1 to {MAX_TOKEN} bytes",
            token["id"]
        )),
        None => Ok(()),
    }
}

/// What is put around a text: every special token must say its ids.
fn check_template(template: &Value) -> Result<(), String> {
    match template["type"].as_str() {
        None if template.is_null() => return Ok(()),
        Some("TemplateProcessing") => {}
        _ => {
            return Err(format!(
                "post_processor: type is {}, it must be TemplateProcessing",
                template["type"]
            ));
        }
    }
    for part in ["single", "pair"] {
        let pieces = template[part].as_array().map_or(&[][..], Vec::as_slice);
        if pieces.len() > MAX_TEMPLATE {
            return Err(format!("post_processor.{part} has more than {MAX_TEMPLATE} pieces"));
        }
        for name in pieces.iter().filter_map(|piece| piece["SpecialToken"]["id"].as_str()) {
            let of = |list: &str| template["special_tokens"][name][list].as_array().map(Vec::len);
            if of("ids").is_none_or(|ids| ids == 0 || ids > MAX_TEMPLATE)
                || of("ids") != of("tokens")
            {
                return Err(format!(
                    "post_processor.special_tokens: `{}` has no ids, 1 to {MAX_TEMPLATE}, and as many tokens",
                    name.escape_debug()
                ));
            }
        }
        // A text must be in it once.
        let texts = |id: &str| pieces.iter().filter(|piece| piece["Sequence"]["id"] == id).count();
        if part == "single" && (texts("A"), texts("B")) != (1, 0) {
            return Err("post_processor.single must have the text once, Sequence A".to_owned());
        }
    }
    Ok(())
}

fn check_model(model: &Value) -> Result<(), String> {
    match model["type"].as_str() {
        Some("WordLevel") => Ok(()),
        Some("Unigram") => check_unigram(model),
        _ => Err(format!(
            "model: type is {}, it must be Unigram, as T5 has it, or WordLevel",
            model["type"]
        )),
    }
}

fn check_unigram(model: &Value) -> Result<(), String> {
    let vocabulary = model["vocab"].as_array().map_or(&[][..], Vec::as_slice);
    let is_sound = |entry: &Value| {
        (1..=MAX_TOKEN).contains(&text_length(&entry[0]))
            && entry[1].as_f64().is_some_and(f64::is_finite)
    };
    if let Some(at) = vocabulary.iter().position(|entry| !is_sound(entry)) {
        return Err(format!(
            "model.vocab: entry {at} is no text of 1 to {MAX_TOKEN} bytes with a score"
        ));
    }
    match &model["unk_id"] {
        _ if vocabulary.is_empty() => Err("model.vocab is empty".to_owned()),
        Value::Null => {
            Err("model.unk_id is missing: no token stands for unknown letters".to_owned())
        }
        unknown if unknown.as_u64().is_some_and(|id| id < vocabulary.len() as u64) => Ok(()),
        unknown => Err(format!(
            "model.unk_id is {unknown}, it must be below the number of tokens, {}",
            vocabulary.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer as T5 has it, with a part in the place of another.
    fn with(part: &str, other: &str) -> Result<Tokenizer, String> {
        const T5: &str = r#"{"version": "1.0",
            "truncation": {"max_length": 1, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
            "padding": {"strategy": {"Fixed": 1000000000}, "direction": "Right",
                "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"},
            "added_tokens": [{"id": 0, "content": "<pad>", "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true}],
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]},
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                "split": true},
            "post_processor": {"type": "TemplateProcessing",
                "single": [{"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
            "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                "split": true},
            "model": {"type": "Unigram", "unk_id": 2, "byte_fallback": false, "vocab": [["<pad>", 0.0],
                ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0], ["▁a", -3.5], ["b", -4.0]]}}"#;
        assert!(T5.contains(part), "{part}");
        parse(&T5.replacen(part, other, 1))
    }

    #[test]
    fn a_tokenizer_of_t5_is_read() {
        let tokenizer = with("1.0", "1.0").unwrap();
        assert_eq!(tokenizer.get_vocab_size(true), 6);
    }

    #[test]
    fn what_the_crate_would_stumble_over_is_refused_by_name() {
        let long = format!("\"{}\"", "x".repeat(5000));
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        let cases = [
            (
                "{\"type\": \"NFKC\"}",
                "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \"(a+)+$\"}, \"content\": \"\"}",
                "`(a+)+$`",
            ),
            (" {2,}", "(?=a)", "without groups"),
            (" {2,}", r"a\\1", "backward references"),
            ("{\"Regex\": \" {2,}\"}", "{\"String\": \"\"}", "pattern is empty"),
            ("\"content\": \"▁\"", "\"content\": \"xxxxxxxxx\"", "at most 8"),
            (
                "{\"type\": \"NFKC\"}",
                "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}",
                "precompiled_charsmap",
            ),
            (
                "{\"type\": \"NFKC\"}",
                "{\"type\": \"ByteLevel\"}",
                "normalizer has the type `ByteLevel`",
            ),
            (
                "{\"type\": \"Metaspace\", \"replacement\"",
                "{\"type\": \"Split\", \"replacement\"",
                "pre_tokenizer has the type `Split`",
            ),
            ("\"ids\": [1]", "\"ids\": []", "`</s>` has no ids"),
            ("\"id\": \"</s>\", \"type_id\"", "\"id\": \"<s>\", \"type_id\"", "`<s>` has no ids"),
            (
                "\"single\": [{\"Sequence\": {\"id\": \"A\"",
                "\"single\": [{\"Sequence\": {\"id\": \"B\"",
                "Sequence A",
            ),
            ("\"TemplateProcessing\"", "\"RobertaProcessing\"", "post_processor: type is"),
            ("\"Unigram\"", "\"BPE\"", "model: type is \"BPE\""),
            (
                "\"unk_id\": 2",
                "\"unk_id\": 6",
                "unk_id is 6, it must be below the number of tokens, 6",
            ),
            ("\"unk_id\": 2", "\"unk_id\": null", "unk_id is missing"),
            ("[\"b\", -4.0]", "[\"b\", null]", "entry 5"),
            ("[\"b\", -4.0]", "[\"b\", NaN]", "expected value"),
            ("[\"b\", -4.0]", "[\"b\", 1e999]", "number out of range"),
            ("[\"b\", -4.0]", "[\"\", -4.0]", "entry 5"),
            ("\"vocab\": [", "\"vocab\": [], \"x\": [", "model.vocab is empty"),
            (
                "\"<pad>\", \"single_word\"",
                &format!("{long}, \"single_word\""),
                "token 0 has no text",
            ),
            ("\"stride\": 0", &format!("\"stride\": {deep}"), "recursion limit"),
        ];
        for (part, other, expected) in cases {
            let message = with(part, other).unwrap_err();
            assert!(message.contains(expected), "{expected} is not in: {message}");
        }
    }
}
