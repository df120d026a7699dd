//! Labels as files write them, and the class indices they stand for.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::{Error, Result};

/// Most classes a data set may have.
pub const MAX_CLASSES: usize = 1_000_000;

/// A label as a file writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// The index of a class.
    Index(u64),
    /// The name of a class.
    Name(String),
}

impl Label {
    /// The content of a `.cls` member.
    pub(super) fn from_text(text: &str) -> Self {
        let text = text.trim();
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Index)
    }

    /// The field of a `.json` member; `None` if it is neither a whole number nor a text.
    pub(super) fn from_json(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::String(name) => Some(Self::Name(name.clone())),
            value => value.as_u64().map(Self::Index),
        }
    }
}

/// Turns the labels of a whole data set into class indices.
///
/// Without `classes` the names found are the classes, sorted; of indices the largest one tells how
/// many classes there are, and they are named by their number.
///
/// # Errors
/// [`Error::InvalidLabel`] for a label that is not among the classes, [`Error::Config`] when
/// `classes` is empty or names one twice.
pub(super) fn resolve<'a>(
    labels: impl Iterator<Item = (&'a Label, String)> + Clone,
    classes: Option<&[String]>,
) -> Result<(Vec<usize>, Vec<String>)> {
    let classes = match classes {
        Some(classes) => checked(classes)?.to_vec(),
        None => found(labels.clone())?,
    };
    let by_name: HashMap<&str, usize> =
        classes.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let indices = labels.map(|(label, record)| match label {
        Label::Index(index) if *index < classes.len() as u64 => Ok(*index as usize),
        Label::Index(index) => Err(Error::InvalidLabel {
            record,
            label: index.to_string(),
            reason: format!("with {} classes labels are 0 to {}", classes.len(), classes.len() - 1),
        }),
        Label::Name(name) => {
            by_name.get(name.as_str()).copied().ok_or_else(|| unknown(name, record))
        }
    });
    let indices = indices.collect::<Result<_>>()?;
    Ok((indices, classes))
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
    Error::InvalidLabel { record, label: format!("{name:?}"), reason }
}

/// The classes that the labels themselves tell.
fn found<'a>(labels: impl Iterator<Item = (&'a Label, String)>) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    let mut count = 0;
    for (label, record) in labels {
        match label {
            Label::Name(name) if count == 0 => {
                names.insert(name.as_str());
            }
            Label::Index(index) if names.is_empty() => {
                if *index >= MAX_CLASSES as u64 {
                    let reason = format!("there can be at most {MAX_CLASSES} classes");
                    return Err(Error::InvalidLabel { record, label: index.to_string(), reason });
                }
                count = count.max(*index as usize + 1);
            }
            Label::Name(label) => return Err(mixed(record, format!("{label:?}"))),
            Label::Index(index) => return Err(mixed(record, index.to_string())),
        }
    }
    Ok(if names.is_empty() {
        (0..count).map(|index| index.to_string()).collect()
    } else {
        names.into_iter().map(str::to_owned).collect()
    })
}

fn mixed(record: String, label: String) -> Error {
    let reason = "other labels are of another kind (names and numbers); list the `classes`";
    Error::InvalidLabel { record, label, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(labels: &[&str], classes: Option<&[&str]>) -> Result<(Vec<usize>, Vec<String>)> {
        let labels: Vec<Label> = labels.iter().map(|text| Label::from_text(text)).collect();
        let classes: Option<Vec<String>> =
            classes.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let named = labels.iter().enumerate().map(|(i, label)| (label, format!("sample {i}")));
        resolve(named, classes.as_deref())
    }

    #[test]
    fn names_are_classes_in_sorted_order() {
        let (indices, classes) = resolved(&["orc", "elf", " orc\n"], None).unwrap();
        assert_eq!((indices, classes), (vec![1, 0, 1], vec!["elf".to_owned(), "orc".to_owned()]));
    }

    #[test]
    fn the_largest_number_tells_how_many_classes_there_are() {
        let (indices, classes) = resolved(&["3", "1"], None).unwrap();
        assert_eq!((indices, classes.len(), classes[3].as_str()), (vec![3, 1], 4, "3"));
    }

    #[test]
    fn given_classes_decide() {
        let (indices, _) = resolved(&["orc", "0"], Some(&["tengu", "orc"])).unwrap();
        assert_eq!(indices, [1, 0]);
    }

    #[test]
    fn bad_labels_are_named() {
        type Names<'a> = &'a [&'a str];
        let cases: [(Names<'_>, Option<Names<'_>>, &str); 6] = [
            (
                &["2"],
                Some(&["a", "b"]),
                "sample 0 has the label 2: with 2 classes labels are 0 to 1",
            ),
            (
                &["a", "c"],
                Some(&["a"]),
                "sample 1 has the label \"c\": it is not among the configured",
            ),
            (&["a", "7"], None, "sample 1 has the label 7: other labels are of another kind"),
            (
                &["4000000000"],
                None,
                "sample 0 has the label 4000000000: there can be at most 1000000",
            ),
            (&["a"], Some(&[]), "classes is []: name at least one class"),
            (&["a"], Some(&["a", "a"]), "classes is \"a\" and \"a\": every class has another name"),
        ];
        for (labels, classes, message) in cases {
            let error = resolved(labels, classes).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
