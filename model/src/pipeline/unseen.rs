//! Parts of texts that a text encoder does not see.

use crate::excerpt::excerpt;

/// Parts of texts that a text encoder does not see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Texts that were too long, each with the number of tokens that were cut off.
    pub cut: Vec<(String, usize)>,
    /// Tokens of a text at most.
    pub max_tokens: usize,
    /// Words that the tokenizer does not know; they are drawn as any unknown word.
    pub unknown: Vec<String>,
}

impl Unseen {
    /// What the author of a prompt should know of it and its negative, each once, without a full stop.
    pub fn notes(&self, prompt: &str, negative: &str) -> Vec<String> {
        let mut notes = Vec::new();
        for (what, text) in [("prompt", prompt), ("negative prompt", negative)] {
            if let Some((_, cut)) = self.cut.iter().find(|(long, _)| long == text) {
                notes.push(format!(
                    "the {what} is longer than {} tokens; its last {cut} are not seen",
                    self.max_tokens
                ));
            }
            let is_unknown = |word: &&str| self.unknown.iter().any(|unknown| unknown == word);
            for word in text.split_whitespace().filter(is_unknown).map(excerpt) {
                let note = format!(
                    "the text encoder has never seen `{word}`; it is drawn as any unknown word"
                );
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_hears_of_the_own_texts_alone() {
        let unseen = Unseen {
            cut: vec![("a b c".to_owned(), 1), ("another".to_owned(), 2)],
            max_tokens: 2,
            unknown: vec!["b".to_owned(), "z".to_owned()],
        };
        let notes = unseen.notes("a b c", "z b z");
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert_eq!(notes[0], "the prompt is longer than 2 tokens; its last 1 are not seen");
        assert!(notes[1].contains("`b`") && notes[2].contains("`z`"), "{notes:?}");
        assert!(unseen.notes("a", "").is_empty());
    }
}
