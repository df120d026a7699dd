//! One of several parts of the work, which processes and machines share.

mod launcher;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use pixelflow_evaluation::statistics::shard_of;
use pixelflow_host::output::note;

use crate::Result;

/// Part `part` of `parts`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    parts: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { part: 1, parts: 1 };

    /// Part `part` of `parts`, if there is such a part.
    pub fn new(part: usize, parts: usize) -> Option<Self> {
        (1..=parts).contains(&part).then_some(Self { part, parts })
    }

    /// Whether it has prompt `index`, counted from 0: every `parts`-th.
    pub fn holds(self, index: usize) -> bool {
        index % self.parts == self.part - 1
    }

    /// Its images, one behind the other and in whole batches, so that every image is in the same batch however
    /// many shards there are.
    ///
    /// # Panics
    /// For batches without images.
    pub fn share(self, images: u64, batch: u64) -> Range<u64> {
        let (index, count) = (self.part as u64 - 1, self.parts as u64);
        shard_of(images, batch, index, count).expect("a part is one of them")
    }

    /// The file of its sums in a folder of all of them: `3-of-8.npz`.
    pub fn file_name(self) -> String {
        format!("{}-of-{}.npz", self.part, self.parts)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.part, self.parts)
    }
}

/// What `--shard` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardArgument {
    /// This shard.
    Given(Shard),
    /// The one that Slurm or Open MPI name in the environment.
    Auto,
}

impl ShardArgument {
    /// The shard; all of the work if nothing is said. Says which variables decided.
    ///
    /// # Errors
    /// [`crate::Error::Variable`] and [`crate::Error::Argument`] for an environment that names none.
    pub fn find(argument: Option<Self>) -> Result<Shard> {
        match argument {
            None => Ok(Shard::WHOLE),
            Some(Self::Given(shard)) => Ok(shard),
            Some(Self::Auto) => {
                let (shard, said) = launcher::shard(&|name| std::env::var(name).ok())?;
                note(format_args!("note: this is shard {shard}: {said}"));
                Ok(shard)
            }
        }
    }
}

impl FromStr for ShardArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let parsed = text
            .split_once('/')
            .and_then(|(part, parts)| Shard::new(part.parse().ok()?, parts.parse().ok()?));
        parsed.map(Self::Given).ok_or_else(|| {
            format!("`{text}` is no part; write I/N with I from 1 to N, such as 1/4, or auto")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Shard {
        ShardArgument::find(Some(text.parse().unwrap())).unwrap()
    }

    #[test]
    fn parts_together_are_the_whole() {
        let parts = ["1/3", "2/3", "3/3"].map(given);
        for index in 0..10 {
            let held = parts.iter().filter(|part| part.holds(index)).count();
            assert_eq!(held, 1, "{index}");
            assert!(Shard::WHOLE.holds(index));
        }
        assert!(parts[0].holds(0) && parts[2].holds(5));
        assert_eq!(
            (parts[1].to_string(), parts[1].file_name()),
            ("2/3".into(), "2-of-3.npz".into())
        );
        assert_eq!(parts.map(|part| part.share(100, 8)), [0..32, 32..64, 64..100]);
        assert_eq!(ShardArgument::find(None).unwrap().share(100, 8), 0..100);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "-1/2", "a/b", "Auto"] {
            let error = text.parse::<ShardArgument>().unwrap_err();
            assert!(error.contains("I/N with I from 1 to N, such as 1/4, or auto"), "{error}");
        }
    }
}
