//! Keeping part of a data set for validation.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{EncodedRecord, LeftOut, Source};
use crate::{Error, Result};

/// Which records are held out from training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "lowercase", deny_unknown_fields)]
pub enum HeldOut {
    /// The first `count` records.
    First {
        /// How many.
        count: usize,
    },
    /// The last `count` records.
    Last {
        /// How many.
        count: usize,
    },
    /// Records 0, `step`, 2 `step` and so on: the rule for data sets that are sorted by class.
    Every {
        /// One record in how many.
        step: usize,
    },
}

/// Cuts a data set into training and held-out records.
///
/// # Errors
/// [`Error::Config`] when either part would be empty, or a class had no images left for training.
pub fn split(source: &Arc<dyn Source>, rule: HeldOut) -> Result<(Subset, Subset)> {
    let records = source.len();
    let (field, value, fits) = match rule {
        HeldOut::First { count } | HeldOut::Last { count } => {
            ("held_out.count", count, count > 0 && count < records)
        }
        HeldOut::Every { step } => ("held_out.step", step, step > 1 && records > 1),
    };
    if !fits {
        let reason = format!("of {records} records some must be held out and some be left");
        return Err(Error::Config { field, value: value.to_string(), reason });
    }
    let is_held_out = |index: &usize| match rule {
        HeldOut::First { count } => *index < count,
        HeldOut::Last { count } => *index >= records - count,
        HeldOut::Every { step } => index.is_multiple_of(step),
    };
    let (held_out, training): (Vec<usize>, Vec<usize>) = (0..records).partition(is_held_out);
    let labels = |records: &[usize]| -> BTreeSet<usize> {
        records.iter().map(|record| source.identity(*record).1).collect()
    };
    if let Some(class) = labels(&held_out).difference(&labels(&training)).next() {
        let reason = format!(
            "no image of the class {:?} would be left for training; hold out fewer, or by rule = \"every\"",
            source.classes()[*class]
        );
        return Err(Error::Config { field, value: value.to_string(), reason });
    }
    let mut training = Subset::new(source, training);
    training.left_out = source.left_out();
    Ok((training, Subset::new(source, held_out)))
}

/// Some records of another source.
pub struct Subset {
    source: Arc<dyn Source>,
    indices: Vec<usize>,
    left_out: LeftOut,
}

impl Subset {
    /// The records `indices` of `source`, each below its length.
    pub fn new(source: &Arc<dyn Source>, indices: Vec<usize>) -> Self {
        Self { source: Arc::clone(source), indices, left_out: LeftOut::default() }
    }
}

impl Source for Subset {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn classes(&self) -> &[String] {
        self.source.classes()
    }

    fn channels(&self) -> usize {
        self.source.channels()
    }

    fn left_out(&self) -> LeftOut {
        self.left_out.clone()
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        self.source.encoded(self.indices[index])
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        self.source.identity(self.indices[index])
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        self.source.beginning(self.indices[index])
    }

    fn origin(&self, index: usize) -> usize {
        self.source.origin(self.indices[index])
    }

    fn captions(&self, index: usize) -> Result<Vec<String>> {
        self.source.captions(self.indices[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Colours;

    fn parts(records: usize, rule: HeldOut) -> Result<(Vec<usize>, Vec<usize>)> {
        let source: Arc<dyn Source> = Arc::new(Colours::of_classes(records, 1));
        let (training, held_out) = split(&source, rule)?;
        let origins = |part: &Subset| (0..part.len()).map(|index| part.origin(index)).collect();
        Ok((origins(&training), origins(&held_out)))
    }

    #[test]
    fn every_record_is_in_one_part() {
        for (rule, training, held_out) in [
            (HeldOut::First { count: 2 }, vec![2, 3, 4, 5, 6], vec![0, 1]),
            (HeldOut::Last { count: 2 }, vec![0, 1, 2, 3, 4], vec![5, 6]),
            (HeldOut::Every { step: 3 }, vec![1, 2, 4, 5], vec![0, 3, 6]),
        ] {
            assert_eq!(parts(7, rule).unwrap(), (training, held_out));
        }
    }

    #[test]
    fn no_part_may_be_empty() {
        for (records, rule, message) in [
            (
                3,
                HeldOut::Last { count: 3 },
                "held_out.count is 3: of 3 records some must be held out",
            ),
            (3, HeldOut::First { count: 0 }, "held_out.count is 0: "),
            (3, HeldOut::Every { step: 1 }, "held_out.step is 1: "),
            (3, HeldOut::Every { step: 0 }, "held_out.step is 0: "),
            (1, HeldOut::Every { step: 2 }, "held_out.step is 2: "),
        ] {
            let error = parts(records, rule).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn no_class_may_lose_all_its_images() {
        let source: Arc<dyn Source> = Arc::new(Colours::of_classes(6, 3));
        assert!(split(&source, HeldOut::Last { count: 1 }).is_ok());
        assert!(split(&source, HeldOut::Every { step: 2 }).is_ok());
        for (rule, class) in [(HeldOut::Last { count: 2 }, "2"), (HeldOut::First { count: 3 }, "0")]
        {
            let error = split(&source, rule).err().unwrap().to_string();
            assert!(error.contains(&format!("no image of the class {class:?}")), "{error}");
        }
    }

    #[test]
    fn rules_are_written_as_tables() {
        let rule: HeldOut = serde_json::from_str(r#"{"rule": "every", "step": 20}"#).unwrap();
        assert_eq!(rule, HeldOut::Every { step: 20 });
        assert!(serde_json::from_str::<HeldOut>(r#"{"rule": "every", "count": 20}"#).is_err());
    }
}
