//! `infer evaluate --check`: draws and measures again what a certificate says.

use std::path::{Path, PathBuf};

use pixelflow::pipeline::{GuideProvenance, Subject};
use pixelflow_host::device::select;
use pixelflow_host::output::note;

use super::Evaluated;
use super::model::{certificate_of, measure_samples};
use super::samples::Samples;
use super::setup::Setup;
use crate::arguments::{
    CheckArguments, DrawingArguments, EvaluateModelArguments, GuideArguments, MetricArguments,
    ModelArguments, NetworkArguments, SamplerArguments, TextArguments,
};
use crate::caption_images::DrawnWith;
use crate::certificate::verdict::Verdict;
use crate::certificate::{Certificate, CertifiedPrompts, Drawn};
use crate::commands::recorded_model::RecordedModel;
use crate::differences::differences;
use crate::foreign_path::refuse_foreign;
use crate::hub::Fetching;
use crate::measurement::facts::SideFacts;
use crate::measurement::network::NetworkKind;
use crate::model_source::ModelSource;
use crate::prompts::read_prompts;
use crate::recipe::RecipeEncoder;
use crate::{Error, Result, assets};

/// Images computed at once, at most, unless the user wants more: a stranger has no say in our memory.
const MOST_AT_ONCE: u32 = 32;

/// Says of each number of a certificate whether it stands.
///
/// # Errors
/// Those of [`Certificate::read`]; [`Error::OtherModel`], [`Error::ModelMoved`], [`Error::ForeignPath`];
/// [`Error::Argument`] for data, a network or prompts of another hash; what drawing and measuring say.
pub(super) fn evaluate_check(arguments: &CheckArguments) -> Result<Evaluated> {
    let path = arguments.check.as_deref().unwrap_or(Path::new(""));
    let certificate = Certificate::read(path)?;
    let (Some(drawn), Some(kind)) = (certificate.drawn(), certificate.network()) else {
        return Err(wrong(path, "it does not say how it was made"));
    };
    Check { arguments, path, certificate: &certificate, drawn, kind }.run()
}

/// A certificate, and where what it names is here.
struct Check<'a> {
    arguments: &'a CheckArguments,
    path: &'a Path,
    certificate: &'a Certificate,
    drawn: Drawn<'a>,
    kind: NetworkKind,
}

impl Check<'_> {
    fn run(&self) -> Result<Evaluated> {
        let with = self.drawn.with;
        let recorded = RecordedModel {
            file: self.path,
            name: &with.model,
            weights: with.weights,
            hash: &with.model_hash,
            argument: "--model",
            adapters: &[],
        };
        let source = recorded.find(self.arguments.model.as_deref())?;
        let guide =
            recorded.find_guide(with.guide.as_ref(), self.arguments.guide_model.as_deref())?;
        let subjects = self.subjects(&source)?;
        let reference = self.reference()?;
        let arguments = self.arguments()?;
        let prepared = Samples::check(&arguments, (source, guide), subjects, with.sampler.clone())
            .map_err(|error| wrong(self.path, &error.to_string()))?;
        let calls = prepared.network_calls();
        let setup = Setup::prepare(&arguments.network, &arguments.metrics, None, &reference)?;
        self.same_data(&setup)?;
        setup.check_memory(arguments.images as usize)?;
        // A file that somebody sends fetches nothing; only its user does, with --model or --text-encoder.
        let is_named = self.arguments.model.is_some() || self.arguments.text_encoder.is_some();
        let samples = prepared.open(if is_named { Fetching::Allowed } else { Fetching::Never })?;
        self.same_drawing(samples.drawn_with())?;
        self.say_cost(calls);
        let verdict = measure_samples(&arguments, samples, setup, |report, samples, _| {
            let now = certificate_of(&arguments, report, samples);
            Ok(Verdict::new(self.certificate, self.kind, &now))
        })?;
        Ok(match verdict {
            None => Evaluated::Stopped,
            Some(verdict) if verdict.stands() => Evaluated::Done(verdict.table()),
            Some(verdict) => Evaluated::Fallen(verdict.table()),
        })
    }

    fn reference(&self) -> Result<PathBuf> {
        let named = self.arguments.reference.as_deref();
        self.data("--reference", named, &self.certificate.measurement.reference)
    }

    /// What measuring the same would be on the command line.
    fn arguments(&self) -> Result<EvaluateModelArguments> {
        let Self { arguments, certificate, drawn: Drawn { images, labels, seeds, with }, .. } =
            *self;
        let facts = &certificate.measurement;
        let side = |argument, named: &Option<PathBuf>, side: &Option<SideFacts>| {
            side.as_ref().map(|side| self.data(argument, named.as_deref(), side)).transpose()
        };
        Ok(EvaluateModelArguments {
            // The reference is found already, too.
            real: None,
            partial: None,
            shard: None,
            images,
            repeats: seeds.len() as u32,
            labels,
            prompts: None,
            certificate: None,
            drawing: DrawingArguments {
                // The model is found already.
                model: ModelArguments { model: None, weights: with.weights, adapters: vec![] },
                guide: GuideArguments::default(),
                sampler: SamplerArguments::default(),
                text: TextArguments {
                    negative: with.negative.clone(),
                    text_encoder: self.text_encoder()?,
                    text_dtype: with.text_encoder.as_ref().map(|encoder| encoder.dtype),
                },
                seed: seeds[0],
                batch: arguments.batch.unwrap_or(certificate.batch.min(MOST_AT_ONCE)),
                device: self.device(),
                dtype: with.dtype,
            },
            network: self.network()?,
            metrics: MetricArguments {
                metrics: certificate.metrics.clone(),
                train: side("--train", &arguments.train, &facts.train)?,
                held_out: side("--held-out", &arguments.held_out, &facts.held_out)?,
                json: None,
            },
        })
    }

    /// The device that the user names, else one of the certificate's kind, else the best that is here.
    fn device(&self) -> String {
        let named = self.arguments.device.clone();
        named.unwrap_or_else(|| {
            let device = self.certificate.measurement.device.as_deref().unwrap_or_default();
            let kind = device.split(':').next().unwrap_or_default();
            let is_here = select(kind).is_ok();
            (if is_here { kind } else { "auto" }).to_owned()
        })
    }

    fn network(&self) -> Result<NetworkArguments> {
        let protocol = self.certificate.measurement.protocol;
        let given = self.arguments.extractor.clone();
        let name = self.kind.name();
        let (inception, dinov2) = match (self.kind, given) {
            (NetworkKind::EfficientNetLite0, None) => (None, None),
            (NetworkKind::EfficientNetLite0, Some(path)) => {
                let reason =
                    format!("{name}, which it was measured with, is shipped; leave it out");
                return Err(argument("--extractor", &path, reason));
            }
            (_, None) => {
                let reason =
                    format!("it was measured with {name}: give its weights with --extractor");
                return Err(wrong(self.path, &reason));
            }
            (NetworkKind::Inception, given) => (given, None),
            (NetworkKind::DinoV2, given) => (None, given),
        };
        Ok(NetworkArguments { inception, dinov2, protocol })
    }

    /// Where data are: what the user names, else what comes with the program, else what has the name here.
    fn data(&self, name: &'static str, named: Option<&Path>, side: &SideFacts) -> Result<PathBuf> {
        if let Some(path) = named {
            return Ok(path.to_owned());
        }
        refuse_foreign(&side.name, self.path, name)?;
        let path = assets::resolve(Path::new(&side.name))?;
        if path.exists() {
            return Ok(path);
        }
        let reason = format!(
            "it was measured with {}, which is not here; say with {name} where it is",
            side.name
        );
        Err(wrong(self.path, &reason))
    }

    /// The encoder that is named on the command line: a stranger's file fetches nothing.
    fn text_encoder(&self) -> Result<Option<String>> {
        let folder =
            self.drawn.with.text_encoder.as_ref().and_then(|encoder| encoder.folder.as_ref());
        match (&self.arguments.text_encoder, folder) {
            (None, Some(folder)) => {
                let reason =
                    format!("its prompts were read with {folder}; give it with --text-encoder");
                Err(wrong(self.path, &reason))
            }
            (named, _) => Ok(named.clone()),
        }
    }

    /// All classes, or the prompts with the certificate's hash.
    fn subjects(&self, source: &ModelSource) -> Result<Vec<Subject>> {
        let description = &source.description;
        let prompts = match (&self.certificate.prompts, description.is_text()) {
            (None, false) => {
                return Ok((0..description.model.num_classes).map(Subject::Class).collect());
            }
            (Some(prompts), true) => prompts,
            (_, is_text) => {
                let is = if is_text { "from text" } else { "classes" };
                let reason = format!(
                    "its model draws {is}, and its `prompts` say otherwise; was it edited?"
                );
                return Err(wrong(self.path, &reason));
            }
        };
        let texts = match (&self.arguments.prompts, &prompts.texts) {
            (Some(path), _) => read_prompts(path)?,
            (None, Some(texts)) => texts.clone(),
            (None, None) => {
                let reason = "it has too many prompts to name them: give their file with --prompts";
                return Err(wrong(self.path, reason));
            }
        };
        let negative = &self.drawn.with.negative;
        let subject = |prompt| Subject::Prompt { prompt, negative: negative.clone() };
        let subjects: Vec<Subject> = texts.into_iter().map(subject).collect();
        match (CertifiedPrompts::of(&subjects), &self.arguments.prompts) {
            (Some(found), Some(path)) if found.hash != prompts.hash => {
                Err(argument("--prompts", path, self.other(&found.hash, &prompts.hash)))
            }
            _ => Ok(subjects),
        }
    }

    /// Refuses another network, and other data.
    fn same_data(&self, setup: &Setup) -> Result<()> {
        let facts = &self.certificate.measurement;
        let expected = facts.extractor.hash.as_deref().unwrap_or("unknown");
        let found = setup.identity.hash.as_deref().unwrap_or("unknown");
        if found != expected {
            let path = self.arguments.extractor.as_deref().unwrap_or(Path::new(self.kind.name()));
            return Err(argument("--extractor", path, self.other(found, expected)));
        }
        let sides = [
            ("--reference", Some(&facts.reference)),
            ("--train", facts.train.as_ref()),
            ("--held-out", facts.held_out.as_ref()),
        ];
        let sides = sides.into_iter().filter_map(|(name, side)| Some((name, side?)));
        for ((name, facts), side) in sides.zip(setup.sides()) {
            let (found, expected) =
                (side.hash()?.to_owned(), facts.hash.as_deref().unwrap_or_default());
            if found != expected {
                return Err(argument(name, &side.path, self.other(&found, expected)));
            }
        }
        Ok(())
    }

    fn other(&self, found: &str, expected: &str) -> String {
        let path = self.path.display();
        format!("its hash is {found}, and {path} was measured with {expected}; give the right one")
    }

    /// Refuses images that would be drawn otherwise: names of files may differ, hashes may not.
    fn same_drawing(&self, now: &DrawnWith) -> Result<()> {
        let settings = |with: &DrawnWith| {
            let encoder = with.text_encoder.clone();
            let text_encoder = encoder.map(|encoder| RecipeEncoder { folder: None, ..encoder });
            let guide = with.guide.clone();
            let guide = guide.map(|guide| GuideProvenance { model: String::new(), ..guide });
            let model = String::new();
            serde_json::to_value(DrawnWith { model, guide, text_encoder, ..with.clone() })
        };
        let [before, now] = [self.drawn.with, now].map(|with| settings(with).unwrap_or_default());
        let found = differences(&before, &now);
        if found.is_empty() {
            return Ok(());
        }
        let reason = format!(
            "the images would be drawn otherwise: {}; give the model, the guide and the text encoder that it names \
             with --model, --guide-model and --text-encoder",
            found.join(", ")
        );
        Err(wrong(self.path, &reason))
    }

    /// Says what checking will take.
    fn say_cost(&self, calls: Option<usize>) {
        let (images, repeats) = (u64::from(self.drawn.images), self.drawn.seeds.len() as u64);
        let times = if repeats == 1 { String::new() } else { format!(" {repeats} times") };
        let cost = calls.map_or("as many network calls as dopri5 needs".to_owned(), |each| {
            let all = images * repeats * each as u64;
            format!("{each} network calls each, {all} in all")
        });
        note(format_args!("note: {images} images are drawn{times}: {cost}"));
    }
}

fn wrong(path: &Path, reason: &str) -> Error {
    argument("--check", path, reason.to_owned())
}

fn argument(argument: &'static str, value: &Path, reason: String) -> Error {
    Error::Argument { argument, value: value.display().to_string(), reason }
}
