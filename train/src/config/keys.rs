//! The keys that a configuration may have, as `reference.toml` lists them.

use toml::{Table, Value};

use super::REFERENCE;
use crate::error::did_you_mean;
use crate::{Error, Result};

/// Tables that are one of several kinds; serde knows the keys of each kind.
pub(super) const CHOICES: [&str; 5] =
    ["text", "data.source", "data.validation", "data.held_out", "preview.sampler.guidance"];

/// Keys without a default.
const OPTIONAL: [&str; 2] = ["model.preset", "model.cross_attention_dim"];

/// The defaults as a table; choices without a default are empty tables.
///
/// # Panics
/// If the shipped `reference.toml` is broken, which a test rules out.
pub(super) fn reference() -> Table {
    REFERENCE.parse().expect("reference.toml is valid TOML")
}

/// Every value of a table that is not a table itself, by its dotted key; empty tables too.
pub(super) fn leaves(table: &Table) -> Vec<(String, &Value)> {
    fn walk<'a>(prefix: &str, table: &'a Table, found: &mut Vec<(String, &'a Value)>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Value::Table(inner) if !inner.is_empty() => walk(&key, inner, found),
                leaf => found.push((key, leaf)),
            }
        }
    }
    let mut found = Vec::new();
    walk("", table, &mut found);
    found
}

/// The value at a dotted key.
pub(super) fn get<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let holder = sections
        .split('.')
        .filter(|section| !section.is_empty())
        .try_fold(table, |table, section| table.get(section)?.as_table())?;
    holder.get(name)
}

/// Checks that every key of a layer exists and has a value of the right type.
pub(super) fn check(layer: &Table, place: &str) -> Result<()> {
    let reference = reference();
    for (key, value) in leaves(layer) {
        let chosen = |choice: &&&str| key == ***choice || key.starts_with(&format!("{choice}."));
        if let Some(choice) = CHOICES.iter().find(chosen) {
            if key == *choice && !value.is_table() {
                return Err(wrong_type(place, &key, value, "a table"));
            }
            continue;
        }
        if OPTIONAL.contains(&key.as_str()) {
            continue;
        }
        match get(&reference, &key) {
            None => return Err(unknown(&reference, key, place)),
            // An empty section says nothing.
            Some(default)
                if value.as_table().is_some_and(Table::is_empty) && default.is_table() => {}
            Some(default) => check_type(place, &key, value, default)?,
        }
    }
    Ok(())
}

/// Compares a value's type with its default's.
fn check_type(place: &str, key: &str, value: &Value, default: &Value) -> Result<()> {
    let expected = match (default, value) {
        (Value::Float(_), Value::Float(_) | Value::Integer(_))
        | (Value::Integer(_), Value::Integer(_))
        | (Value::Boolean(_), Value::Boolean(_))
        | (Value::String(_), Value::String(_))
        | (Value::Array(_), Value::Array(_)) => return Ok(()),
        (Value::Float(_), _) => "a number",
        (Value::Integer(_), _) => "a whole number",
        (Value::Boolean(_), _) => "true or false",
        (Value::String(_), _) => "a string",
        (Value::Array(_), _) => "a list, such as [1, 2]",
        _ => "a section with keys of its own",
    };
    Err(wrong_type(place, key, value, expected))
}

fn wrong_type(place: &str, key: &str, value: &Value, expected: &str) -> Error {
    Error::WrongType {
        place: place.to_owned(),
        key: key.to_owned(),
        value: value.to_string(),
        expected: expected.to_owned(),
    }
}

fn unknown(reference: &Table, key: String, place: &str) -> Error {
    let known = leaves(reference);
    let names = known.iter().map(|(name, _)| name.as_str()).chain(OPTIONAL);
    let suggestion = did_you_mean(&key, names);
    Error::UnknownKey { place: place.to_owned(), key, suggestion }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(layer: &str) -> String {
        check(&layer.parse().unwrap(), "recipe").unwrap_err().to_string()
    }

    #[test]
    fn unknown_keys_are_named_with_the_nearest_one() {
        assert_eq!(
            message("[train]\nleraning_rate = 1"),
            "recipe: there is no key `train.leraning_rate`"
        );
        assert_eq!(
            message("[train]\nwarmup = 1\nweigth_decay = 0.1"),
            "recipe: there is no key `train.warmup`"
        );
        assert_eq!(
            message("[train]\nweigth_decay = 0.1"),
            "recipe: there is no key `train.weigth_decay`; did you mean `train.weight_decay`?"
        );
        assert_eq!(
            message("[preview.sampler]\nsteeps = [1]"),
            "recipe: there is no key `preview.sampler.steeps`; did you mean `preview.sampler.steps`?"
        );
        assert_eq!(message("lr = 1"), "recipe: there is no key `lr`; did you mean `train.lr`?");
    }

    #[test]
    fn values_of_the_wrong_type_are_named() {
        for (layer, expected) in [
            ("[train]\nlr = 'fast'", "train.lr is \"fast\", it must be a number"),
            ("[train]\nsteps = 1.5", "train.steps is 1.5, it must be a whole number"),
            ("[data]\nflip = 1", "data.flip is 1, it must be true or false"),
            ("[train]\nbetas = 0.9", "train.betas is 0.9, it must be a list, such as [1, 2]"),
            ("train = 3", "train is 3, it must be a section with keys of its own"),
            ("[data]\nsource = 'a.tar'", "data.source is \"a.tar\", it must be a table"),
        ] {
            assert_eq!(message(layer), format!("recipe: {expected}"));
        }
        check(&"[train]\nlr = 1\n[log]".parse().unwrap(), "recipe").unwrap();
    }
}
