//! The secret that requests bring, where a server asks for one.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Letters of a token.
const LETTERS: std::ops::RangeInclusive<usize> = 8..=1024;

/// A bearer token, as its hash: comparing takes the same time whatever is asked, its length included.
#[derive(Clone)]
pub(crate) struct Token([u8; 32]);

impl Token {
    /// This token.
    ///
    /// # Errors
    /// Why it can be none.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        if !LETTERS.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "a token is 8 to 1024 letters, digits and signs without spaces; make one with \
                        `openssl rand -hex 32`"
                    .to_owned(),
            );
        }
        Ok(Self(Sha256::digest(text).into()))
    }

    /// Whether `text` is the token.
    pub(super) fn is(&self, text: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(text).into();
        self.0.ct_eq(&other).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::new("correct-horse").unwrap();
        assert!(token.is("correct-horse"));
        for other in ["", "correct-horsf", "correct-horse ", "correct-hors"] {
            assert!(!token.is(other), "{other}");
        }
        for bad in ["short", "with a space", "umlaut-ä-umlaut"] {
            assert!(Token::new(bad).unwrap_err().contains("8 to 1024"), "{bad}");
        }
        assert!(!format!("{token:?}").contains("horse"));
    }
}
