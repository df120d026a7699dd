//! Reading a certificate that a stranger may have written: what it may ask for, at most.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use pixelflow_host::device::Choice;
use serde_json::Value;

use super::{Certificate, FORMAT};
use crate::error::read_error;
use crate::measurement::metric::MetricKind;
use crate::prompts::hash_of_texts;
use crate::{Error, Result};

/// Bytes of a certificate, at most.
const MAX_BYTES: u64 = 1 << 22;
/// Images of a repeat, at most, as `--images` has it.
const MAX_IMAGES: u64 = 1 << 24;
/// Repeats, at most, as `--repeats` has it.
const MAX_REPEATS: usize = 1000;
/// Images at once, at most, as `--batch` has it.
const MAX_BATCH: u32 = 1 << 16;

impl Certificate {
    /// Reads a certificate, and checks all that needs no other file. The sampler is checked with the model.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Argument`] for what is no certificate, of another form, or asks for too much.
    pub fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(read_error(path))?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read_error(path))?;
        Self::parse(&bytes).map_err(|reason| Error::Argument {
            argument: "--check",
            value: path.display().to_string(),
            reason,
        })
    }

    /// The certificate of these bytes.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes; a certificate is smaller"));
        }
        let unfit = |error: serde_json::Error| {
            format!("it is no certificate: {error}; give the JSON that --certificate wrote")
        };
        let json: Value = serde_json::from_slice(bytes).map_err(unfit)?;
        if let Some(format) = json["format"].as_u64().filter(|format| *format != u64::from(FORMAT))
        {
            return Err(format!(
                "its format is {format}, and this program reads format {FORMAT}; take the version that wrote it"
            ));
        }
        let certificate: Self = serde_json::from_value(json).map_err(unfit)?;
        certificate.check()?;
        Ok(certificate)
    }

    /// Checks the amounts, and that its parts fit together.
    ///
    /// # Errors
    /// What does not, in words.
    fn check(&self) -> Result<(), String> {
        let facts = &self.measurement;
        let range = |name: &str, value: u64, least: u64, most: u64| {
            let fits = (least..=most).contains(&value);
            fits.then_some(()).ok_or(format!("{name} is {value}, it must be {least} to {most}"))
        };
        if let Some(images) = facts.images {
            range("images", images as u64, 2, MAX_IMAGES)?;
        }
        let drawn = self.drawn().ok_or(
            "it does not say how its images were drawn: `images`, `labels`, `seeds` or `drawn_with` is missing",
        )?;
        range("the number of seeds", drawn.seeds.len() as u64, 1, MAX_REPEATS as u64)?;
        range("batch", self.batch.into(), 1, MAX_BATCH.into())?;
        let first = drawn.seeds[0];
        let follow = |(place, seed): (usize, &u64)| *seed == first.wrapping_add(place as u64);
        if !drawn.seeds.iter().enumerate().all(follow) {
            return Err("its seeds do not follow each other, as those of repeats do".to_owned());
        }
        let network = self.network().ok_or_else(|| {
            format!("its extractor is `{}`, which this program does not have", facts.extractor.name)
        })?;
        if facts.metrics.is_empty() {
            return Err("it has no metrics, so that there is nothing to check".to_owned());
        }
        let repeated = |(place, group)| self.metrics[..place].contains(group);
        if self.metrics.iter().enumerate().any(repeated) {
            return Err("its `metrics` name one twice".to_owned());
        }
        let repeats = if drawn.seeds.len() > 1 { drawn.seeds.len() } else { 0 };
        for metric in &facts.metrics {
            if MetricKind::of_key(&metric.key, network).is_none() {
                return Err(format!("its metric `{}` is none of {}", metric.key, network.name()));
            }
            if metric.repeats.len() != repeats {
                return Err(format!(
                    "its metric `{}` has {} repeats, and there are {} seeds",
                    metric.key,
                    metric.repeats.len(),
                    drawn.seeds.len()
                ));
            }
        }
        let sides = [Some(&facts.reference), facts.train.as_ref(), facts.held_out.as_ref()];
        if sides.into_iter().flatten().any(|side| side.hash.is_none()) {
            return Err(
                "it does not say which data it was measured with: a hash is missing".to_owned()
            );
        }
        if facts.train.is_some() != facts.held_out.is_some() {
            return Err(
                "it has `train` or `held_out`, and one means nothing without the other".to_owned()
            );
        }
        let device = facts.device.as_deref().unwrap_or("none");
        match device.parse::<Choice>() {
            Ok(Choice::Device(_)) => {}
            _ => return Err(format!("its device `{device}` is none")),
        }
        match &self.prompts {
            Some(prompts)
                if prompts.texts.as_ref().is_some_and(|texts| {
                    texts.len() != prompts.count
                        || hash_of_texts(texts.iter().map(String::as_str)) != prompts.hash
                }) =>
            {
                Err("its prompts are not those of their hash; was it edited?".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::certificate;
    use super::*;

    #[test]
    fn what_is_no_certificate_or_asks_for_too_much_is_refused() {
        let whole = serde_json::to_value(certificate()).unwrap();
        let parse = |json: &Value| Certificate::parse(json.to_string().as_bytes());
        assert_eq!(parse(&whole), Ok(certificate()));
        let metric = &whole["measurement"]["metrics"]["fd_efflite0"];
        let prompts = json!({ "count": 2, "hash": "00", "texts": ["a", "b"] });
        let cases: [(&str, Value, &str); 20] = [
            ("/format", json!(2), "its format is 2, and this program reads format 1"),
            ("/format", json!("1"), "it is no certificate: invalid type"),
            ("/surplus", json!(1), "unknown field `surplus`"),
            ("/measurement/surplus", json!(1), "unknown field `surplus`"),
            ("/measurement/protocol", json!("fid"), "unknown variant `fid`"),
            ("/measurement/drawn_with/sampler/surplus", json!(1), "unknown field `surplus`"),
            (
                "/measurement/images",
                json!(16_777_217),
                "images is 16777217, it must be 2 to 16777216",
            ),
            ("/measurement/images", json!(1), "images is 1"),
            ("/measurement/images", Value::Null, "does not say how its images were drawn"),
            ("/measurement/seeds", json!([]), "the number of seeds is 0, it must be 1 to 1000"),
            ("/measurement/seeds", json!(vec![0; 1001]), "the number of seeds is 1001"),
            ("/measurement/seeds", json!([3, 3]), "its seeds do not follow each other"),
            ("/measurement/seeds", json!([3, 4]), "has 0 repeats, and there are 2 seeds"),
            ("/batch", json!(65_537), "batch is 65537, it must be 1 to 65536"),
            ("/measurement/extractor/name", json!("mine"), "its extractor is `mine`"),
            ("/measurement/metrics", json!({ "fid": metric }), "its metric `fid` is none of Eff"),
            ("/measurement/reference/hash", Value::Null, "a hash is missing"),
            ("/measurement/device", json!("auto"), "its device `auto` is none"),
            ("/metrics", json!(["kernel", "kernel"]), "its `metrics` name one twice"),
            ("/prompts", prompts, "its prompts are not those of their hash"),
        ];
        for (place, value, reason) in cases {
            let mut json = whole.clone();
            let (parent, name) = place.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[name] = value;
            let message = parse(&json).unwrap_err();
            assert!(message.contains(reason), "{place}: {message}");
        }
        let text = whole.to_string();
        for cut in [0, 1, text.len() / 2, text.len() - 1] {
            let message = Certificate::parse(&text.as_bytes()[..cut]).unwrap_err();
            assert!(message.contains("it is no certificate"), "{message}");
        }
        let huge = Certificate::parse(&vec![b' '; (MAX_BYTES + 1) as usize]).unwrap_err();
        assert!(huge.contains("more than 4194304 bytes"), "{huge}");
    }
}
