//! Labels as files write them, and the class indices they stand for.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::{Error, Result};
use pixelflow::excerpt::excerpt;

/// Most classes a data set may have.
pub const MAX_CLASSES: usize = 1_000_000;
/// What a label must be.
const RULE: &str = "a label is a class name or a class index, 0 or more";

/// A label as a file writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Label {
    /// The index of a class.
    Index(u64),
    /// The name of a class; a number with leading zeros is one.
    Name(String),
}

impl Label {
    /// The content of a `.cls` member; otherwise what is wrong with it.
    pub(super) fn from_text(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.strip_prefix('-').is_some_and(is_number) {
            return Err(format!("has the label {}: {RULE}", excerpt(&format!("{text:?}"))));
        }
        match text.parse::<u64>() {
            Ok(index) if index.to_string() == text => Ok(Self::Index(index)),
            _ => Ok(Self::Name(text.to_owned())),
        }
    }

    /// The field of a `.json` member; otherwise what is wrong with it.
    pub(super) fn from_json(value: &serde_json::Value) -> std::result::Result<Self, String> {
        // Some programs write all numbers with a point.
        let whole = |number: f64| {
            (number >= 0.0 && number.fract() == 0.0 && number < MAX_CLASSES as f64)
                .then_some(number as u64)
        };
        match value {
            serde_json::Value::String(name) if !name.trim().is_empty() => {
                Ok(Self::Name(name.clone()))
            }
            other => other
                .as_u64()
                .or_else(|| other.as_f64().and_then(whole))
                .map(Self::Index)
                .ok_or_else(|| format!("has the label {}: {RULE}", excerpt(&value.to_string()))),
        }
    }
}

/// The classes of a data set: what turns its labels into class indices.
///
/// Without `classes` the names found are the classes, sorted; of indices the largest one tells how
/// many classes there are, and they are named by their number. An index is looked for among the names
/// first, so that the class `10` stays the class `10`.
pub(super) struct Classes {
    names: Vec<String>,
    indices: HashMap<String, usize>,
}

impl Classes {
    /// The classes that are configured, else those that the labels tell; each label comes with the name
    /// of its record.
    ///
    /// # Errors
    /// [`Error::InvalidLabel`] when names and numbers are mixed, [`Error::Config`] when `configured` is
    /// empty or names one twice.
    pub(super) fn of<'a>(
        labels: impl Iterator<Item = (&'a Label, String)>,
        configured: Option<&[String]>,
    ) -> Result<Self> {
        let names = match configured {
            Some(classes) => checked(classes)?.to_vec(),
            None => found(labels)?,
        };
        let indices = names.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        Ok(Self { names, indices })
    }

    /// The class index of a label.
    ///
    /// # Errors
    /// [`Error::InvalidLabel`], with the name of the record.
    pub(super) fn index(&self, label: &Label, record: impl FnOnce() -> String) -> Result<usize> {
        let count = self.names.len();
        match label {
            Label::Index(index) => {
                let named = self.indices.get(&index.to_string()).copied();
                named.or((*index < count as u64).then_some(*index as usize)).ok_or_else(|| {
                    let reason = if *index >= MAX_CLASSES as u64 {
                        format!("there can be at most {MAX_CLASSES} classes")
                    } else {
                        let classes = if count == 1 { "class" } else { "classes" };
                        format!(
                            "with {count} {classes} labels are 0 to {}",
                            count.saturating_sub(1)
                        )
                    };
                    Error::InvalidLabel { record: record(), label: index.to_string(), reason }
                })
            }
            Label::Name(name) => {
                self.indices.get(name).copied().ok_or_else(|| unknown(name, record()))
            }
        }
    }

    /// The names, in the order of the class indices.
    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }
}

/// Class list from a configuration.
pub(super) fn checked(classes: &[String]) -> Result<&[String]> {
    let invalid = |value: String, reason: &str| {
        Err(Error::Config { field: "classes", value, reason: reason.to_owned() })
    };
    if classes.is_empty() {
        return invalid("[]".to_owned(), "name at least one class, or leave it out");
    }
    let mut seen = HashSet::new();
    match classes.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => invalid(format!("{twice:?} and {twice:?}"), "every class has another name"),
        None => Ok(classes),
    }
}

/// A label that is no class.
pub(super) fn unknown(name: &str, record: String) -> Error {
    let reason = "it is not among the configured classes".to_owned();
    Error::InvalidLabel { record, label: excerpt(&format!("{name:?}")).into_owned(), reason }
}

/// Sorts names of classes; if all are numbers, as numbers.
pub(super) fn sort_classes(names: &mut [String]) {
    if names.iter().all(|name| is_number(name)) {
        names.sort_by(|a, b| by_value(a).cmp(&by_value(b)));
    } else {
        names.sort_unstable();
    }
}

/// Whether the classes are in another order than their names as texts.
pub fn are_sorted_as_numbers(classes: &[String]) -> bool {
    !classes.is_sorted()
        && classes.iter().all(|name| is_number(name))
        && classes.is_sorted_by_key(|name| by_value(name))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit())
}

/// Orders numbers of any length by value, then by their zeros in front.
fn by_value(number: &str) -> (usize, &str, usize) {
    let digits = number.trim_start_matches('0');
    (digits.len(), digits, number.len())
}

/// The classes that the labels themselves tell.
fn found<'a>(labels: impl Iterator<Item = (&'a Label, String)>) -> Result<Vec<String>> {
    let (mut names, mut indices) = (BTreeSet::new(), BTreeSet::new());
    let mut has_words = false;
    for (label, record) in labels {
        let text = match label {
            Label::Index(index) if *index >= MAX_CLASSES as u64 => continue,
            Label::Index(index) => {
                indices.insert(*index);
                index.to_string()
            }
            Label::Name(name) => {
                has_words |= !is_number(name);
                names.insert(name.as_str());
                format!("{name:?}")
            }
        };
        if has_words && !indices.is_empty() {
            let reason = "other labels are of another kind (names and numbers); list the `classes`";
            let label = excerpt(&text).into_owned();
            return Err(Error::InvalidLabel { record, label, reason: reason.to_owned() });
        }
    }
    if names.is_empty() {
        let count = indices.last().map_or(0, |largest| largest + 1);
        return Ok((0..count).map(|index| index.to_string()).collect());
    }
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.extend(indices.into_iter().map(|index| index.to_string()));
    sort_classes(&mut names);
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn resolved(
        labels: &[&str],
        classes: Option<&[&str]>,
    ) -> Result<(Vec<Result<usize>>, Vec<String>)> {
        let labels: Vec<Label> =
            labels.iter().map(|text| Label::from_text(text).unwrap()).collect();
        let named = labels.iter().enumerate().map(|(i, label)| (label, format!("sample {i}")));
        let classes = Classes::of(named.clone(), classes.map(owned).as_deref())?;
        let indices = named.map(|(label, record)| classes.index(label, || record)).collect();
        Ok((indices, classes.into_names()))
    }

    #[test]
    fn labels_are_names_or_numbers() {
        type Texts<'a> = &'a [&'a str];
        let cases: [(Texts<'_>, Option<Texts<'_>>, &[usize], Texts<'_>); 8] = [
            (&["orc", "elf", " orc\n"], None, &[1, 0, 1], &["elf", "orc"]),
            (&["3", "1"], None, &[3, 1], &["0", "1", "2", "3"]),
            (&["orc", "0"], Some(&["tengu", "orc"]), &[1, 0], &["tengu", "orc"]),
            // With zeros in front they are names: `1` and `01` are two classes.
            (&["10", "09", "9"], None, &[2, 1, 0], &["9", "09", "10"]),
            (&["007", "08"], None, &[0, 1], &["007", "08"]),
            // Among given classes a number is a name first.
            (&["10", "9"], Some(&["9", "10"]), &[1, 0], &["9", "10"]),
            (&["1", "0"], Some(&["9", "10"]), &[1, 0], &["9", "10"]),
            (&["-x", "n-1"], None, &[0, 1], &["-x", "n-1"]),
        ];
        for (labels, given, expected, classes) in cases {
            let (indices, found) = resolved(labels, given).unwrap();
            let indices: Vec<usize> = indices.into_iter().map(Result::unwrap).collect();
            assert_eq!((indices.as_slice(), found), (expected, owned(classes)), "{labels:?}");
        }
    }

    #[test]
    fn json_numbers_may_have_a_point() {
        let label = |text: &str| Label::from_json(&serde_json::from_str(text).unwrap());
        assert_eq!(label("3.0"), Ok(Label::Index(3)));
        assert_eq!(label("\"03\""), Ok(Label::Name("03".to_owned())));
        for bad in ["-1", "1.5", "\" \"", "null", "[1]"] {
            assert!(label(bad).unwrap_err().contains(RULE), "{bad}");
        }
        for bad in ["", " \n", "-3"] {
            assert!(Label::from_text(bad).unwrap_err().contains(RULE), "{bad}");
        }
    }

    #[test]
    fn a_bad_label_is_one_record_s_fault() {
        for (labels, classes, message) in [
            (
                ["1", "2"],
                Some(["a", "b"]),
                "sample 1 has the label 2: with 2 classes labels are 0 to 1",
            ),
            (
                ["a", "c"],
                Some(["a", "b"]),
                "sample 1 has the label \"c\": it is not among the configured",
            ),
            (
                ["0", "4000000000"],
                None,
                "sample 1 has the label 4000000000: there can be at most 1000000",
            ),
        ] {
            let (indices, _) =
                resolved(&labels, classes.as_ref().map(<[&str; 2]>::as_slice)).unwrap();
            assert!(indices[0].is_ok());
            let error = indices[1].as_ref().unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn classes_that_cannot_be_are_refused() {
        for (labels, classes, message) in [
            (["a", "7"], None, "sample 1 has the label 7: other labels are of another kind"),
            (["7", "a"], None, "sample 1 has the label \"a\": other labels are of another kind"),
            (["a", "a"], Some([].as_slice()), "classes is []: name at least one class"),
            (
                ["a", "a"],
                Some(&["a", "a"]),
                "classes is \"a\" and \"a\": every class has another name",
            ),
        ] {
            let error = resolved(&labels, classes).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
