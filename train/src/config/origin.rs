//! The places at which mistakes in settings are reported.

use toml::Table;
use toml::de::{DeTable, DeValue};

use crate::{Error, Result};

/// Where settings are written, for messages about them.
pub(super) struct Origin<'a> {
    /// The file or argument.
    pub name: String,
    /// The file's text; empty for an argument.
    pub text: &'a str,
}

impl Origin<'_> {
    /// All layers together.
    pub fn together() -> Self {
        Self { name: "the configuration".to_owned(), text: "" }
    }

    /// The text as a table.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is not TOML.
    pub fn parse(&self) -> Result<Table> {
        // Its own form has the whole line, however long.
        let invalid = |error: toml::de::Error| {
            let before = error.span().map_or("", |span| &self.text[..span.start]);
            let line = 1 + before.matches('\n').count();
            let column = 1 + before.chars().rev().take_while(|letter| *letter != '\n').count();
            let place = format!("{}, line {line}, column {column}", self.name);
            let what = error.message().trim_end().replace('\n', ", ");
            Error::Setting { place, reason: format!("this is not valid TOML: {what}") }
        };
        self.text.parse().map_err(invalid)
    }

    /// The error that something is wrong with a key.
    pub fn mistake(&self, key: &str, reason: &str) -> Error {
        let place = match line_of(self.text, key) {
            Some(line) => format!("{}, line {line}", self.name),
            None => self.name.clone(),
        };
        Error::Setting { place, reason: reason.to_owned() }
    }
}

/// The line, from 1, where a dotted key stands in TOML, or the section of a key that is missing.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let (mut table, mut found) = (document.get_ref(), None);
    for name in key.split('.') {
        let Some((written, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
            break;
        };
        found = Some(written.span().start);
        let DeValue::Table(inner) = value.get_ref() else { break };
        table = inner;
    }
    found.map(|start| 1 + text[..start].matches('\n').count())
}
