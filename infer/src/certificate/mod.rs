//! Certificates of measurements: everything that is needed to draw and measure again.
//!
//! A [`Certificate`] is a JSON file with a [`page`] beside it that shows it. It has no date, no path of its
//! owner's machine and nothing else that a second run would not have: two runs on one machine have the same
//! bytes. [`bounds`] says what one that a stranger has sent may ask for, and [`verdict`] whether its numbers
//! stand.

mod bounds;
mod output;
mod page;
mod portable;
mod prompts;
pub mod verdict;

use serde::{Deserialize, Serialize};

use crate::arguments::{LabelRule, MetricGroup};
use crate::caption_images::DrawnWith;
use crate::measurement::facts::Facts;
use crate::measurement::network::NetworkKind;

pub use self::output::CertificateFiles;
pub use self::prompts::CertifiedPrompts;

/// The form that this program writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// Version of Burn, which computes everything.
pub const BURN: &str = "0.21.0";

/// A measurement of drawn images, and what drawing and measuring it again needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The form of this file, `FORMAT`.
    pub format: u32,
    /// Version of Burn.
    pub burn: String,
    /// What was measured, of what and with what: what `--json` writes.
    pub measurement: Facts,
    /// Which metrics were asked for.
    pub metrics: Vec<MetricGroup>,
    /// Images computed at once.
    pub batch: u32,
    /// What a text model drew.
    pub prompts: Option<CertifiedPrompts>,
}

/// How the images of a certificate were drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// Images of a repeat.
    pub images: u32,
    /// How classes were chosen.
    pub labels: LabelRule,
    /// A seed for each repeat.
    pub seeds: &'a [u64],
    /// Everything else.
    pub with: &'a DrawnWith,
}

impl Certificate {
    /// The certificate of a measurement, with names that mean something on other machines too.
    pub fn new(
        mut measurement: Facts,
        metrics: Vec<MetricGroup>,
        batch: u32,
        prompts: Option<CertifiedPrompts>,
    ) -> Self {
        portable::make(&mut measurement);
        Self { format: FORMAT, burn: BURN.to_owned(), measurement, metrics, batch, prompts }
    }

    /// How its images were drawn; `None` if it does not say.
    pub fn drawn(&self) -> Option<Drawn<'_>> {
        let Facts { images, labels, seeds, drawn_with, .. } = &self.measurement;
        Some(Drawn {
            images: u32::try_from((*images)?).ok()?,
            labels: (*labels)?,
            seeds: seeds.as_deref()?,
            with: drawn_with.as_ref()?,
        })
    }

    /// The network that it was measured with; `None` for one that the program does not have.
    pub fn network(&self) -> Option<NetworkKind> {
        let name = &self.measurement.extractor.name;
        NetworkKind::of_name(name)
    }

    /// The command that checks it.
    pub fn command(&self, file: &str) -> String {
        let facts = &self.measurement;
        let file = shlex::try_quote(file).unwrap_or(file.into());
        let mut words = vec![format!("infer evaluate --check {file}")];
        let mut add = |argument: &str, value: &str| words.push(format!("{argument} {value}"));
        if let Some(with) = &facts.drawn_with {
            if !portable::is_shipped_model(&with.model) {
                add("--model", "MODEL");
            }
            let guide = with.guide.as_ref();
            if guide.is_some_and(|guide| !portable::is_shipped_model(&guide.model)) {
                add("--guide-model", "GUIDE");
            }
            if let Some(folder) = with.text_encoder.as_ref().and_then(|text| text.folder.as_ref()) {
                add("--text-encoder", &shlex::try_quote(folder).unwrap_or_default());
            }
        }
        let sides = [
            ("--reference", Some(&facts.reference)),
            ("--train", facts.train.as_ref()),
            ("--held-out", facts.held_out.as_ref()),
        ];
        for (argument, side) in sides {
            if side.is_some_and(|side| !portable::is_shipped(&side.name)) {
                add(argument, "DATA");
            }
        }
        if self.network() != Some(NetworkKind::EfficientNetLite0) {
            add("--extractor", "WEIGHTS");
        }
        if self.prompts.as_ref().is_some_and(|prompts| prompts.texts.is_none()) {
            add("--prompts", "FILE");
        }
        words.join(" ")
    }
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_burn_is_the_one_that_is_pinned() {
        let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains(&format!("\nburn = {{ version = \"={BURN}\"")), "{BURN}");
    }

    #[test]
    fn the_command_names_what_others_must_give() {
        let shipped = testing::certificate();
        assert_eq!(shipped.command("a.json"), "infer evaluate --check a.json");
        let mut own = shipped;
        own.measurement.drawn_with.as_mut().unwrap().model = "mine".to_owned();
        own.measurement.reference.name = "real".to_owned();
        own.measurement.extractor.name = NetworkKind::Inception.name().to_owned();
        own.prompts = Some(CertifiedPrompts { count: 9, hash: "00".to_owned(), texts: None });
        let wanted = "infer evaluate --check 'a b.json' --model MODEL --reference DATA --extractor WEIGHTS \
                      --prompts FILE";
        assert_eq!(own.command("a b.json"), wanted);
    }
}
