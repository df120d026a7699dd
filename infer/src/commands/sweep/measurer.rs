//! Measuring cells one after the other: network and reference are loaded once, and so is each model.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::note;

use super::plan::Plan;
use crate::commands::evaluate::samples::Samples;
use crate::commands::evaluate::setup::{Instruments, Setup};
use crate::hub::Fetching;
use crate::measurement::difference::Estimate;
use crate::measurement::metric::{Metric, Metrics};
use crate::measurement::repeats::mean_of;
use crate::prompts::hash_of_prompts;
use crate::sweep::SweepProgress;
use crate::sweep::cell::MeasuredCell;
use crate::sweep::grid::PlannedCell;
use crate::sweep::ledger::Ledger;
use crate::sweep::record::{RecordedWeights, SweepRecord};
use crate::{Error, Result};

/// Network calls of an image that the bar takes for what it does not know.
const UNKNOWN_CALLS: usize = 100;

/// All that cells are measured with.
pub(super) struct Measurer<'a> {
    /// What the numbers depend on.
    pub(super) record: SweepRecord,
    plan: &'a Plan<'a>,
    setup: Setup,
    instruments: Instruments,
    interrupt: Interrupt,
    /// The model that has drawn last, with the number of its weights.
    samples: Option<(usize, Samples)>,
    /// Whether it was said what cannot be measured.
    has_said: bool,
}

impl<'a> Measurer<'a> {
    /// Loads the network and looks at the reference, unless the folder is `known` to be of another sweep; `None`
    /// after Ctrl-C.
    ///
    /// # Errors
    /// What is wrong with the device, the models' files, the reference or the network;
    /// [`crate::Error::OtherSettings`].
    pub(super) fn begin(
        plan: &'a Plan<'a>,
        mut setup: Setup,
        known: Option<&SweepRecord>,
        folder: &Path,
    ) -> Result<Option<Self>> {
        let mut weights = Vec::new();
        let mut first = None;
        for (number, own) in plan.weights.iter().enumerate() {
            let samples = Samples::prepare(&plan.evaluations[number])?.open(Fetching::Allowed)?;
            let hash = &samples.drawn_with().model_hash;
            let is_same = |other: &&RecordedWeights| other.drawn_with.model_hash == *hash;
            if let Some(other) = weights.iter().find(is_same) {
                let reason = format!("its weights are those of {}; give each once", other.label);
                let (argument, value) = ("--model", own.label.clone());
                return Err(Error::Argument { argument, value, reason });
            }
            weights.push(RecordedWeights {
                label: own.label.clone(),
                sampler: own.sampler.clone(),
                network_calls: own.planned(own.sampler.clone()).ok().and_then(|(_, calls)| calls),
                drawn_with: samples.drawn_with().clone(),
            });
            first.get_or_insert(samples);
        }
        let samples = first.expect("there is a model");
        let arguments = plan.arguments;
        let mut record = SweepRecord {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            weights,
            reference: arguments.real.iter().map(|path| path.display().to_string()).collect(),
            reference_hash: known.and_then(|known| known.reference_hash.clone()),
            network: setup.identity.kind.name().to_owned(),
            network_hash: setup.identity.hash.clone(),
            protocol: setup.identity.protocol,
            images: arguments.images,
            repeats: arguments.repeats,
            seed: arguments.seed,
            labels: arguments.labels.to_string(),
            prompts_hash: hash_of_prompts(&plan.subjects),
        };
        // All but the reference is known before anything is computed.
        if let Some(known) = known {
            known.must_equal(&record, folder)?;
        }
        let interrupt = Interrupt::listen("stopping after this step")?;
        let device = Some(samples.device());
        let Some(instruments) = setup.begin(device, arguments.batch as usize, &interrupt)? else {
            return Ok(None);
        };
        record.reference_hash = setup.reference_report(&instruments).hash;
        let samples = Some((0, samples));
        Ok(Some(Self { record, plan, setup, instruments, interrupt, samples, has_said: false }))
    }

    /// Measures what a ledger lacks of some cells; false after Ctrl-C, with what is done in the ledger.
    ///
    /// # Errors
    /// What drawing, measuring and writing say.
    pub(super) fn measure(
        &mut self,
        cells: &[&PlannedCell],
        seeds: &[u64],
        ledger: &mut Ledger,
    ) -> Result<bool> {
        let missing = |planned: &&&PlannedCell| ledger.find(&planned.cell, seeds).is_none();
        let missing: Vec<&PlannedCell> = cells.iter().filter(missing).copied().collect();
        if missing.len() < cells.len() {
            let kept = cells.len() - missing.len();
            note(format_args!("note: {kept} of {} cells were measured before", cells.len()));
        }
        let weight = |planned: &PlannedCell| planned.network_calls.unwrap_or(UNKNOWN_CALLS) as u64;
        let images = u64::from(self.plan.arguments.images) * seeds.len() as u64;
        let mut progress =
            SweepProgress::new(missing.iter().map(|cell| weight(cell) * images).sum());
        for (number, planned) in missing.iter().enumerate() {
            let label = planned.cell.label(&[0, 1, 2]);
            let label = format!("cell {} of {}: {label}", number + 1, missing.len());
            progress.begin(label, weight(planned));
            let Some(measured) = self.cell(planned, seeds, &mut progress)? else {
                progress.finish();
                return Ok(false);
            };
            ledger.append(measured)?;
        }
        progress.finish();
        Ok(true)
    }

    /// Measures a cell; `None` after Ctrl-C.
    fn cell(
        &mut self,
        planned: &PlannedCell,
        seeds: &[u64],
        progress: &mut SweepProgress,
    ) -> Result<Option<MeasuredCell>> {
        let Self { plan, setup, instruments, interrupt, samples, .. } = self;
        if samples.as_ref().is_none_or(|(weights, _)| *weights != planned.weights) {
            // The model before goes first: both together may not fit.
            *samples = None;
            let opened =
                Samples::prepare(&plan.evaluations[planned.weights])?.open(Fetching::Allowed)?;
            *samples = Some((planned.weights, opened));
        }
        let (_, samples) = samples.as_mut().expect("it was opened");
        let network = instruments.network.as_deref().expect("samples are drawn");
        let mut cell = MeasuredCell {
            cell: planned.cell.clone(),
            seeds: seeds.to_vec(),
            network_calls: planned.network_calls.unwrap_or(0) as f64,
            metrics: BTreeMap::new(),
            failure: None,
        };
        let mut repeats: Vec<Metrics> = Vec::new();
        for &seed in seeds {
            let drawing = (&planned.cell.sampler, seed, 0..u64::from(plan.arguments.images));
            let gathered = samples.gather(drawing, network, setup.keep(), progress, interrupt);
            let gathering = match gathered {
                Ok(Some(gathering)) => gathering,
                Ok(None) => return Ok(None),
                // The other cells can be drawn all the same.
                Err(Error::Model(
                    error @ (pixelflow::Error::NotFinite { .. }
                    | pixelflow::Error::SolverStuck { .. }),
                )) => {
                    cell.failure = Some(error.to_string());
                    return Ok(Some(cell));
                }
                Err(error) => return Err(error),
            };
            match instruments.measure(&gathering.finish()?, setup, interrupt)? {
                Some(metrics) => repeats.push(metrics),
                None => return Ok(None),
            }
        }
        let mean = mean_of(&repeats);
        let network = self.setup.identity.kind;
        for (kinds, reason) in mean.left_out.iter().filter(|_| !self.has_said) {
            let names: Vec<String> = kinds.iter().map(|kind| kind.name(network)).collect();
            note(format_args!("note: not measured: {}: {reason}", names.join(", ")));
        }
        self.has_said = true;
        let finite = mean.values.iter().filter(|metric| metric.value.is_finite());
        let estimate = |metric: &Metric| {
            let standard_error = metric.standard_error.filter(|error| error.is_finite());
            (metric.kind.key(network), Estimate { value: metric.value, standard_error })
        };
        cell.metrics = finite.map(estimate).collect();
        cell.network_calls = progress.mean_calls();
        Ok(Some(cell))
    }
}
