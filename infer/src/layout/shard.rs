//! One of several parts of the work.

use std::fmt;
use std::str::FromStr;

/// Part `part` of `parts`: every `parts`-th prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    parts: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { part: 1, parts: 1 };

    /// Whether prompt `index`, counted from 0, belongs to it.
    pub fn holds(self, index: usize) -> bool {
        index % self.parts == self.part - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('/')
            .and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
        match parsed {
            Some((part, parts)) if (1..=parts).contains(&part) => Ok(Self { part, parts }),
            _ => Err(format!("`{text}` is no part; write I/N with I from 1 to N, such as 1/4")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.part, self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_together_are_the_whole() {
        let parts: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).into();
        for index in 0..10 {
            let held = parts.iter().filter(|part| part.holds(index)).count();
            assert_eq!(held, 1, "{index}");
            assert!(Shard::WHOLE.holds(index));
        }
        assert!(parts[0].holds(0) && parts[2].holds(5));
        assert_eq!(parts[1].to_string(), "2/3");
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "-1/2", "a/b"] {
            let error = text.parse::<Shard>().unwrap_err();
            assert!(error.contains("I/N with I from 1 to N"), "{error}");
        }
    }
}
