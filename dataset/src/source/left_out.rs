//! What a data set holds beside its records, so that nothing vanishes in silence.

use std::fmt;

use crate::{Error, Result};

/// How many are named.
const NAMED: usize = 20;

/// Files and members that are no records of the data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// What is no image and no text of one.
    pub files: usize,
    /// What was meant to be a record, as far as can be seen, but cannot be used.
    pub records: usize,
    /// The first of either kind, each with the reason.
    names: [Vec<String>; 2],
}

impl LeftOut {
    /// Counts what is no image and no text of one.
    pub(crate) fn file(&mut self, name: impl fmt::Display, reason: &str) {
        self.files += 1;
        name_it(&mut self.names[1], format!("{name} {reason}"));
    }

    /// Counts what was meant to be a record.
    pub fn record(&mut self, message: impl fmt::Display) {
        self.records += 1;
        name_it(&mut self.names[0], message.to_string());
    }

    /// Adds what was left out elsewhere.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.records += other.records;
        for (names, more) in self.names.iter_mut().zip(other.names) {
            for name in more {
                name_it(names, name);
            }
        }
    }

    /// How many there are of both kinds.
    pub fn count(&self) -> usize {
        self.files + self.records
    }

    /// The first of them with the reason, records before files; empty if there is none.
    pub fn first(&self) -> &str {
        self.names.iter().flatten().next().map_or("", String::as_str)
    }

    /// The first records with their reasons.
    pub fn named_records(&self) -> &[String] {
        &self.names[0]
    }

    /// Fails if a record cannot be used.
    ///
    /// # Errors
    /// [`Error::LeftOut`].
    pub fn refuse_records(&self) -> Result<()> {
        if self.records == 0 { Ok(()) } else { Err(Error::LeftOut(self.clone())) }
    }

    /// The end of a message, empty if nothing is left out.
    pub(crate) fn clause(&self) -> String {
        if self.count() == 0 { String::new() } else { format!("; {self}") }
    }
}

fn name_it(names: &mut Vec<String>, name: String) {
    if names.len() < NAMED {
        names.push(name);
    }
}

/// `3 files left out (2 of them meant to be used), first: a.heic is …`.
impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = if self.count() == 1 { "file" } else { "files" };
        write!(formatter, "{} {files} left out", self.count())?;
        if self.files > 0 && self.records > 0 {
            write!(formatter, " ({} of them meant to be used)", self.records)?;
        }
        write!(formatter, ", first: {}", self.first())
    }
}
