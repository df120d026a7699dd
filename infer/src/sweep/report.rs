//! What a sweep has found: a table, a heat map, and quality against network calls.

use std::path::Path;

use pixelflow::durable;
use pixelflow::sampler::{SamplerConfig, SolverKind};
use pixelflow_host::output::{note, one_line};

use super::cell::{AXES, Cell, MeasuredCell, varying_axes};
use super::confirmation::{Candidate, candidates, verdict};
use super::front::{Point, pareto_front};
use super::heat_map::HeatMap;
use super::ledger::Ledger;
use super::markdown::markdown;
use super::picture::{Draw, Picture};
use super::quality_plot::QualityPlot;
use super::record::SweepRecord;
use crate::Result;
use crate::error::write_error;
use crate::measurement::report::number;

/// A picture has at most so many pixels a side.
const MOST_PIXELS: u32 = 16_000;

/// All cells of a sweep, and those that were measured again.
pub struct SweepReport<'a> {
    /// What all of them have in common.
    pub record: &'a SweepRecord,
    /// The cells.
    pub cells: &'a Ledger,
    /// Cells that were measured with fresh seeds.
    pub confirmed: &'a Ledger,
    /// What was not drawn, a line each.
    pub left_out: Vec<String>,
}

/// Cells as points of quality against network calls; their labels say what varies.
pub fn points(cells: &[MeasuredCell], key: &str) -> Vec<Point> {
    let axes = varying_axes(cells.iter().map(|cell| &cell.cell));
    let point = |cell: &MeasuredCell| Point {
        label: cell.cell.label(&axes),
        series: cell.cell.label(&[0]),
        network_calls: cell.network_calls,
        value: cell.value(key),
        standard_error: cell.metric(key).and_then(|estimate| estimate.standard_error),
    };
    cells.iter().map(point).collect()
}

/// The cells that are measured again: see [`candidates`].
pub fn candidates_of(record: &SweepRecord, cells: &Ledger, confirmed: &Ledger) -> Vec<Candidate> {
    let [[key, _], _] = record.metric_names();
    let first = &record.weights[0];
    let own = Cell { weights: first.label.clone(), sampler: first.sampler.clone() };
    let counted = || {
        let mut known = cells.cells().iter().chain(confirmed.cells());
        let counted = known.find(|known| known.cell == own && known.failure.is_none());
        counted.map(|known| known.network_calls)
    };
    let calls = first.network_calls.map(|calls| calls as f64).or_else(counted);
    candidates(&own, calls, &points(cells.cells(), &key), cells.cells())
}

impl SweepReport<'_> {
    /// Writes all forms into a folder; gives the table.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn write(&self, folder: &Path) -> Result<String> {
        let table = self.table();
        let path = folder.join("table.md");
        durable::write_text(&path, &table).map_err(write_error(&path))?;
        let map = self.heat_map();
        let (width, height) = map.size();
        if width.max(height) > MOST_PIXELS {
            note(format_args!(
                "note: a heat map of {width}x{height} pixels is too large, and is not written; sweep fewer \
                 settings at once"
            ));
        } else {
            Picture::of(&map).write(folder, "heat-map")?;
        }
        Picture::of(&self.quality_plot()).write(folder, "quality")?;
        Ok(table)
    }

    /// The table: best first, in Markdown.
    pub fn table(&self) -> String {
        let cells = self.cells.cells();
        let [[key, name], [kernel_key, kernel_name]] = self.record.metric_names();
        let axes = varying_axes(cells.iter().map(|cell| &cell.cell));
        let all = points(cells, &key);
        let front = pareto_front(&all);
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by(|&a, &b| {
            let by_calls = all[a].network_calls.total_cmp(&all[b].network_calls);
            all[a].value.total_cmp(&all[b].value).then(by_calls)
        });
        let head = axes.iter().map(|&axis| AXES[axis].to_owned());
        let head =
            head.chain(["network calls".to_owned(), name.clone(), kernel_name, "front".into()]);
        let mut rows: Vec<Vec<String>> = vec![head.collect()];
        rows.extend(order.into_iter().map(|index| {
            let cell = &cells[index];
            let settings = cell.cell.settings();
            let said = axes.iter().map(|&axis| one_line(&settings[axis]));
            let numbers = [
                calls_text(cell),
                estimate_text(cell, &key),
                estimate_text(cell, &kernel_key),
                if front.contains(&index) { "*".to_owned() } else { String::new() },
            ];
            said.chain(numbers).collect()
        }));
        let mut text = format!(
            "# {name} by sampler settings\n\n{}\n\n{}\n\nLower is better. Network calls are those of an image, \
             guidance's second one counted; `*` is on the Pareto front: nothing else is as good for as few.\n",
            one_line(self.subtitle().replace('\n', "; ")),
            markdown(&rows)
        );
        let failed = cells.iter().filter_map(|cell| {
            let (label, reason) = (cell.cell.label(&axes), cell.failure.as_ref()?);
            Some(one_line(format!("{label} cannot be drawn: {reason}")))
        });
        text.extend(failed.map(|line| format!("\n{line}\n")));
        text += &self.confirmation();
        text.extend(self.left_out.iter().map(|line| format!("\n{}\n", one_line(line))));
        text.trim_end().to_owned()
    }

    /// The cells that were measured again, beside the model's own settings.
    fn confirmation(&self) -> String {
        let [[key, name], _] = self.record.metric_names();
        let candidates = candidates_of(self.record, self.cells, self.confirmed);
        let of = |cell: &Cell, seeds: &[u64]| self.confirmed.find(cell, seeds);
        let seeds = self.confirmed.cells().iter().filter(|cell| cell.cell == candidates[0].cell);
        // Seeds with which most of them were measured, and of those the most seeds.
        let known = |seeds: &[u64]| {
            candidates.iter().filter(|candidate| of(&candidate.cell, seeds).is_some()).count()
        };
        let seeds = seeds.map(|cell| &cell.seeds);
        let Some(seeds) = seeds.max_by_key(|seeds| (known(seeds), seeds.len())) else {
            return String::new();
        };
        let own = of(&candidates[0].cell, seeds).and_then(|cell| cell.metric(&key));
        let heads =
            ["", "settings", "network calls", "in the sweep", "fresh seeds", "beside the own"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        for (place, Candidate { role, cell }) in candidates.iter().enumerate() {
            let again = of(cell, seeds);
            let swept = self.cells.cells().iter().find(|known| known.cell == *cell);
            let beside = match (own, again.and_then(|again| again.metric(&key))) {
                (Some(own), Some(found)) if place > 0 => verdict(*own, *found),
                _ => String::new(),
            };
            let again = again.map_or(["-".to_owned(), "not measured again".to_owned()], |again| {
                [calls_text(again), estimate_text(again, &key)]
            });
            let [calls, again] = again;
            rows.push(vec![
                role.clone(),
                one_line(cell.label(&[0, 1, 2, 3, 4])),
                calls,
                swept.map_or("-".to_owned(), |cell| estimate_text(cell, &key)),
                again,
                beside,
            ]);
        }
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        format!(
            "\n{name} measured again with fresh seeds ({}), since the lowest of many is lower than it deserves. \
             Less than two standard errors of the difference is not distinguishable.\n\n{}\n",
            seeds.join(", "),
            markdown(&rows)
        )
    }

    /// FD for each pair of settings: solver and steps across, all else down; alone they share the sides.
    pub fn heat_map(&self) -> HeatMap {
        let [[key, name], _] = self.record.metric_names();
        let mut cells: Vec<&MeasuredCell> = self.cells.cells().iter().collect();
        cells.sort_by(|a, b| a.cell.order(&b.cell));
        let axes = varying_axes(cells.iter().map(|cell| &cell.cell));
        let others: Vec<usize> = axes.into_iter().filter(|axis| *axis > 1).collect();
        let place = |cell: &Cell| {
            let [solver, steps, ..] = cell.settings();
            match &others[..] {
                [] => (solver, [String::new(), steps]),
                others => (cell.label(others), [solver, steps]),
            }
        };
        let mut rows: Vec<String> = Vec::new();
        for cell in &cells {
            let (row, _) = place(&cell.cell);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        // Columns in the order of solvers and steps, whichever the first row has.
        let across = |cell: &&MeasuredCell| {
            let SamplerConfig { solver, steps, .. } = cell.cell.sampler.clone();
            let steps = if solver == SolverKind::Dopri5 { vec![0] } else { steps };
            let solver = if others.is_empty() { SolverKind::default() } else { solver };
            let sampler = SamplerConfig { solver, steps, ..SamplerConfig::default() };
            (Cell { weights: String::new(), sampler }, place(&cell.cell).1)
        };
        let mut columns: Vec<(Cell, [String; 2])> = cells.iter().map(across).collect();
        columns.sort_by(|(a, _), (b, _)| a.order(b));
        let mut columns: Vec<[String; 2]> = columns.into_iter().map(|(_, column)| column).collect();
        columns.dedup();
        let mut values = vec![vec![None; columns.len()]; rows.len()];
        for cell in &cells {
            let (row, column) = place(&cell.cell);
            let row = rows.iter().position(|of| *of == row);
            let column = columns.iter().position(|of| *of == column);
            if let (Some(row), Some(column)) = (row, column) {
                values[row][column] = cell.metric(&key).map(|estimate| estimate.value);
            }
        }
        HeatMap {
            title: format!("{name} by sampler settings"),
            subtitle: self.subtitle(),
            value_name: name,
            column_name: AXES[1].to_owned(),
            rows,
            columns,
            values,
        }
    }

    /// FD against network calls.
    pub fn quality_plot(&self) -> QualityPlot {
        let [[key, name], _] = self.record.metric_names();
        let mut cells = self.cells.cells().to_vec();
        cells.sort_by(|a, b| a.cell.order(&b.cell));
        QualityPlot {
            title: format!("{name} against network calls"),
            subtitle: self.subtitle(),
            value_name: name,
            points: points(&cells, &key),
        }
    }

    /// What all numbers have in common: settings, and what was measured.
    fn subtitle(&self) -> String {
        let SweepRecord { images, repeats, seed, protocol, reference, .. } = self.record;
        let cells = self.cells.cells();
        let varying = varying_axes(cells.iter().map(|cell| &cell.cell));
        let settings = cells.first().map(|cell| cell.cell.settings()).unwrap_or_default();
        let of_axis = |axis: usize| {
            let is_said = !varying.contains(&axis) && !settings[axis].is_empty();
            is_said.then(|| one_line(format!("{} {}", AXES[axis], settings[axis])))
        };
        let said: Vec<String> = (0..AXES.len()).filter_map(of_axis).collect();
        let repeats = if *repeats == 1 { String::new() } else { format!(" x {repeats}") };
        let guide = self.record.weights[0].drawn_with.guide.as_ref();
        let guide = guide.map_or_else(String::new, |guide| {
            format!("; guided away from {} ({})", guide.model, guide.model_hash)
        });
        let about = one_line(format!(
            "{images}{repeats} images, seed {seed}; against {reference}, protocol {protocol}{guide}"
        ));
        format!("{}\n{about}", said.join("; ")).trim_start().to_owned()
    }
}

/// The network calls of a cell; nothing of one that could not be drawn to its end.
fn calls_text(cell: &MeasuredCell) -> String {
    match cell.network_calls {
        _ if cell.failure.is_some() => "-".to_owned(),
        calls if calls.fract() == 0.0 => format!("{calls}"),
        calls => format!("{calls:.1}"),
    }
}

fn estimate_text(cell: &MeasuredCell, key: &str) -> String {
    match cell.metric(key) {
        None => "-".to_owned(),
        Some(estimate) => match estimate.standard_error {
            None => number(estimate.value),
            Some(error) => format!("{} ± {}", number(estimate.value), number(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::sampler::Guidance;

    use super::super::cell::testing::measured;
    use super::super::record::testing::record;
    use super::*;
    use crate::measurement::difference::Estimate;
    use crate::shard::Shard;

    /// A ledger of these cells in a folder.
    fn ledger(folder: &Path, name: &'static str, cells: &[MeasuredCell]) -> Ledger {
        let mut ledger = Ledger::open(folder, name, Shard::WHOLE).unwrap();
        for cell in cells {
            ledger.append(cell.clone()).unwrap();
        }
        ledger
    }

    /// Euler with 4, 8 and 16 steps, of which the last are the model's own, and UniPC with 4 and 8.
    fn cells() -> [MeasuredCell; 5] {
        use SolverKind::{Euler, Unipc};
        [
            measured(Unipc, 8, 12.0, 11.0),
            measured(Euler, 4, 6.0, 60.0),
            measured(Euler, 16, 24.0, 12.0),
            measured(Unipc, 4, 6.0, 25.0),
            measured(Euler, 8, 12.0, 30.0),
        ]
    }

    #[test]
    fn the_table_has_the_best_first_and_marks_the_front() {
        let folder = tempfile::tempdir().unwrap();
        let again = |mut cell: MeasuredCell, fd: f64| {
            cell.seeds = vec![1, 2];
            let estimate = Estimate { value: fd, standard_error: Some(0.5) };
            cell.metrics.insert("fd_efflite0".to_owned(), estimate);
            cell
        };
        let [best, .., mut failed] = cells();
        failed.metrics.clear();
        failed.failure = Some("no number\n".to_owned());
        let [_, a, own, b, _] = cells();
        let all = [best.clone(), a, own.clone(), b, failed];
        let confirmed = [again(own, 12.5), again(best, 12.0)];
        let report = SweepReport {
            record: &record(),
            cells: &ledger(folder.path(), "cells", &all),
            confirmed: &ledger(folder.path(), "confirmed", &confirmed),
            left_out: vec!["left out: 2 cells: impossible".to_owned()],
        };
        let table = report.write(folder.path()).unwrap();
        let expected = "\
# FD-EffLite0 by sampler settings

guidance stage-wise:2.4; rule plain; shift 1; weights a; 500 images, seed 0; against real, protocol adm

| solver | steps | network calls | FD-EffLite0 | KID-EffLite0      | front |
| ------ | ----- | ------------- | ----------- | ----------------- | ----- |
| unipc  | 8     | 12            | 11.0000     | 0.1100 ± 1.000e-3 | *     |
| euler  | 16    | 24            | 12.0000     | 0.1200 ± 1.000e-3 |       |
| unipc  | 4     | 6             | 25.0000     | 0.2500 ± 1.000e-3 | *     |
| euler  | 4     | 6             | 60.0000     | 0.6000 ± 1.000e-3 |       |
| euler  | 8     | -             | -           | -                 |       |
";
        assert!(table.starts_with(expected), "{table}");
        for line in [
            "euler 8 cannot be drawn: no number\\n",
            "measured again with fresh seeds (1, 2)",
            "| the model's own                | euler 16 stage-wise:2.4 plain 1 | 24            | 12.0000      |",
            "| best, best of at most 12 calls | unipc 8 stage-wise:2.4 plain 1  | 12 ",
            "| 11.0000      | 12.0000 ± 0.5000 | not distinguishable |",
            "left out: 2 cells: impossible",
        ] {
            assert!(table.contains(line), "{line}: {table}");
        }
        let written = std::fs::read_to_string(folder.path().join("table.md")).unwrap();
        assert_eq!(written.trim_end(), table);
    }

    #[test]
    fn the_heat_map_has_solvers_and_steps_across_and_all_else_down() {
        let folder = tempfile::tempdir().unwrap();
        let none = ledger(folder.path(), "confirmed", &[]);
        let map = |name, cells: &[MeasuredCell]| {
            let cells = ledger(folder.path(), name, cells);
            let left_out = Vec::new();
            let report =
                SweepReport { record: &record(), cells: &cells, confirmed: &none, left_out };
            report.heat_map()
        };
        let alone = map("alone", &cells());
        assert_eq!(alone.rows, ["euler", "unipc"]);
        assert_eq!(alone.columns, ["4", "8", "16"].map(|steps| [String::new(), steps.to_owned()]));
        let row = [Some(60.0), Some(30.0), Some(12.0)];
        assert_eq!(alone.values, [row, [Some(25.0), Some(11.0), None]]);
        let guided = cells().map(|mut cell| {
            cell.cell.sampler.guidance = Guidance::StageWise { scale: 10.0 };
            cell
        });
        let both = map("both", &[&guided[..], &cells()[..4]].concat());
        assert_eq!(both.rows, ["stage-wise:2.4", "stage-wise:10"]);
        let columns =
            [["euler", "4"], ["euler", "8"], ["euler", "16"], ["unipc", "4"], ["unipc", "8"]];
        assert_eq!(both.columns, columns);
        assert_eq!((both.values[0][1], both.values[1][1]), (None, Some(30.0)));
    }
}
