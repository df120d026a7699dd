//! The losses of a run as a picture, and below them the quality of its images where that was measured.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::durable;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::Record;
use super::quality_curve::{Line as QualityLine, PANEL_HEIGHT, draw_quality, quality_lines};
use crate::error::write_error;
use crate::{Error, Result};

/// Colours of the stages, distinguishable without colour vision (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
];
/// Height of the panel of losses in pixels.
const LOSSES_HEIGHT: u32 = 480;
/// Points a line has at most; more are averaged.
const POINTS: usize = 300;

/// One line of the picture: (images seen, loss).
type Line = Vec<(f64, f64)>;

/// Draws the loss of each stage over the images seen: lines of training, dots of validation; below it each
/// metric of an evaluation.
///
/// # Errors
/// [`Error::Write`], also when there is nothing to draw.
pub fn draw_loss_curve(records: &[Record], path: &Path) -> Result<()> {
    let failed = |reason: String| Error::Write { path: path.to_owned(), reason };
    let (training, validation) = lines(records);
    let points = || training.iter().chain(&validation).flatten();
    if points().next().is_none() {
        return Err(failed("there are no metrics yet".to_owned()));
    }
    let quality = quality_lines(records);
    let measured = quality.values().flatten().map(|(images, _, _)| *images);
    let last = points().map(|(images, _)| *images).chain(measured).fold(1.0, f64::max);
    let low = points().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    let high = points().map(|(_, loss)| *loss).fold(0.0, f64::max);
    let mut svg = String::new();
    draw(&mut svg, (&training, &validation), &quality, (last, low / 1.2, high * 1.2))
        .map_err(|error| failed(error.to_string()))?;
    durable::write_bytes(path, svg.as_bytes()).map_err(write_error(path))
}

fn draw(
    svg: &mut String,
    losses: (&[Line], &[Line]),
    quality: &BTreeMap<&str, QualityLine>,
    (last, low, high): (f64, f64, f64),
) -> Result<(), Box<dyn std::error::Error>> {
    let panels = quality.len() as u32;
    let size = (800, LOSSES_HEIGHT + panels * PANEL_HEIGHT);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    let (upper, lower) = area.split_vertically(LOSSES_HEIGHT);
    draw_losses(&upper, losses, (last, low, high))?;
    let lower = lower.split_evenly((quality.len().max(1), 1));
    for ((area, (name, line)), colour) in lower.iter().zip(quality).zip(COLOURS.iter().cycle()) {
        draw_quality(area, (name, line), last, *colour)?;
    }
    area.present()?;
    Ok(())
}

fn draw_losses(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    (training, validation): (&[Line], &[Line]),
    (last, low, high): (f64, f64, f64),
) -> Result<(), Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .caption("Loss per stage", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, (low..high).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(RGBColor(240, 240, 240))
        .x_desc("images seen")
        .y_desc("mean squared error of the velocity")
        .x_label_formatter(&|images| format!("{}k", images / 1000.0))
        .y_label_formatter(&|loss| format!("{loss:.3}"))
        .draw()?;
    for (stage, line) in training.iter().enumerate() {
        let colour = COLOURS[stage % COLOURS.len()];
        chart
            .draw_series(LineSeries::new(line.iter().copied(), colour.stroke_width(2)))?
            .label(format!("stage {stage}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    for (stage, dots) in validation.iter().enumerate() {
        let colour = COLOURS[stage % COLOURS.len()];
        let dots = dots.iter().map(|point| Circle::new(*point, 3, colour.filled()));
        let series = chart.draw_series(dots)?;
        if stage == 0 && validation.iter().any(|dots| !dots.is_empty()) {
            series
                .label("held-out images, moving average")
                .legend(move |(x, y)| Circle::new((x + 9, y), 3, colour.filled()));
        }
    }
    chart
        .configure_series_labels()
        .border_style(RGBColor(200, 200, 200))
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

/// The lines of training, smoothed, and the dots of validation, each by stage.
fn lines(records: &[Record]) -> (Vec<Line>, Vec<Line>) {
    let (mut training, mut validation) = (Vec::new(), Vec::new());
    for record in records {
        let (lines, images, losses) = match record {
            Record::Training(record) => (&mut training, record.images, &record.means.stage_losses),
            Record::Validation(record) => (&mut validation, record.images, &record.stage_losses),
            _ => continue,
        };
        for (stage, loss) in losses.iter().enumerate() {
            if lines.len() <= stage {
                lines.resize(stage + 1, Line::new());
            }
            // A logarithmic axis has no place for zero.
            let loss = loss.filter(|loss| *loss > 0.0);
            lines[stage].extend(loss.map(|loss| (images as f64, loss)));
        }
    }
    (training.into_iter().map(smooth).collect(), validation)
}

/// Means over neighbours, so that few enough points are left.
fn smooth(line: Line) -> Line {
    let width = line.len().div_ceil(POINTS).max(1);
    let mean = |points: &[(f64, f64)]| {
        let count = points.len() as f64;
        let (images, loss) = points.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
        (images / count, loss / count)
    };
    line.chunks(width).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{EvaluationRecord, Score, ValidationRecord};

    #[test]
    fn every_stage_has_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loss.svg");
        let record = |step: u64| {
            let stage_losses = vec![Some(1.0 / step as f64), None, Some(2.0)];
            Record::Validation(ValidationRecord {
                step,
                images: 10 * step,
                loss: 1.0,
                stage_losses,
            })
        };
        draw_loss_curve(&[record(1), record(2)], &path).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("images seen"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 4 + 1, "four dots and one in the legend");
    }

    #[test]
    fn every_metric_has_its_panel() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loss.svg");
        let training = |step: u64| {
            let stage_losses = vec![Some(0.3 / step as f64), Some(0.4)];
            Record::Validation(ValidationRecord {
                step,
                images: 900 * step,
                loss: 1.0,
                stage_losses,
            })
        };
        let measured = |step: u64| {
            let score = |(key, name, value, standard_error): (&str, &str, f64, _)| {
                let value = value / step as f64;
                (key.to_owned(), Score { name: name.to_owned(), value, standard_error })
            };
            let fd = ("fd_efflite0", "FD-EffLite0", 321.0, None);
            let kid = ("kid_efflite0", "KID-EffLite0", 0.05, Some(0.004));
            let metrics = [fd, kid].map(score).into();
            Record::Evaluation(EvaluationRecord { step, images: 1000 * step, drawn: 500, metrics })
        };
        let records: Vec<Record> =
            (1..5).flat_map(|step| [training(step), measured(step)]).collect();
        draw_loss_curve(&records, &path).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        assert_eq!(svg.matches("<circle").count(), 8 + 1 + 2 * 4);
        assert!(svg.contains("height=\"960\""), "two panels below the losses");
        for name in ["FD-EffLite0 of images", "KID-EffLite0 of images"] {
            assert!(svg.contains(name), "{name}");
        }
    }

    #[test]
    fn long_runs_are_averaged() {
        let line: Line = (0..900).map(|i| (f64::from(i), f64::from(i % 3))).collect();
        let smooth = smooth(line);
        assert_eq!(smooth.len(), POINTS);
        assert_eq!(smooth[0], (1.0, 1.0));
    }

    #[test]
    fn no_metrics_are_no_picture() {
        let message = draw_loss_curve(&[], Path::new("loss.svg")).unwrap_err().to_string();
        assert_eq!(message, "cannot write loss.svg: there are no metrics yet");
    }
}
