//! Panels of the quality of drawn images, one a metric, below the losses.

use std::collections::BTreeMap;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Record;

/// Height of a panel in pixels.
pub(super) const PANEL_HEIGHT: u32 = 240;

/// The line of a metric: (images seen, value, standard error).
pub(super) type Line = Vec<(f64, f64, f64)>;

/// The measured metrics of a run, each by its name.
pub(super) fn quality_lines(records: &[Record]) -> BTreeMap<&str, Line> {
    let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
    for record in records {
        let Record::Evaluation(record) = record else { continue };
        for score in record.metrics.values().filter(|score| score.value.is_finite()) {
            let point = (record.images as f64, score.value, score.standard_error.unwrap_or(0.0));
            lines.entry(&score.name).or_default().push(point);
        }
    }
    lines
}

/// Draws a metric over the images seen, up to `last`: dots with their standard errors.
pub(super) fn draw_quality(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    (name, line): (&str, &Line),
    last: f64,
    colour: RGBColor,
) -> Result<(), Box<dyn std::error::Error>> {
    let ends = |sign: f64| line.iter().map(move |(_, value, error)| value + sign * error);
    let (low, high) = (ends(-1.0).fold(0.0, f64::min), ends(1.0).fold(0.0, f64::max));
    let margin = 0.08 * (high - low).max(1e-9);
    let low = if low < 0.0 { low - margin } else { low };
    let digits = (2.0 - high.max(-low).max(1e-9).log10().floor()).clamp(0.0, 9.0) as usize;
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{name} of images from the moving average"), ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, low..high + margin)?;
    chart
        .configure_mesh()
        .light_line_style(RGBColor(240, 240, 240))
        .y_labels(5)
        .x_desc("images seen")
        .y_desc(name)
        .x_label_formatter(&|images| format!("{}k", images / 1000.0))
        .y_label_formatter(&|value| format!("{value:.digits$}"))
        .draw()?;
    let points = line.iter().map(|&(images, value, _)| (images, value));
    chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
    let bar = |&(images, value, error): &(f64, f64, f64)| {
        PathElement::new([(images, value - error), (images, value + error)], colour.stroke_width(1))
    };
    chart.draw_series(line.iter().map(bar))?;
    chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
    Ok(())
}
