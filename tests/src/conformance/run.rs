//! All cases on one target.

use std::path::PathBuf;

use burn::backend::Autodiff;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_host::device::OnBackend;

use super::device_info::device_info;
use super::values::{Values, write_values};
use super::{Event, Target, checkpoint, demo, determinism, edit, learning, prediction};
use crate::{Outcome, Precision, Recorder, Selection, Step, operations, run_selection};

const OPERATIONS: &str = "operations";
const DETERMINISM: &str = "determinism";
const PREDICTION: &str = "prediction";
const LEARNING: &str = "learning";
const CHECKPOINT: &str = "checkpoint";
const DEMO: &str = "demo";
const EDIT: &str = "edit";
/// The groups that need no fixtures.
const GROUPS: [&str; 7] = [OPERATIONS, DETERMINISM, PREDICTION, LEARNING, CHECKPOINT, EDIT, DEMO];

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct Job {
    /// The target.
    pub target: Target,
    /// Folder of the fixtures.
    pub fixtures: PathBuf,
    /// A folder of the target's own for what it writes; it exists.
    pub folder: PathBuf,
    /// Only the cases whose name contains this.
    pub filter: Option<String>,
    /// Not the demo, and of the fixtures only the first file of each kind.
    pub quick: bool,
    /// Other targets' folders, by name, whose checkpoints are read.
    pub checkpoints: Vec<(String, PathBuf)>,
    /// Only say what the device is.
    pub probe: bool,
}

/// Does a [`Job`] and tells what happens.
pub struct Run<'a> {
    /// The job.
    pub job: &'a Job,
    /// Is told each event at once.
    pub listener: &'a mut dyn FnMut(&Event),
}

/// The error that ends a run, in words.
pub type RunResult = Result<(), String>;

impl OnBackend for Run<'_> {
    type Output = RunResult;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> RunResult {
        let Self { job, listener } = self;
        let info = device_info::<B>(job.target, &device);
        let precision = job.target.precision;
        let is_supported = info.precisions.contains(&precision.to_string());
        listener(&Event::Device(info));
        if job.probe {
            return Ok(());
        }
        if !is_supported {
            listener(&Event::Unsupported {
                reason: format!("the device does not support {precision} in all operations"),
            });
            return Ok(());
        }
        let mut steps = Steps { job, listener, values: Values::new() };
        steps.operations::<B>(&device);
        steps.behaviour::<B>(&device);
        steps.fixtures::<B>(&device)?;
        write_values(&job.folder, &steps.values)?;
        (steps.listener)(&Event::Finished);
        Ok(())
    }
}

struct Steps<'a> {
    job: &'a Job,
    listener: &'a mut dyn FnMut(&Event),
    values: Values,
}

impl Steps<'_> {
    /// Records a group of cases that need no fixtures.
    fn group(&mut self, name: &str, work: impl FnOnce(&mut Recorder<'_>)) {
        if !self.job.wants(name) {
            return;
        }
        (self.listener)(&Event::Group { name: name.to_owned() });
        let mut tell = |outcome: &Outcome| (self.listener)(&Event::Outcome(outcome.clone()));
        let mut recorder = Recorder::new(self.job.filter.as_deref(), &mut tell);
        work(&mut recorder);
        self.values.extend(recorder.into_report().values);
    }

    fn operations<B: PixelFlowBackend>(&mut self, device: &B::Device) {
        let precision = self.job.target.precision;
        self.group(OPERATIONS, |recorder| {
            operations::check::<Autodiff<B>>(precision, device, recorder);
        });
    }

    fn behaviour<B: PixelFlowBackend>(&mut self, device: &B::Device) {
        let (job, precision) = (self.job, self.job.target.precision);
        if precision == Precision::F32 {
            self.group(DETERMINISM, |recorder| {
                determinism::check::<Autodiff<B>>(device, recorder);
            });
            self.group(PREDICTION, |recorder| {
                prediction::check::<Autodiff<B>>(device, recorder);
            });
            self.group(LEARNING, |recorder| learning::check::<Autodiff<B>>(device, recorder));
            self.group(CHECKPOINT, |recorder| {
                checkpoint::write_checkpoint::<B>(&job.folder, device, recorder);
                for (writer, folder) in &job.checkpoints {
                    checkpoint::read_checkpoint::<B>(writer, folder, device, recorder);
                }
            });
        }
        if precision == Precision::F32 {
            self.group(EDIT, |recorder| edit::check::<B>(device, recorder));
        }
        if job.quick {
            return;
        }
        self.group(DEMO, |recorder| {
            demo::check::<B>(precision, &job.folder, device, recorder);
        });
    }

    fn fixtures<B: PixelFlowBackend>(&mut self, device: &B::Device) -> RunResult {
        let job = self.job;
        if GROUPS.iter().any(|group| job.names(group)) {
            return Ok(());
        }
        let selection = Selection {
            filter: job.filter.as_deref(),
            precision: job.target.precision,
            one_of_each_kind: job.quick,
        };
        let mut tell = |step: Step<'_>| {
            let event = match step {
                Step::File(name) => Event::Group { name: name.to_owned() },
                Step::Outcome(outcome) => Event::Outcome(outcome.clone()),
            };
            (self.listener)(&event);
        };
        let report = run_selection::<Autodiff<B>>(&job.fixtures, device, &selection, &mut tell)
            .map_err(|error| error.to_string())?;
        self.values.extend(report.values);
        Ok(())
    }
}

impl Job {
    /// Whether a group of cases that need no fixtures is run.
    fn wants(&self, group: &str) -> bool {
        self.names(group) || !GROUPS.iter().any(|other| self.names(other))
    }

    /// Whether the filter is about this group.
    fn names(&self, group: &str) -> bool {
        let first = |filter: &String| filter.split('/').next().map(str::to_owned);
        let first = self.filter.as_ref().and_then(first);
        first.is_some_and(|first| !first.is_empty() && group.contains(&first))
    }
}
