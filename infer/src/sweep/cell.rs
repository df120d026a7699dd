//! A cell of a sweep: one setting of everything that is tried out, and what was measured with it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use pixelflow::sampler::{Guidance, GuidanceRule, SamplerConfig, SolverKind};
use serde::{Deserialize, Serialize};

use crate::measurement::difference::Estimate;

/// Names of what cells may differ in, in the order of [`Cell::settings`].
pub const AXES: [&str; 6] = ["solver", "steps", "guidance", "rule", "shift", "weights"];

/// One setting: which weights draw, and how they are sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Label of the weights within the sweep.
    pub weights: String,
    /// How they are sampled.
    pub sampler: SamplerConfig,
}

/// What was measured with a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredCell {
    /// The setting.
    pub cell: Cell,
    /// A seed for each repeat.
    pub seeds: Vec<u64>,
    /// Network calls of an image, guidance's second one counted: the mean over all images.
    pub network_calls: f64,
    /// The metrics by their names in JSON; none that is not finite.
    pub metrics: BTreeMap<String, Estimate>,
    /// Why it cannot be drawn: a network that is guided too far gives what is no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Cell {
    /// What it is on each of the [`AXES`], as the command line takes it; an adaptive solver has no steps.
    pub fn settings(&self) -> [String; 6] {
        let SamplerConfig { solver, steps, guidance, guidance_rule, shift, .. } = &self.sampler;
        let steps: Vec<String> = steps.iter().map(usize::to_string).collect();
        let steps = if *solver == SolverKind::Dopri5 { "-".to_owned() } else { steps.join(",") };
        [
            format!("{solver:?}").to_lowercase(),
            steps,
            guidance_text(guidance),
            rule_text(guidance_rule),
            shift.to_string(),
            self.weights.clone(),
        ]
    }

    /// Its settings on some axes, in a few words: `unipc 8`.
    pub fn label(&self, axes: &[usize]) -> String {
        let settings = self.settings();
        let said: Vec<&str> = axes.iter().map(|&axis| settings[axis].as_str()).collect();
        said.into_iter().filter(|setting| *setting != "-").collect::<Vec<_>>().join(" ")
    }

    /// The order that tables and pictures have: by weights, guidance, rule and shift, then solver and steps.
    pub fn order(&self, other: &Self) -> Ordering {
        let numbers = |cell: &Self| {
            let guidance = match cell.sampler.guidance {
                Guidance::StageWise { scale } => [0.0, scale, 0.0, 0.0],
                Guidance::Constant { scale } => [1.0, scale, 0.0, 0.0],
                Guidance::Interval { scale, from, to } => [2.0, scale, from, to],
            };
            let solver = SolverKind::ALL.iter().position(|kind| *kind == cell.sampler.solver);
            let steps = cell.sampler.steps.iter().sum::<usize>() as f64
                / cell.sampler.steps.len().max(1) as f64;
            let [a, b, c, d] = guidance;
            (vec![a, b, c, d], cell.sampler.shift, [solver.unwrap_or(0) as f64, steps])
        };
        let by = |a: &[f64], b: &[f64]| {
            let unequal = a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
            unequal.unwrap_or(Ordering::Equal)
        };
        let ((guidance, shift, steps), (guidance_of, shift_of, steps_of)) =
            (numbers(self), numbers(other));
        let rules = [self, other].map(|cell| rule_text(&cell.sampler.guidance_rule));
        self.weights
            .cmp(&other.weights)
            .then_with(|| by(&guidance, &guidance_of))
            .then_with(|| rules[0].cmp(&rules[1]))
            .then_with(|| shift.total_cmp(&shift_of))
            .then_with(|| by(&steps, &steps_of))
            .then_with(|| self.sampler.steps.cmp(&other.sampler.steps))
    }
}

impl MeasuredCell {
    /// A metric, if it was measured.
    pub fn metric(&self, key: &str) -> Option<&Estimate> {
        self.metrics.get(key)
    }

    /// The value of a metric; infinite where it was not measured.
    pub fn value(&self, key: &str) -> f64 {
        self.metric(key).map_or(f64::INFINITY, |estimate| estimate.value)
    }
}

/// The axes that cells differ in.
pub fn varying_axes<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Vec<usize> {
    let settings: Vec<[String; 6]> = cells.into_iter().map(Cell::settings).collect();
    let varies =
        |axis: &usize| settings.iter().any(|settings_of| settings_of[*axis] != settings[0][*axis]);
    (0..AXES.len()).filter(varies).collect()
}

fn guidance_text(guidance: &Guidance) -> String {
    match guidance {
        Guidance::StageWise { scale } => format!("stage-wise:{scale}"),
        Guidance::Constant { scale } => format!("constant:{scale}"),
        Guidance::Interval { scale, from, to } => format!("interval:{scale}@{from}-{to}"),
    }
}

fn rule_text(rule: &GuidanceRule) -> String {
    match rule {
        GuidanceRule::Plain => "plain".to_owned(),
        GuidanceRule::CfgZeroStar { strength, zero_until } => {
            format!("cfg-zero-star:strength={strength},zero_until={zero_until}")
        }
        GuidanceRule::Apg { parallel, threshold } => {
            format!("apg:parallel={parallel},threshold={threshold}")
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A measured cell of a model called `a`, with these steps, calls and FD.
    pub(crate) fn measured(solver: SolverKind, steps: usize, calls: f64, fd: f64) -> MeasuredCell {
        let sampler = SamplerConfig { solver, steps: vec![steps], ..SamplerConfig::default() };
        let of = |value, standard_error| Estimate { value, standard_error };
        MeasuredCell {
            cell: Cell { weights: "a".to_owned(), sampler },
            seeds: vec![0],
            network_calls: calls,
            metrics: BTreeMap::from([
                ("fd_efflite0".to_owned(), of(fd, None)),
                ("kid_efflite0".to_owned(), of(fd / 100.0, Some(0.001))),
            ]),
            failure: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    #[test]
    fn the_command_line_takes_what_a_cell_says_of_itself() {
        for line in [
            ["unipc", "4,6", "interval:1.5@0.2-0.8", "plain", "2"],
            ["euler", "8", "stage-wise:2.4", "cfg-zero-star:strength=0.5,zero_until=0.04", "1"],
            ["ab3", "1", "constant:1", "apg:parallel=0.25,threshold=0.5", "0.5"],
        ] {
            let [solver, steps, guidance, rule, shift] = line;
            let flags = ["--solver", "--steps", "--guidance", "--guidance-rule", "--shift"];
            let pairs = flags.iter().zip([solver, steps, guidance, rule, shift]);
            let arguments = pairs.flat_map(|(flag, value)| [*flag, value]);
            let line: Vec<&str> = ["infer", "sample"].into_iter().chain(arguments).collect();
            let Some(Command::Sample(sample)) = Arguments::parse_from(&line).command else {
                panic!("another command")
            };
            let own = sample.sampler;
            let sampler = SamplerConfig {
                solver: own.solver.unwrap().into(),
                steps: own.steps.unwrap(),
                guidance: own.guidance.unwrap().of_model(false),
                guidance_rule: own.guidance_rule.unwrap(),
                shift: own.shift.unwrap(),
                ..SamplerConfig::default()
            };
            let cell = Cell { weights: "a".to_owned(), sampler };
            assert_eq!(cell.settings()[..5], [solver, steps, guidance, rule, shift]);
        }
    }

    #[test]
    fn a_label_says_what_varies() {
        let cells = [(SolverKind::Euler, 4), (SolverKind::Unipc, 8)];
        let cells = cells.map(|(solver, steps)| testing::measured(solver, steps, 1.0, 1.0).cell);
        assert_eq!(varying_axes(&cells), [0, 1]);
        assert_eq!(cells[1].label(&[0, 1]), "unipc 8");
        assert_eq!(varying_axes(&cells[..1]), [0_usize; 0]);
    }
}
