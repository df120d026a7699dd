//! Results of earlier measurements, as they were written as JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use pixelflow::excerpt::excerpt;
use serde::Deserialize;

use super::difference::Estimate;
use super::network::NetworkKind;
use crate::error::read_error;
use crate::{Error, Result};

/// Bytes of a result, at most; the largest have some ten thousand.
const MOST_BYTES: u64 = 1 << 24;

/// A result, and where it was.
#[derive(Debug)]
pub struct ResultFile {
    /// The argument that names it.
    pub argument: &'static str,
    /// Its path.
    pub path: PathBuf,
    /// The network that it was measured with.
    pub network: NetworkKind,
    /// What it says.
    pub said: Said,
}

/// What a result says; it may say more.
#[derive(Debug, Deserialize)]
pub struct Said {
    /// What was measured, by its name in JSON.
    pub metrics: BTreeMap<String, Estimate>,
    /// What could not be, and why.
    #[serde(default)]
    pub left_out: BTreeMap<String, String>,
    /// The evaluator that was reproduced.
    pub protocol: String,
    /// Number of samples; statistics do not say it.
    pub images: Option<u64>,
    /// What they were compared with.
    pub reference: SaidReference,
    /// The training images, where copies were looked for.
    pub train: Option<SaidReference>,
    /// The held-out images, where copies were looked for.
    pub held_out: Option<SaidReference>,
    /// The network.
    pub extractor: SaidNetwork,
    /// How classes were chosen, if they were.
    pub labels: Option<String>,
}

/// A reference.
#[derive(Debug, Deserialize)]
pub struct SaidReference {
    /// Its path.
    pub name: String,
    /// Hash of its images; statistics of other programs do not say it.
    pub hash: Option<String>,
}

/// A network.
#[derive(Debug, Deserialize)]
pub struct SaidNetwork {
    /// Its name.
    pub name: String,
    /// Hash of its weights.
    pub hash: Option<String>,
}

impl ResultFile {
    /// Reads the result that an argument names.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Argument`] for anything but a result, and for one of statistics, which do not
    /// say of how many images they are.
    pub fn read(argument: &'static str, path: &Path) -> Result<Self> {
        let refused = |reason: String| {
            let value = path.display().to_string();
            Err(Error::Argument { argument, value, reason })
        };
        let mut text = Vec::new();
        let file = File::open(path).map_err(read_error(path))?;
        file.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(read_error(path))?;
        let no_result = |reason: String| {
            refused(format!(
                "it is no result of a measurement: {}; give what `infer evaluate images` or `infer evaluate \
                 model` writes with --json",
                excerpt(&reason)
            ))
        };
        if text.len() as u64 > MOST_BYTES {
            return no_result(format!("it has more than {MOST_BYTES} bytes"));
        }
        let said: Said = match serde_json::from_slice(&text) {
            Ok(said) => said,
            Err(error) => return no_result(error.to_string()),
        };
        let errors = || said.metrics.values().filter_map(|metric| metric.standard_error);
        if let Some(error) = errors().find(|error| *error < 0.0) {
            return no_result(format!("a standard error is {error}"));
        }
        let Some(network) = NetworkKind::of_name(&said.extractor.name) else {
            return no_result(format!("this program has no network `{}`", said.extractor.name));
        };
        if said.images.is_none() {
            return refused(
                "its samples were statistics, which do not say of how many images they are, and FD and FID \
                 depend on that; measure the images themselves"
                    .to_owned(),
            );
        }
        Ok(Self { argument, path: path.to_owned(), network, said })
    }

    /// Refuses a result that was not measured as this one was.
    ///
    /// # Errors
    /// [`Error::Argument`] with both values of everything that differs.
    pub fn must_be_like(&self, first: &Self) -> Result<()> {
        let both = self.conditions().into_iter().zip(first.conditions());
        let (mut found, mut arguments) = (Vec::new(), Vec::new());
        for ((argument, here), (_, there)) in both.filter(|(here, there)| here != there) {
            found.push(format!("{} and not {}", excerpt(&here), excerpt(&there)));
            arguments.push(argument);
        }
        if found.is_empty() {
            return Ok(());
        }
        arguments.dedup();
        Err(Error::Argument {
            argument: self.argument,
            value: self.path.display().to_string(),
            reason: format!(
                "it cannot be compared with {} {}, since it has {}; measure both with the same {}",
                first.argument,
                excerpt(&first.path.display().to_string()),
                found.join(", "),
                arguments.join(" and "),
            ),
        })
    }

    /// What values depend on besides the samples: the argument that sets it, and what it was.
    fn conditions(&self) -> [(&'static str, String); 5] {
        let Said { protocol, images, reference, extractor, .. } = &self.said;
        let network = "--inception or --dinov2";
        let weights = extractor.hash.as_deref().unwrap_or("that is not told");
        let name = Path::new(&reference.name).file_name().unwrap_or_default().to_string_lossy();
        let reference = match &reference.hash {
            Some(hash) => format!("a reference of hash {hash}"),
            None => format!("the reference {name} without a hash"),
        };
        [
            ("--protocol", format!("protocol {protocol}")),
            (network, format!("network {}", extractor.name)),
            (network, format!("network weights of hash {weights}")),
            ("REFERENCE", reference),
            ("--images", format!("{} images", images.unwrap_or(0))),
        ]
    }
}
