//! What an image shows: attributes and the values they take.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A value that fewer training images have is left out: a probe cannot learn it, and an accuracy
/// over it would be chance.
pub const MIN_SEEN: usize = 20;

/// Fields that hold a text or null, except `others`.
pub fn attribute_names(fields: &Map<String, Value>, others: &[&str]) -> Vec<String> {
    let attribute = |(name, value): &(&String, &Value)| {
        (value.is_string() || value.is_null()) && !others.contains(&name.as_str())
    };
    let names = fields.iter().filter(attribute).map(|(name, _)| name);
    names.cloned().collect()
}

/// One attribute and the values a probe can tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values, the most frequent first; `None` is a value like others.
    pub values: Vec<Option<String>>,
    /// Values that are left out because fewer than [`MIN_SEEN`] training images have them.
    pub rare: Vec<Option<String>>,
}

impl Attribute {
    /// The attribute with the values that training images have, one an image.
    pub fn seen(name: &str, values: &[Option<String>]) -> Self {
        let mut counts: BTreeMap<&Option<String>, usize> = BTreeMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        // Stable: values that are equally frequent stay sorted.
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let (frequent, rare): (Vec<_>, Vec<_>) =
            counts.into_iter().partition(|(_, count)| *count >= MIN_SEEN);
        let values = |counts: Vec<(&Option<String>, usize)>| {
            counts.into_iter().map(|(value, _)| value.clone()).collect()
        };
        Self { name: name.to_owned(), values: values(frequent), rare: values(rare) }
    }

    /// Indices into [`values`](Self::values), `None` for a value that is left out or was not seen.
    pub fn targets(&self, values: &[Option<String>]) -> Vec<Option<usize>> {
        let indices: BTreeMap<&Option<String>, usize> =
            self.values.iter().enumerate().map(|(i, v)| (v, i)).collect();
        values.iter().map(|v| indices.get(v).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(counts: &[(Option<&str>, usize)]) -> Vec<Option<String>> {
        let repeat = |(value, count): &(Option<&str>, usize)| {
            std::iter::repeat_n(value.map(str::to_owned), *count)
        };
        counts.iter().flat_map(repeat).collect()
    }

    #[test]
    fn none_is_a_value_and_the_most_frequent_comes_first() {
        let seen = values(&[(Some("red"), 30), (None, 50), (Some("blue"), 30)]);
        let attribute = Attribute::seen("cloak", &seen);
        let names: Vec<_> = attribute.values.iter().map(Option::as_deref).collect();
        assert_eq!(names, [None, Some("blue"), Some("red")]);
        let heldout = values(&[(Some("red"), 1), (None, 1), (Some("green"), 1)]);
        assert_eq!(attribute.targets(&heldout), [Some(2), Some(0), None]);
    }

    #[test]
    fn rare_values_are_left_out() {
        let seen = values(&[(Some("red"), MIN_SEEN), (Some("odd"), MIN_SEEN - 1)]);
        let attribute = Attribute::seen("cloak", &seen);
        assert_eq!(attribute.values, [Some("red".to_owned())]);
        assert_eq!(attribute.rare, [Some("odd".to_owned())]);
        assert_eq!(attribute.targets(&attribute.rare), [None]);
    }
}
