//! The grid of a sweep: the product of lists of settings, without what cannot be drawn.

use std::collections::BTreeMap;

use pixelflow::cascade::CascadeConfig;
use pixelflow::sampler::{Guidance, GuidanceRule, Sampler, SamplerConfig, SolverKind};

use super::cell::Cell;
use crate::arguments::GuidanceArgument;

/// Lists of settings; an empty one is the model's own.
#[derive(Clone, Debug, Default)]
pub struct Axes {
    /// Solvers.
    pub solvers: Vec<SolverKind>,
    /// Steps, each one number for all stages or one a stage.
    pub steps: Vec<Vec<usize>>,
    /// Strengths of guidance.
    pub guidance: Vec<GuidanceArgument>,
    /// Rules of guidance.
    pub rules: Vec<GuidanceRule>,
    /// Warps of time.
    pub shifts: Vec<f64>,
}

/// Weights of a sweep, as far as a grid depends on them.
#[derive(Clone, Debug)]
pub struct SweptWeights {
    /// Their label.
    pub label: String,
    /// Their model's own sampler.
    pub sampler: SamplerConfig,
    /// Their model's stages.
    pub cascade: CascadeConfig,
    /// Whether it draws from text.
    pub is_text: bool,
}

/// The cells of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// Cells, those of the same weights one behind the other.
    pub cells: Vec<PlannedCell>,
    /// What is not drawn: why, and how many cells.
    pub left_out: BTreeMap<String, usize>,
}

/// A cell that can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCell {
    /// The setting.
    pub cell: Cell,
    /// Number of its weights.
    pub weights: usize,
    /// Network calls of an image; unknown for a solver that chooses its own steps.
    pub network_calls: Option<usize>,
}

impl Axes {
    /// Whether no list is given.
    fn is_empty(&self) -> bool {
        let Self { solvers, steps, guidance, rules, shifts } = self;
        solvers.is_empty()
            && steps.is_empty()
            && guidance.is_empty()
            && rules.is_empty()
            && shifts.is_empty()
    }

    /// The product of all lists with all weights. Without any list: every solver whose steps are given, with a
    /// quarter of the model's own steps, half of them, and all.
    pub fn grid(&self, weights: &[SweptWeights]) -> Grid {
        let mut grid = Grid::default();
        for (number, own) in weights.iter().enumerate() {
            let axes = if self.is_empty() { Self::solvers_and_steps(own) } else { self.clone() };
            let or = |list: &[GuidanceArgument]| match list {
                [] => vec![own.sampler.guidance],
                list => list.iter().map(|given| given.of_model(own.is_text)).collect(),
            };
            for guidance in or(&axes.guidance) {
                for guidance_rule in or_own(&axes.rules, own.sampler.guidance_rule) {
                    for shift in or_own(&axes.shifts, own.sampler.shift) {
                        for solver in or_own(&axes.solvers, own.sampler.solver) {
                            for steps in or_own(&axes.steps, own.sampler.steps.clone()) {
                                let sampler = SamplerConfig {
                                    solver,
                                    steps,
                                    shift,
                                    guidance,
                                    guidance_rule,
                                    ..own.sampler.clone()
                                };
                                grid.add(sampler, number, own);
                            }
                        }
                    }
                }
            }
        }
        grid
    }

    fn solvers_and_steps(own: &SweptWeights) -> Self {
        let solvers = SolverKind::ALL.into_iter().filter(|kind| *kind != SolverKind::Dopri5);
        let part = |divisor: usize| -> Vec<usize> {
            own.sampler.steps.iter().map(|steps| steps.div_ceil(divisor).max(1)).collect()
        };
        let mut steps = [4, 2, 1].map(part).to_vec();
        steps.dedup();
        Self { solvers: solvers.collect(), steps, ..Self::default() }
    }
}

impl SweptWeights {
    /// A sampler of this model: its settings checked, equal ones written equally, and its network calls.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn planned(
        &self,
        sampler: SamplerConfig,
    ) -> Result<(SamplerConfig, Option<usize>), String> {
        let text = |error: pixelflow::Error| error.to_string();
        let checked: Sampler = sampler.check(self.cascade.build().map_err(text)?).map_err(text)?;
        let (steps, config) = (checked.steps(), checked.config());
        let steps = match steps {
            // They mean nothing, and are the same for all.
            _ if config.solver == SolverKind::Dopri5 => self.sampler.steps.clone(),
            [first, rest @ ..] if rest.iter().all(|other| other == first) => vec![*first],
            each => each.to_vec(),
        };
        let calls = checked.network_calls(self.is_text);
        let mut sampler = SamplerConfig { steps, ..config.clone() };
        if sampler.solver == SolverKind::Dopri5 {
            sampler.shift = self.sampler.shift;
        }
        // Where nothing is guided, schedules and rules are the same.
        if sampler.guidance.is_neutral() && !stands_still(sampler.guidance_rule) {
            sampler.guidance = Guidance::Constant { scale: 1.0 };
            sampler.guidance_rule = GuidanceRule::Plain;
        }
        Ok((sampler, calls))
    }
}

/// Whether a rule stands still for a while, whatever the scale.
fn stands_still(rule: GuidanceRule) -> bool {
    matches!(rule, GuidanceRule::CfgZeroStar { zero_until, .. } if zero_until > 0.0)
}

impl Grid {
    fn add(&mut self, sampler: SamplerConfig, weights: usize, own: &SweptWeights) {
        let mut leave_out = |reason| *self.left_out.entry(reason).or_default() += 1;
        let (sampler, network_calls) = match own.planned(sampler) {
            Ok(planned) => planned,
            Err(reason) => return leave_out(format!("{}: {reason}", own.label)),
        };
        let adapts = sampler.solver == SolverKind::Dopri5;
        let cell = Cell { weights: own.label.clone(), sampler };
        if self.cells.iter().any(|planned| planned.cell == cell) {
            let reason = if adapts {
                "dopri5 chooses its own steps, and is measured once for all --steps and --shift"
            } else {
                "the same as another one"
            };
            return leave_out(reason.to_owned());
        }
        self.cells.push(PlannedCell { cell, weights, network_calls });
    }

    /// What is not drawn, a line each.
    pub fn left_out_lines(&self) -> Vec<String> {
        let noun = |count: &usize| if *count == 1 { "cell" } else { "cells" };
        let line = |(reason, count): (&String, &usize)| {
            format!("left out: {count} {}: {reason}", noun(count))
        };
        self.left_out.iter().map(line).collect()
    }
}

fn or_own<T: Clone>(list: &[T], own: T) -> Vec<T> {
    if list.is_empty() { vec![own] } else { list.to_vec() }
}

#[cfg(test)]
mod tests {
    use pixelflow::sampler::Guidance;

    use super::*;

    fn weights(label: &str, stages: usize) -> SweptWeights {
        SweptWeights {
            label: label.to_owned(),
            sampler: SamplerConfig { steps: vec![8], ..SamplerConfig::default() },
            cascade: CascadeConfig { stages, train_timesteps: 1000 },
            is_text: false,
        }
    }

    fn cells(grid: &Grid) -> Vec<String> {
        grid.cells.iter().map(|planned| planned.cell.label(&[0, 1, 2, 5])).collect()
    }

    #[test]
    fn a_grid_is_the_product_and_names_what_it_leaves_out() {
        let axes = Axes {
            solvers: vec![SolverKind::Euler, SolverKind::Dopri5],
            steps: vec![vec![4], vec![4, 6], vec![4, 4]],
            guidance: vec![GuidanceArgument::Scale(1.0), GuidanceArgument::Scale(3.0)],
            ..Axes::default()
        };
        let grid = axes.grid(&[weights("a", 2), weights("b", 3)]);
        let expected = [
            "euler 4 constant:1 a",
            "euler 4,6 constant:1 a",
            "dopri5 constant:1 a",
            "euler 4 stage-wise:3 a",
            "euler 4,6 stage-wise:3 a",
            "dopri5 stage-wise:3 a",
            "euler 4 constant:1 b",
            "dopri5 constant:1 b",
            "euler 4 stage-wise:3 b",
            "dopri5 stage-wise:3 b",
        ];
        assert_eq!(cells(&grid), expected);
        assert_eq!(grid.cells.len() + grid.left_out.values().sum::<usize>(), 2 * 2 * 3 * 2);
        let lines = grid.left_out_lines().join("\n");
        for expected in [
            "4 cells: dopri5 chooses its own steps",
            "2 cells: the same as another one",
            "8 cells: b: ",
            "steps has 2 numbers, it must have 1, or one for each of the 3 stages",
        ] {
            assert!(lines.contains(expected), "{expected}: {lines}");
        }
        let calls: Vec<_> = grid.cells.iter().map(|planned| planned.network_calls).collect();
        assert_eq!(calls[..4], [Some(8), Some(10), None, Some(4 + 8)]);
    }

    #[test]
    fn without_lists_it_is_solvers_and_steps_at_the_models_own_settings() {
        let grid = Axes::default().grid(&[weights("a", 2)]);
        assert_eq!((grid.cells.len(), grid.left_out.len()), (6 * 3, 0));
        assert_eq!(
            cells(&grid)[..3],
            ["euler 2", "euler 4", "euler 8"].map(|c| format!("{c} stage-wise:2.4 a"))
        );
        let one = SamplerConfig { steps: vec![1], ..SamplerConfig::default() };
        let one = SweptWeights { sampler: one, ..weights("a", 2) };
        assert_eq!(Axes::default().grid(&[one]).cells.len(), 6);
        // One list makes all others the model's own.
        let rules = vec![GuidanceRule::Apg { parallel: 0.0, threshold: 0.0 }];
        let grid = Axes { rules, ..Axes::default() }.grid(&[weights("a", 2)]);
        let [planned] = &grid.cells[..] else { panic!("{grid:?}") };
        let sampler = &planned.cell.sampler;
        assert_eq!((sampler.solver, &sampler.steps), (SolverKind::Euler, &vec![8]));
        assert_eq!(sampler.guidance, Guidance::StageWise { scale: 2.4 });
    }
}
