//! Names of jobs.

use std::fmt;
use std::str::FromStr;

/// The name of a job: 128 random bits, which nobody guesses. Written as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct JobId(u128);

impl JobId {
    /// A new one.
    ///
    /// # Panics
    /// If the system has no random numbers.
    pub(super) fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for JobId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_hex = |letter: u8| matches!(letter, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(Self).map_err(drop)
    }
}

/// A random seed, for requests that leave it to the server; JavaScript can write it down.
pub(super) fn random_seed() -> u64 {
    JobId::random().0 as u64 >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_32_hex_digits_and_nothing_else() {
        let id = JobId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(id, JobId::random());
        let long = "0".repeat(33);
        for text in ["", "7", "../../../../etc/passwd", "+0000000000000000000000000000007", &long] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
    }
}
