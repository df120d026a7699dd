//! All that a measurement needs besides its samples: network, reference, training images, place of the JSON.

use std::path::Path;

use pixelflow_evaluation::images::Images;
use pixelflow_evaluation::metrics::memory_of_neighbours;
use pixelflow_host::device::{Device, available_memory};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::note;

use super::json_output::JsonOutput;
use crate::arguments::{MetricArguments, MetricGroup, NetworkArguments};
use crate::measurement::compare::{KnownImages, Reference, compare};
use crate::measurement::feature_cache::gather_kept;
use crate::measurement::gathered::{Gathered, Keep};
use crate::measurement::metric::Metrics;
use crate::measurement::network::{Identity, Network, NetworkFile, NetworkKind};
use crate::measurement::report::SideReport;
use crate::measurement::side::Side;
use crate::{Error, Result};

/// Beyond so many bytes it is said what features take.
const WORTH_A_NOTE: u64 = 1 << 30;

/// What was checked and opened; nothing is computed yet.
pub struct Setup {
    /// What numbers depend on besides the images.
    pub identity: Identity,
    /// Where the JSON goes.
    pub json: JsonOutput,
    network: Option<NetworkFile>,
    groups: Vec<MetricGroup>,
    reference: Side,
    known: Option<[Side; 2]>,
}

impl Setup {
    /// Opens everything; `samples` are none where they are still to be drawn.
    ///
    /// # Errors
    /// [`Error::Evaluation`], [`Error::Argument`], [`Error::Write`], [`Error::MissingAsset`].
    pub fn prepare(
        network: &NetworkArguments,
        metrics: &MetricArguments,
        samples: Option<&Side>,
        reference: &Path,
    ) -> Result<Self> {
        let paths = [&metrics.train, &metrics.held_out, &network.inception, &network.dinov2];
        let mut taken: Vec<&Path> = paths.into_iter().filter_map(Option::as_deref).collect();
        taken.extend([Some(reference), samples.map(|side| side.path.as_path())].iter().flatten());
        let json = JsonOutput::prepare(metrics.json.as_deref(), &taken)?;
        let reference = Side::open("REFERENCE", reference)?;
        let known = match (&metrics.train, &metrics.held_out) {
            (Some(train), Some(held_out)) => Some([
                Side::open_images("--train", train)?,
                Side::open_images("--held-out", held_out)?,
            ]),
            _ => None,
        };
        let file = match samples.and_then(Side::statistics) {
            Some(_) if reference.statistics().is_some() => None,
            _ => Some(NetworkFile::find(network)?),
        };
        let identity = match (&file, samples) {
            (None, Some(samples)) => identity_of([samples, &reference], network)?,
            (file, _) => file.as_ref().map(|file| file.identity.clone()).expect("it was opened"),
        };
        for side in samples.into_iter().chain([&reference]) {
            side.must_match(&identity)?;
        }
        if let Some(samples) = samples {
            note_other_sizes(samples, &reference)?;
        }
        let groups = metrics.metrics.clone();
        Ok(Self { identity, json, network: file, groups, reference, known })
    }

    /// The reference, then the training images and the held-out ones, where copies are looked for.
    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        std::iter::once(&self.reference).chain(self.known.iter().flatten())
    }

    /// Whether anything goes through the network.
    pub fn needs_network(&self) -> bool {
        self.network.is_some()
    }

    /// What is gathered of the samples.
    pub fn keep(&self) -> Keep {
        let is_wanted = |group| self.groups.contains(&group);
        let has_pairs = self.reference.images().is_some() && self.looks_at_pairs();
        Keep {
            features: has_pairs || is_wanted(MetricGroup::Infinity) || self.known.is_some(),
            score: is_wanted(MetricGroup::Score) && self.identity.kind == NetworkKind::Inception,
        }
    }

    fn looks_at_pairs(&self) -> bool {
        let pairs = [MetricGroup::Kernel, MetricGroup::Neighbours, MetricGroup::Classes];
        pairs.iter().any(|group| self.groups.contains(group))
    }

    /// Says what memory the features of all sides take, and refuses what there is not.
    ///
    /// # Errors
    /// [`Error::Argument`].
    pub fn check_memory(&self, samples: usize) -> Result<()> {
        if !self.keep().features {
            return Ok(());
        }
        let sides = self.known.iter().flatten().chain([&self.reference]);
        let images: usize = sides.filter_map(Side::images).map(Images::len).sum();
        let (columns, threads) = (self.identity.kind.columns(), rayon::current_num_threads());
        let needed = memory_of_neighbours(samples.saturating_add(images), columns, threads);
        let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
        let advice = "`--metrics frechet,score` without --train needs no more for more images";
        match available_memory() {
            Some(free) if needed > free => Err(Error::Argument {
                argument: "--metrics",
                value: "kernel, neighbours, classes, infinity or memorisation".to_owned(),
                reason: format!(
                    "they need {} for the features of all images, and {} are free; {advice}",
                    gigabytes(needed),
                    gigabytes(free)
                ),
            }),
            _ if needed > WORTH_A_NOTE => {
                let needed = gigabytes(needed);
                note(format_args!("note: the features of all images take {needed}; {advice}"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Loads the network and gathers all sides but the samples; `None` after Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Evaluation`].
    pub fn begin(
        &mut self,
        device: Option<Device>,
        batch: usize,
        interrupt: &Interrupt,
    ) -> Result<Option<Instruments>> {
        let network = match (self.network.take(), device) {
            (Some(file), Some(device)) => Some(file.load(batch, device)?),
            _ => None,
        };
        let keep = |features| Keep { features, score: false };
        let (gathered, hash) = match (self.reference.statistics(), &network) {
            (None, Some(network)) => {
                let keep = keep(self.looks_at_pairs());
                match gather_kept(&self.reference, &**network, keep, "REFERENCE", interrupt)? {
                    Some((gathered, hash)) => (gathered, Some(hash)),
                    None => return Ok(None),
                }
            }
            (statistics, _) => {
                let statistics = statistics.expect("without a network there are statistics");
                (
                    Gathered::of_statistics(statistics.clone()),
                    Some(self.reference.hash()?.to_owned()),
                )
            }
        };
        let (mut known, mut known_hashes) = (Vec::new(), Vec::new());
        for (side, name) in self.known.iter().flatten().zip(["--train", "--held-out"]) {
            let Some(network) = &network else { continue };
            match gather_kept(side, &**network, keep(true), name, interrupt)? {
                Some((gathered, hash)) => {
                    known.extend(gathered.features);
                    known_hashes.push(hash);
                }
                None => return Ok(None),
            }
        }
        let known = match <[_; 2]>::try_from(known) {
            Ok([train, held_out]) => Some(KnownImages { train, held_out }),
            Err(_) => None,
        };
        let reference = Reference::new(gathered, &self.groups)?;
        Ok(Some(Instruments { network, reference, known, hash, known_hashes }))
    }

    /// What the report says of the reference.
    pub fn reference_report(&self, instruments: &Instruments) -> SideReport {
        side_report(&self.reference, instruments.hash.clone())
    }

    /// The same of the training images and the held-out ones.
    pub fn known_report(&self, instruments: &Instruments) -> Option<[SideReport; 2]> {
        let hashes = <&[String; 2]>::try_from(&*instruments.known_hashes).ok()?;
        let report = |place: usize| {
            let sides = self.known.as_ref()?;
            Some(side_report(&sides[place], Some(hashes[place].clone())))
        };
        Some([report(0)?, report(1)?])
    }
}

fn side_report(side: &Side, hash: Option<String>) -> SideReport {
    let images = side.images().map(Images::len);
    let classes = side.classes(images.unwrap_or(0));
    SideReport { name: side.path.display().to_string(), hash, images, classes }
}

/// What samples are measured with.
pub struct Instruments {
    /// The network; none where only statistics are compared.
    pub network: Option<Box<dyn Network>>,
    reference: Reference,
    known: Option<KnownImages>,
    /// Hash of the reference's images.
    hash: Option<String>,
    /// Hashes of the training images and the held-out ones.
    known_hashes: Vec<String>,
}

impl Instruments {
    /// Measures samples; `None` after Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Evaluation`].
    pub fn measure(
        &self,
        samples: &Gathered,
        setup: &Setup,
        interrupt: &Interrupt,
    ) -> Result<Option<Metrics>> {
        let Self { reference, known, .. } = self;
        compare(
            samples,
            reference,
            known.as_ref(),
            &setup.groups,
            setup.identity.protocol,
            interrupt,
        )
    }
}

/// Which network two statistics are of.
fn identity_of(sides: [&Side; 2], arguments: &NetworkArguments) -> Result<Identity> {
    let statistics = sides.map(Side::statistics).into_iter().flatten();
    let origin = statistics.clone().find_map(|statistics| statistics.origin.as_ref());
    let columns = sides[0].statistics().map_or(0, |statistics| statistics.moments.columns());
    let kind = NetworkKind::of_columns(columns).ok_or_else(|| {
        sides[0].problem(&format!(
            "its statistics of {columns} features are of no network that is known"
        ))
    })?;
    if arguments.inception.is_some() || arguments.dinov2.is_some() {
        note("note: only statistics are compared: no weights are read");
    }
    Ok(Identity {
        kind,
        hash: origin.map(|origin| origin.weights.clone()),
        protocol: origin.map_or(arguments.protocol, |origin| origin.protocol),
    })
}

/// Says so if both sides have images, of different sizes: the network sees them scaled by different factors.
fn note_other_sizes(samples: &Side, reference: &Side) -> Result<()> {
    if let (Some(own), Some(real)) = (samples.images(), reference.images()) {
        let size = |images: &dyn Images| -> Result<String> {
            let image = images.read(0)?;
            Ok(format!("{}x{}", image.height(), image.width()))
        };
        let (own, real) = (size(own)?, size(real)?);
        if own != real {
            note(format_args!(
                "note: samples have {own} pixels (height x width) and the reference {real}; both are scaled, and \
                 the smaller look blurred"
            ));
        }
    }
    Ok(())
}
