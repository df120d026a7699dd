//! Runs every case of a folder.

use std::collections::HashSet;
use std::path::Path;

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{TensorFile, load_model};
use pixelflow::{PixelFlow, PixelFlowConfig};

use crate::{
    Entry, Kind, Limits, Manifest, Outcome, Precision, Recorder, Report, Result, Tensors, Verdict,
    cases, kind,
};

/// One file of a folder, on its way through the runner.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The folder it is in.
    pub manifest: &'a Manifest,
    /// What the manifest says of it.
    pub entry: &'a Entry,
    /// The precision in which its model computes.
    pub precision: Precision,
    /// One of several images alike is enough.
    pub is_quick: bool,
}

impl Subject<'_> {
    /// Opens the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(&self) -> Result<Tensors> {
        self.manifest.tensors(&self.entry.file)
    }

    /// Name of a case.
    pub fn case(&self, part: &str) -> String {
        format!("{}/{part}", self.entry.stem())
    }

    /// The entry of the file whose weights it was made with.
    ///
    /// # Errors
    /// [`crate::Error::Fixture`] if the manifest names none.
    pub fn weights(&self) -> Result<&Entry> {
        let problem = |reason: String| self.entry.problem(reason);
        match self.entry.text("weights") {
            Some(file) => self
                .manifest
                .entry(file)
                .ok_or_else(|| problem(format!("its `weights` {file} are not in the manifest"))),
            // Some entries say it in words only.
            None => self
                .manifest
                .named_by(self.entry)
                .find(|named| kind(self.manifest, named) == Some(Kind::Model))
                .ok_or_else(|| problem("the manifest does not name its `weights`".to_owned())),
        }
    }

    /// The configuration of the model it was made with.
    ///
    /// # Errors
    /// [`crate::Error::Fixture`] if the manifest has none.
    pub fn config(&self) -> Result<PixelFlowConfig> {
        if self.entry.field("config").is_some() {
            self.entry.config()
        } else {
            self.weights()?.config()
        }
    }

    /// Ten times the error that f32 makes in a part of it.
    ///
    /// # Errors
    /// [`crate::Error::Fixture`] if the manifest does not record it.
    pub fn limits(&self, part: &str) -> Result<Limits> {
        let recorded = self.entry.must_record(&["err_f32_vs_f64", part])?;
        Ok(Limits::ten_times(&recorded))
    }

    /// Compares numbers with the truth of a tensor of its file, as a case of that name.
    ///
    /// # Errors
    /// What is wrong with the tensor.
    pub fn compare(
        &self,
        name: &str,
        found: &[f64],
        tensors: &Tensors,
        limits: &Limits,
        recorder: &mut Recorder<'_>,
    ) -> Result<()> {
        let expected = tensors.doubles(&tensors.truth(name))?;
        recorder.compare(self.case(name), found, &expected, limits);
        Ok(())
    }

    /// The model it was made with.
    ///
    /// # Errors
    /// What is wrong with the weights.
    pub fn model<B: PixelFlowBackend>(&self, device: &B::Device) -> Result<PixelFlow<B>> {
        let file = TensorFile::open(&self.manifest.path(&self.weights()?.file))?;
        Ok(load_model(&file, &self.config()?, self.precision.number_format(), device)?)
    }
}

/// Which cases to run, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection<'a> {
    /// Only those whose name contains this.
    pub filter: Option<&'a str>,
    /// The precision of the models; only f32 runs the cases that do not depend on it.
    pub precision: Precision,
    /// Of several files of a kind only the first, of class and of text models each; of images alike one.
    pub one_of_each_kind: bool,
}

/// What happens in a run.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The cases of this file come next.
    File(&'a str),
    /// A case is done.
    Outcome(&'a Outcome),
}

/// Runs every case of a folder in f32; `listener` is told each outcome at once.
///
/// With a `filter`, only cases whose name contains it.
///
/// # Errors
/// As [`run_selection`].
pub fn run<A>(
    folder: &Path,
    device: &A::Device,
    filter: Option<&str>,
    listener: &mut dyn FnMut(&Outcome),
) -> Result<Report>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let selection = Selection { filter, ..Selection::default() };
    run_selection::<A>(folder, device, &selection, &mut |step| {
        if let Step::Outcome(outcome) = step {
            listener(outcome);
        }
    })
}

/// Runs the selected cases of a folder on a device; `listener` is told each step at once.
///
/// The backend is an autodiff backend for the cases with gradients; all others run on its inner
/// backend.
///
/// # Errors
/// [`crate::Error::NoManifest`] or [`crate::Error::InvalidManifest`]; everything that is wrong with a
/// fixture is a failed case instead.
pub fn run_selection<A>(
    folder: &Path,
    device: &A::Device,
    selection: &Selection<'_>,
    listener: &mut dyn FnMut(Step<'_>),
) -> Result<Report>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let manifest = Manifest::open(folder)?;
    let mut report = Report::default();
    for (entry, kind) in selection.files(&manifest) {
        listener(Step::File(entry.stem()));
        let mut tell = |outcome: &Outcome| listener(Step::Outcome(outcome));
        let limits = selection.precision.limits(&manifest, kind);
        let mut recorder = Recorder::new(selection.filter, &mut tell).in_low_precision(limits);
        let Selection { precision, one_of_each_kind: is_quick, .. } = *selection;
        let subject = Subject { manifest: &manifest, entry, precision, is_quick };
        match kind {
            Some(kind) => {
                recorder
                    .attempt(entry.stem(), |recorder| check::<A>(kind, subject, device, recorder));
                let is_part = matches!(kind, Kind::Photo | Kind::TextEncoderPart);
                let is_silent = recorder.is_empty() && !is_part;
                if is_silent && selection.filter.is_none() {
                    let reason = format!("no case found in what looks like {kind:?}");
                    recorder.push(Outcome::broken(entry.stem(), reason));
                }
            }
            None => {
                recorder.push(Outcome::skipped(&entry.file, "of no kind that this runner knows"));
            }
        }
        let of_file = recorder.into_report();
        report.outcomes.extend(of_file.outcomes);
        report.values.extend(of_file.values);
    }
    Ok(report)
}

impl Selection<'_> {
    /// The files to run, each with what it is.
    fn files<'m>(&self, manifest: &'m Manifest) -> Vec<(&'m Entry, Option<Kind>)> {
        let mut seen = HashSet::new();
        let files = relevant(manifest, self.filter).into_iter();
        let files = files.map(|entry| (entry, kind(manifest, entry)));
        files
            .filter(|(entry, kind)| {
                let mut is_first = || seen.insert((*kind, entry.is_about_text()));
                match kind {
                    None => self.precision == Precision::F32,
                    Some(kind) => {
                        (self.precision == Precision::F32 || kind.has_low_precision())
                            && (!self.one_of_each_kind || is_first())
                    }
                }
            })
            .collect()
    }
}

/// The files in which cases of a filter can be: those it names, or all if it names none.
fn relevant<'a>(manifest: &'a Manifest, filter: Option<&str>) -> Vec<&'a Entry> {
    let Some(filter) = filter else {
        return manifest.entries.iter().collect();
    };
    let file = filter.split('/').next().unwrap_or(filter);
    let is_named = |entry: &&Entry| entry.stem().contains(file);
    if manifest.entries.iter().any(|entry| is_named(&entry)) {
        manifest.entries.iter().filter(is_named).collect()
    } else {
        manifest.entries.iter().collect()
    }
}

/// Runs the cases of one file.
fn check<A>(
    kind: Kind,
    subject: Subject<'_>,
    device: &A::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    match kind {
        Kind::ScheduleConstants => cases::schedule::constants(subject, recorder),
        Kind::ScheduleTables => cases::schedule::tables(subject, recorder),
        Kind::Rope => cases::rope::check::<A::InnerBackend>(subject, device, recorder),
        Kind::Model => cases::model_file::check::<A::InnerBackend>(subject, device, recorder),
        Kind::TorchFile => cases::torch_file::check::<A::InnerBackend>(subject, device, recorder),
        Kind::Embeddings => cases::embeddings::check::<A::InnerBackend>(subject, device, recorder),
        Kind::Forward => cases::forward::check::<A::InnerBackend>(subject, device, recorder),
        Kind::TrainBatch => cases::train_batch::check::<A>(subject, device, recorder),
        Kind::Collate => cases::collate::check(subject, recorder),
        Kind::Gradients => cases::gradients::check::<A>(subject, device, recorder),
        Kind::TrainSteps => cases::train_steps::check::<A>(subject, device, recorder),
        Kind::Euler => cases::euler::check::<A::InnerBackend>(subject, device, recorder),
        Kind::Dopri5 => cases::dopri5::check::<A::InnerBackend>(subject, device, recorder),
        Kind::Ode => cases::ode::check::<A::InnerBackend>(subject, device, recorder),
        Kind::BlockNoise => cases::block_noise::check(subject, recorder),
        Kind::Images => cases::images::check(subject, recorder),
        Kind::Metrics => cases::metrics::check(subject, recorder),
        Kind::Inception => cases::inception::check::<A::InnerBackend>(subject, device, recorder),
        Kind::TextEncoder => {
            cases::text_encoder::check::<A::InnerBackend>(subject, device, recorder)
        }
        Kind::Tokens => cases::text_encoder::tokens(subject, recorder),
        // Checked together with what was made of it.
        Kind::Photo | Kind::TextEncoderPart => Ok(()),
    }
}

impl Report {
    /// The outcomes that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.with(Verdict::Failed)
    }
}
