//! What a sweep will do: its models, its grid, and what that costs.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pixelflow::pipeline::Subject;
use pixelflow::weights::WeightSet;
use pixelflow_host::output::one_line;

use crate::arguments::{
    DrawingArguments, EvaluateModelArguments, MetricArguments, MetricGroup, ModelArguments,
    SamplerArguments, SweepArguments,
};
use crate::commands::evaluate::samples::Samples;
use crate::commands::evaluate::setup::Setup;
use crate::recipe::{DEMO, TEXT_DEMO};
use crate::sweep::cell::Cell;
use crate::sweep::grid::{Axes, Grid, PlannedCell, SweptWeights};
use crate::{Error, Result};

/// A sweep that was checked; nothing is computed yet.
pub(super) struct Plan<'a> {
    pub(super) arguments: &'a SweepArguments,
    /// How `infer evaluate model` would be called for each of the weights.
    pub(super) evaluations: Vec<EvaluateModelArguments>,
    /// The same weights, as far as the grid depends on them.
    pub(super) weights: Vec<SweptWeights>,
    /// What images show: classes or texts.
    pub(super) subjects: Vec<Subject>,
    pub(super) grid: Grid,
    real: &'a Path,
}

impl<'a> Plan<'a> {
    /// Finds all models and makes the grid.
    ///
    /// # Errors
    /// What is wrong with a model; [`Error::Argument`] if no cell can be drawn.
    pub(super) fn new(arguments: &'a SweepArguments) -> Result<Self> {
        let refused = |argument, value: String, reason: String| {
            Err(Error::Argument { argument, value, reason })
        };
        if arguments.prompts.as_deref() == Some(Path::new("-")) {
            let reason = "a sweep reads its prompts several times; give a file".to_owned();
            return refused("--prompts", "-".to_owned(), reason);
        }
        let real = arguments.real.as_deref().expect("the command line requires it");
        let models = match &arguments.models[..] {
            [] => vec![None],
            given => given.iter().map(Some).collect(),
        };
        let pairs =
            models.iter().flat_map(|model| arguments.weights.iter().map(move |set| (*model, *set)));
        let evaluations: Vec<EvaluateModelArguments> = pairs
            .map(|(model, set)| evaluation(arguments, real, model.map(PathBuf::as_path), set))
            .collect();
        let (mut weights, mut subjects) = (Vec::<SweptWeights>::new(), Vec::new());
        for evaluation in &evaluations {
            let prepared = Samples::prepare(evaluation)?;
            let source = prepared.source();
            let label = label(evaluation);
            if weights.iter().any(|other| other.label == label) {
                let reason = "the same weights are given twice".to_owned();
                return refused("--model", label, reason);
            }
            if !weights.is_empty() && prepared.subjects() != subjects {
                let reason =
                    "it draws other classes than the first model; compare models of the same"
                        .to_owned();
                return refused("--model", label, reason);
            }
            subjects = prepared.subjects().to_vec();
            weights.push(SweptWeights {
                label,
                sampler: source.sampler(),
                cascade: source.description.cascade,
                is_text: source.description.is_text(),
            });
        }
        let axes = Axes {
            solvers: arguments.solvers.iter().map(|&solver| solver.into()).collect(),
            steps: arguments.steps.iter().map(|steps| steps.0.clone()).collect(),
            guidance: arguments.guidance.clone(),
            rules: arguments.rules.clone(),
            shifts: arguments.shifts.clone(),
        };
        let grid = axes.grid(&weights);
        if grid.cells.is_empty() {
            let reasons = grid.left_out_lines().join("; ");
            return refused(
                "the lists",
                "of settings".to_owned(),
                format!("no cell can be drawn; {reasons}"),
            );
        }
        for own in &mut weights {
            // Equal steps are written equally, as cells have them.
            if let Ok((sampler, _)) = own.planned(own.sampler.clone()) {
                own.sampler = sampler;
            }
        }
        Ok(Self { arguments, evaluations, weights, subjects, grid, real })
    }

    /// Opens the network and the reference.
    ///
    /// # Errors
    /// Those of [`Setup::prepare`].
    pub(super) fn setup(&self) -> Result<Setup> {
        let first = &self.evaluations[0];
        let setup = Setup::prepare(&first.network, &first.metrics, None, self.real)?;
        setup.check_memory(self.arguments.images as usize)?;
        Ok(setup)
    }

    /// The seeds of some repeats.
    pub(super) fn seeds(&self, repeats: Range<u32>) -> Vec<u64> {
        repeats.map(|repeat| self.arguments.seed.wrapping_add(u64::from(repeat))).collect()
    }

    /// A cell with the number of its weights and its calls; `None` if its weights are none of this sweep.
    pub(super) fn planned(&self, cell: Cell) -> Option<PlannedCell> {
        let weights = self.weights.iter().position(|own| own.label == cell.weights)?;
        let (_, network_calls) = self.weights[weights].planned(cell.sampler.clone()).ok()?;
        Some(PlannedCell { cell, weights, network_calls })
    }

    /// What some cells cost, in a line for each kind of cell.
    pub(super) fn cost(&self, cells: &[&PlannedCell]) -> String {
        let SweepArguments { images, repeats, .. } = self.arguments;
        let known: Vec<usize> = cells.iter().filter_map(|planned| planned.network_calls).collect();
        let all = u64::from(*images) * u64::from(*repeats);
        let total = known.iter().sum::<usize>() as u64 * all;
        let each = match (known.iter().min(), known.iter().max()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
            (_, most) => most.copied().unwrap_or(0).to_string(),
        };
        let repeats = if *repeats == 1 { String::new() } else { format!(" x {repeats} repeats") };
        let mut lines = Vec::new();
        if !known.is_empty() {
            lines.push(format!(
                "{} cells x {images} images{repeats} x {each} network calls: {total} calls of the network",
                known.len()
            ));
        }
        let unknown = cells.len() - known.len();
        if unknown > 0 {
            lines.push(format!(
                "{unknown} cells of dopri5 x {all} images, whose calls are not known beforehand"
            ));
        }
        if self.arguments.confirm > 0 {
            let confirm = self.arguments.confirm;
            lines.push(format!("then up to 3 cells again, with {confirm} fresh seeds each"));
        }
        lines.extend(self.grid.left_out_lines().into_iter().map(one_line));
        lines.join("\n")
    }

    /// All cells, with the network calls of an image, and the cost.
    pub(super) fn text(&self) -> String {
        let line = |planned: &PlannedCell| {
            let calls = planned.network_calls.map_or("?".to_owned(), |calls| calls.to_string());
            one_line(format!("{calls:>6}  {}", planned.cell.label(&[0, 1, 2, 3, 4, 5])))
        };
        let lines = self.grid.cells.iter().map(line).collect::<Vec<_>>().join("\n");
        format!(
            " calls  solver steps guidance rule shift weights\n{lines}\n{}",
            self.cost(&self.grid.cells.iter().collect::<Vec<_>>())
        )
    }
}

/// How `infer evaluate model` would be called for some weights.
fn evaluation(
    arguments: &SweepArguments,
    real: &Path,
    model: Option<&Path>,
    weights: WeightSet,
) -> EvaluateModelArguments {
    let metrics = vec![MetricGroup::Frechet, MetricGroup::Kernel];
    EvaluateModelArguments {
        real: Some(real.to_owned()),
        partial: None,
        shard: None,
        certificate: None,
        images: arguments.images,
        repeats: arguments.repeats,
        labels: arguments.labels,
        prompts: arguments.prompts.clone(),
        drawing: DrawingArguments {
            model: ModelArguments { model: model.map(Path::to_owned), weights, adapters: vec![] },
            guide: arguments.guide.clone(),
            sampler: SamplerArguments::default(),
            text: arguments.text.clone(),
            seed: arguments.seed,
            batch: arguments.batch,
            device: arguments.device.clone(),
            dtype: arguments.dtype,
        },
        network: arguments.network.clone(),
        metrics: MetricArguments { metrics, train: None, held_out: None, json: None },
    }
}

/// What the user calls these weights.
fn label(evaluation: &EvaluateModelArguments) -> String {
    let ModelArguments { model, weights, .. } = &evaluation.drawing.model;
    let name = match (model, &evaluation.prompts) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(_)) => TEXT_DEMO.to_owned(),
        (None, None) => DEMO.to_owned(),
    };
    match weights {
        WeightSet::Ema => name,
        WeightSet::Model => format!("{name} (trained weights)"),
    }
}
