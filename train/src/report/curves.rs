//! The charts of a report.

use std::collections::BTreeMap;

use super::reference::Beside;
use crate::metrics::{Mean, PatchGridScore, Record, Score};
use crate::page::{Chart, Line, Mark};
use crate::run_folder::RunFolder;

/// Everything that a run has recorded over its steps; a chart without points is not shown.
pub fn charts(run: &RunFolder, step: u64, beside: &Beside) -> Vec<Chart> {
    let chart = |title: &str, about: &str, is_logarithmic, lines| Chart {
        title: title.to_owned(),
        about: about.to_owned(),
        x: "step",
        is_logarithmic,
        lines,
        ..Chart::default()
    };
    let mut charts = vec![
        losses(run, beside),
        chart(
            "Loss by stage, training",
            "Mean squared error of the velocity, means between two records.",
            true,
            stages(run, Mark::Line, |record| match record {
                Record::Training(training) => Some(&training.means.stage_losses),
                _ => None,
            }),
        ),
        chart(
            "Loss by stage, validation",
            "Of the moving average, on images held out: the same times and noise each time.",
            true,
            stages(run, Mark::Dots, |record| match record {
                Record::Validation(validation) => Some(&validation.stage_losses),
                _ => None,
            }),
        ),
    ];
    let means = |name: &str, value: fn(&Mean) -> f64| {
        let points = run.line(|record| match record {
            Record::Training(training) => Some(value(&training.means)),
            _ => None,
        });
        vec![Line::new(name, 0, points)]
    };
    let rate = run.line(|record| match record {
        Record::Training(training) => Some(training.learning_rate),
        _ => None,
    });
    charts.push(chart("Learning rate", "", false, vec![Line::new("learning rate", 0, rate)]));
    charts.push(chart(
        "Gradient norm",
        "Before clipping.",
        true,
        means("gradient norm", |mean| mean.gradient_norm),
    ));
    charts.push(chart(
        "Images a second",
        "Without previews, validation and checkpoints.",
        false,
        means("images/s", |mean| mean.images_per_second),
    ));
    charts.push(chart(
        "Where the time of a step goes",
        "Shares of the seconds of one step a record.",
        false,
        times(run),
    ));
    charts.extend(scores(run).into_iter().map(|line| {
        let title = format!("{} of drawn images", line.name);
        chart(&title, "Of the moving average; less is better.", false, vec![line])
    }));
    charts.push(grid(run));
    charts.into_iter().map(|chart| Chart { until: step as f64, ..chart }).collect()
}

/// The loss of training and validation, with the band of the recipe.
fn losses(run: &RunFolder, beside: &Beside) -> Chart {
    let training = run.line(|record| match record {
        Record::Training(training) => Some(training.means.loss),
        _ => None,
    });
    let validation = run.line(|record| match record {
        Record::Validation(validation) => Some(validation.loss),
        _ => None,
    });
    let validation = Line::new("validation, moving average", 1, validation).marked(Mark::Dots);
    let last = training.last().map_or(0.0, |[step, _]| *step);
    let reference = beside.line(last);
    let band = beside.band();
    let about = match &band {
        Some(_) => "All stages together, with the band of the recipe's reference curve.",
        None => "All stages together.",
    };
    Chart {
        title: "Loss".to_owned(),
        about: about.to_owned(),
        x: "step",
        is_logarithmic: true,
        lines: [Line::new("training", 0, training), validation]
            .into_iter()
            .chain(reference)
            .collect(),
        band,
        ..Chart::default()
    }
}

/// A line a stage.
fn stages<'a>(
    run: &'a RunFolder,
    mark: Mark,
    losses: impl Fn(&'a Record) -> Option<&'a Vec<Option<f64>>>,
) -> Vec<Line> {
    let mut lines: Vec<Vec<[f64; 2]>> = Vec::new();
    for record in &run.records {
        let Some(losses) = losses(record) else { continue };
        lines.resize(lines.len().max(losses.len()), Vec::new());
        for (line, loss) in lines.iter_mut().zip(losses) {
            line.extend(loss.map(|loss| [record.step() as f64, loss]));
        }
    }
    let named = |(stage, points)| Line::new(format!("stage {stage}"), stage, points).marked(mark);
    lines.into_iter().enumerate().map(named).collect()
}

/// A line a part of a step, less those that take nothing.
fn times(run: &RunFolder) -> Vec<Line> {
    let mut lines: Vec<(&str, Vec<[f64; 2]>)> = Vec::new();
    for record in &run.records {
        let Record::Training(training) = record else { continue };
        let shares = training.means.times.map(|times| times.shares()).unwrap_or_default();
        for (number, (name, share)) in shares.into_iter().enumerate() {
            if lines.len() == number {
                lines.push((name, Vec::new()));
            }
            lines[number].1.push([training.step as f64, share]);
        }
    }
    lines.retain(|(_, points)| points.iter().any(|[_, share]| *share > 0.0));
    let line = |(color, (name, points))| Line::new(name, color, points);
    lines.into_iter().enumerate().map(line).collect()
}

/// A line a metric.
fn scores(run: &RunFolder) -> Vec<Line> {
    let mut lines: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
    for record in &run.records {
        let Record::Evaluation(evaluation) = record else { continue };
        for Score { name, value, .. } in evaluation.metrics.values() {
            lines.entry(name).or_default().push([evaluation.step as f64, *value]);
        }
    }
    let line = |(name, points)| Line::new(name, 0, points).marked(Mark::Dots);
    lines.into_iter().map(line).collect()
}

/// The grid of patches in previews.
fn grid(run: &RunFolder) -> Chart {
    let points = run.line(|record| match record {
        Record::Preview(preview) => Some(preview.patch_grid.ratio),
        _ => None,
    });
    Chart {
        title: "Grid of patches in previews".to_owned(),
        about: "How much more images change across the borders of patches than within them, beside real images: 1 \
                without a grid."
            .to_owned(),
        x: "step",
        is_logarithmic: true,
        lines: vec![Line::new("drawn beside real", 0, points).marked(Mark::Dots)],
        limit: Some((PatchGridScore::THRESHOLD, "a grid is seen".to_owned())),
        ..Chart::default()
    }
}
