//! The curves of several runs, each measure in one chart.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use crate::metrics::{Mean, Record, Score};
use crate::page::{Chart, Line, Mark, thinned};
use crate::run_folder::RunFolder;

/// Points of a line of training, at most.
const POINTS: usize = 240;

/// One chart a measure, one line a run.
pub(super) fn charts(runs: &[RunFolder], comparison: &Comparison) -> Vec<Chart> {
    let of_means = |value: fn(&Mean) -> f64| {
        move |record: &Record| match record {
            Record::Training(training) => Some(value(&training.means)),
            _ => None,
        }
    };
    let validation = |record: &Record| match record {
        Record::Validation(validation) => Some(validation.loss),
        _ => None,
    };
    let rate = |record: &Record| match record {
        Record::Training(training) => Some(training.learning_rate),
        _ => None,
    };
    let steps = |title: &str, is_logarithmic, mark, value: &dyn Fn(&Record) -> Option<f64>| {
        let points = |run: &RunFolder| run.line(value);
        chart(comparison, runs, (title, "step", is_logarithmic, mark), &points)
    };
    let by_images = chart(
        comparison,
        runs,
        ("Validation loss over images", "images", true, Mark::Dots),
        &|run| {
            let point = |record: &Record| match record {
                Record::Validation(record) => Some([record.images as f64, record.loss]),
                _ => None,
            };
            run.records.iter().filter_map(point).collect()
        },
    );
    let mut charts = vec![
        steps("Training loss", true, Mark::Line, &of_means(|mean| mean.loss)),
        steps("Validation loss", true, Mark::Dots, &validation),
        by_images,
        steps("Learning rate", false, Mark::Line, &rate),
        steps("Gradient norm", true, Mark::Line, &of_means(|mean| mean.gradient_norm)),
        steps("Images a second", false, Mark::Line, &of_means(|mean| mean.images_per_second)),
    ];
    let names: BTreeSet<&String> =
        comparison.runs.iter().flat_map(|run| run.best_evaluation.keys()).collect();
    for name in names {
        let value = |record: &Record| match record {
            Record::Evaluation(evaluation) => {
                let mut scores = evaluation.metrics.values();
                scores.find(|score| score.name == *name).map(|Score { value, .. }| *value)
            }
            _ => None,
        };
        charts.push(steps(&format!("{name} of drawn images"), false, Mark::Dots, &value));
    }
    let grid = |record: &Record| match record {
        Record::Preview(preview) => Some(preview.patch_grid.ratio),
        _ => None,
    };
    charts.push(steps("Grid of patches in previews", true, Mark::Dots, &grid));
    charts
}

fn chart(
    comparison: &Comparison,
    runs: &[RunFolder],
    (title, x, is_logarithmic, mark): (&str, &'static str, bool, Mark),
    points: &dyn Fn(&RunFolder) -> Vec<[f64; 2]>,
) -> Chart {
    let line = |(index, run): (usize, &RunFolder)| {
        let points = thinned(&points(run), POINTS);
        Line::new(&comparison.runs[index].name, index, points).marked(mark)
    };
    let lines = runs.iter().enumerate().map(line).collect();
    Chart { title: title.to_owned(), x, is_logarithmic, lines, ..Chart::default() }
}
