//! A data set with the labels that another one, or a model, gives to the same classes.

use std::borrow::Cow;
use std::sync::Arc;

use super::{EncodedRecord, LeftOut, Source};
use crate::Result;

/// How the names of classes differ from those that were expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDifference {
    /// Names that were expected and are not there.
    pub missing: Vec<String>,
    /// Names that are there and were not expected.
    pub new: Vec<String>,
}

/// The data set with its classes in the order of `classes`, so that a label means what it meant there.
///
/// # Errors
/// [`ClassDifference`] if the names are not the same.
pub fn relabelled(
    source: Arc<dyn Source>,
    classes: &[String],
) -> std::result::Result<Arc<dyn Source>, ClassDifference> {
    let missing = without(classes, source.classes());
    if missing.is_empty() {
        return relabelled_among(source, classes);
    }
    let new = without(source.classes(), classes);
    Err(ClassDifference { missing, new })
}

/// As [`relabelled`], but some of `classes` may have no records.
///
/// # Errors
/// [`ClassDifference`] if there are others.
pub fn relabelled_among(
    source: Arc<dyn Source>,
    classes: &[String],
) -> std::result::Result<Arc<dyn Source>, ClassDifference> {
    let found = source.classes();
    if found == classes {
        return Ok(source);
    }
    let labels: Option<Vec<usize>> =
        found.iter().map(|name| classes.iter().position(|class| class == name)).collect();
    if let Some(labels) = labels {
        return Ok(Arc::new(Relabelled { source, labels, classes: classes.to_vec() }));
    }
    let (missing, new) = (without(classes, found), without(found, classes));
    Err(ClassDifference { missing, new })
}

/// The names of `all` that are not among `others`.
pub fn without(all: &[String], others: &[String]) -> Vec<String> {
    all.iter().filter(|name| !others.contains(name)).cloned().collect()
}

struct Relabelled {
    source: Arc<dyn Source>,
    /// The label of each class of `source`.
    labels: Vec<usize>,
    classes: Vec<String>,
}

impl Source for Relabelled {
    fn len(&self) -> usize {
        self.source.len()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn channels(&self) -> usize {
        self.source.channels()
    }

    fn left_out(&self) -> LeftOut {
        self.source.left_out()
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        let record = self.source.encoded(index)?;
        Ok(EncodedRecord { label: self.labels[record.label], ..record })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        let (name, label) = self.source.identity(index);
        (name, self.labels[label])
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        self.source.beginning(index)
    }

    fn origin(&self, index: usize) -> usize {
        self.source.origin(index)
    }

    fn captions(&self, index: usize) -> Result<Vec<String>> {
        self.source.captions(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Colours;

    #[test]
    fn a_class_keeps_the_label_that_it_had() {
        let names = |names: [&str; 3]| names.map(str::to_owned);
        let source = || Arc::new(Colours::new(3));
        let source_of = |order| relabelled(source(), &names(order)).unwrap();
        let reversed = source_of(["2", "1", "0"]);
        assert_eq!(reversed.classes(), names(["2", "1", "0"]));
        assert_eq!((reversed.read(0).unwrap().label, reversed.identity(0).1), (2, 2));
        assert_eq!(source_of(["0", "1", "2"]).read(0).unwrap().label, 0);
        let other = relabelled(source(), &names(["0", "1", "cat"])).err().unwrap();
        let list = |name: &str| vec![name.to_owned()];
        assert_eq!(other, ClassDifference { missing: list("cat"), new: list("2") });
        // A class may lack images only where that is said.
        let more = ["cat", "2", "1", "0"].map(str::to_owned);
        let other = relabelled(source(), &more).err().unwrap();
        assert_eq!(other, ClassDifference { missing: list("cat"), new: vec![] });
        let among = relabelled_among(source(), &more).unwrap();
        assert_eq!((among.read(0).unwrap().label, among.classes().len()), (3, 4));
        let other = relabelled_among(source(), &more[..3]).err().unwrap();
        assert_eq!(other, ClassDifference { missing: list("cat"), new: list("0") });
    }
}
