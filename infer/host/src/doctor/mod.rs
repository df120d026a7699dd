//! What a program finds when it looks at its machine: for people who ask why something does not work.

mod attention;
mod devices;
mod machine;

use std::fmt;

pub use self::devices::devices;
pub use self::machine::machine;

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is.
    Well,
    /// It is not there, and need not be.
    Absent,
    /// It is not as it should be.
    Ill,
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is as it should be.
    pub mark: Mark,
    /// What was looked at.
    pub subject: String,
    /// What was found, and what to do about it.
    pub text: String,
}

impl Finding {
    /// Something that is as it should be.
    pub fn well(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { mark: Mark::Well, subject: subject.into(), text: text.into() }
    }

    /// Something that is not there, and need not be.
    pub fn absent(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { mark: Mark::Absent, ..Self::well(subject, text) }
    }

    /// Something that is not as it should be.
    pub fn ill(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { mark: Mark::Ill, ..Self::well(subject, text) }
    }
}

/// `ok   memory        12.3 GB are free`.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Well => "ok",
            Mark::Absent => "-",
            Mark::Ill => "!!",
        };
        write!(formatter, "{mark:<4} {:<13} {}", self.subject, self.text)
    }
}

/// What was found, and whether all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// A line for each thing, and a verdict.
    pub text: String,
    /// Whether nothing is ill.
    pub is_well: bool,
}

impl Diagnosis {
    /// That of findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let ill = findings.iter().filter(|finding| finding.mark == Mark::Ill).count();
        lines.push(match ill {
            0 => "all is well".to_owned(),
            1 => "1 thing is not as it should be".to_owned(),
            _ => format!("{ill} things are not as they should be"),
        });
        Self { text: lines.join("\n"), is_well: ill == 0 }
    }
}

/// Bytes as people read them.
pub fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
