//! How the tensors of a file differ from those of a model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::excerpt::excerpt;

/// Every tensor of a file that does not fit its model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatches {
    /// Names and shapes the model needs and the file lacks.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Names the file has and the model does not know.
    pub surplus: Vec<String>,
    /// Names, shapes in the model, shapes in the file.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatches {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.misshapen.is_empty()
    }
}

/// Names by whose ends prefixes are looked for.
const NAMES_TRIED: usize = 4;
/// Prefixes that are compared at most: a stranger's names might have thousands.
const PREFIXES_TRIED: usize = 16;

/// A prefix that names of the file have and those of the model have not, or the other way round.
struct Prefix<'a> {
    in_file: &'a str,
    in_model: &'a str,
    /// Names in the model, each with its name in the file.
    renamed: BTreeMap<&'a str, &'a str>,
}

impl<'a> Prefix<'a> {
    /// The prefix that explains most names: half of those that are missing, or more.
    fn of(mismatches: &'a Mismatches) -> Option<Self> {
        let missing: BTreeSet<&str> =
            mismatches.missing.iter().map(|(name, _)| name.as_str()).collect();
        let surplus: BTreeSet<&str> = mismatches.surplus.iter().map(String::as_str).collect();
        // Some of the first names may have nothing to do with a prefix; not all of them.
        let before = |long: &BTreeSet<&'a str>, short: &BTreeSet<&'a str>| -> BTreeSet<&'a str> {
            let short: Vec<&str> = short.iter().copied().take(NAMES_TRIED).collect();
            let starts = long
                .iter()
                .flat_map(|long| short.iter().filter_map(move |short| long.strip_suffix(short)));
            starts.collect()
        };
        let of_file = before(&surplus, &missing).into_iter().map(|prefix| (prefix, ""));
        let of_model = before(&missing, &surplus).into_iter().map(|prefix| ("", prefix));
        let all = of_file.chain(of_model).take(PREFIXES_TRIED).map(|(in_file, in_model)| {
            let pair = |name: &&'a str| {
                let renamed = format!("{in_model}{}", name.strip_prefix(in_file)?);
                Some((*missing.get(renamed.as_str())?, *name))
            };
            Self { in_file, in_model, renamed: surplus.iter().filter_map(pair).collect() }
        });
        let best = all.max_by_key(|prefix| prefix.renamed.len())?;
        (2 * best.renamed.len() >= missing.len()).then_some(best)
    }
}

impl fmt::Display for Mismatches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = Prefix::of(self);
        if let Some(Prefix { in_file, in_model, renamed }) = &prefix {
            write!(
                formatter,
                " {} names begin with `{}` where the model's begin with `{}`; save the tensors under \
                 the model's names",
                renamed.len(),
                excerpt(in_file).escape_debug(),
                excerpt(in_model).escape_debug(),
            )?;
        }
        let renamed = prefix.map(|prefix| prefix.renamed).unwrap_or_default();
        let in_file: BTreeSet<&str> = renamed.values().copied().collect();
        for (name, shape) in &self.missing {
            if !renamed.contains_key(name.as_str()) {
                write!(formatter, "\n  missing: {name} {shape:?}")?;
            }
        }
        for name in self.surplus.iter().filter(|name| !in_file.contains(name.as_str())) {
            write!(formatter, "\n  surplus: {}", excerpt(name))?;
        }
        for (name, model, file) in &self.misshapen {
            write!(formatter, "\n  wrong shape: {name} is {file:?}, the model has {model:?}")?;
        }
        Ok(())
    }
}
