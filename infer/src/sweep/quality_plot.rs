//! Quality against network calls: a line for each series, and the Pareto front.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::front::{Point, pareto_front};
use super::picture::{
    CENTRE, Draw, Drawn, FAINT, Hand, INK, LEFT, QUIET, RIGHT, heading_width, width, write,
    write_heading,
};
use super::scale::Scale;

/// Points with what stands around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QualityPlot {
    /// What it shows.
    pub title: String,
    /// What all points have in common, in lines.
    pub subtitle: String,
    /// What the values are.
    pub value_name: String,
    /// The points; those that are not finite are left out.
    pub points: Vec<Point>,
}

/// Colours that are told apart without colour vision (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
    RGBColor(180, 150, 20),
];
/// The front, behind everything.
const FRONT: RGBColor = RGBColor(214, 218, 224);

const PLOT: [i32; 4] = [96, 148, 850, 612];
const SIZE: (u32, u32) = (1060, 692);

impl Draw for QualityPlot {
    fn size(&self) -> (u32, u32) {
        (SIZE.0.max(heading_width(&self.title, &self.subtitle) as u32), SIZE.1)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.fill(&WHITE)?;
        write_heading(area, &self.title, &self.subtitle)?;
        let points: Vec<&Point> = self.finite().collect();
        let [left, top, right, bottom] = PLOT;
        let calls = points.iter().map(|point| point.network_calls);
        let values = points.iter().map(|point| point.value);
        let (Some(across), Some(up)) =
            (Scale::powers_of_two(calls, [left, right]), Scale::of_values(values, [bottom, top]))
        else {
            return Ok(());
        };
        self.draw_axes(area, &across, &up)?;
        let at = |point: &Point| (across.place(point.network_calls), up.place(point.value));
        let front = pareto_front(&self.points);
        let mut stairs = Vec::new();
        for &index in &front {
            let (x, y) = at(&self.points[index]);
            stairs.extend(stairs.last().map(|&(_, before)| (x, before)));
            stairs.push((x, y));
        }
        stairs.extend(stairs.last().map(|&(_, y)| (right, y)));
        area.draw(&PathElement::new(stairs, FRONT.stroke_width(7)))?;
        let all = self.series();
        let lines = all.iter().map(|series| {
            lower_line(points.iter().copied().filter(|point| point.series == *series))
        });
        let lines: Vec<Vec<&Point>> = lines.collect();
        // What lies above its series' line stays behind it.
        for point in &points {
            let number = all.iter().position(|series| *series == point.series).unwrap_or(0);
            if !lines[number].contains(point) {
                let faint = COLOURS[number % COLOURS.len()].mix(0.4).filled();
                area.draw(&Circle::new(at(point), 3, faint))?;
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let places: Vec<_> = line.iter().map(|point| at(point)).collect();
            area.draw(&PathElement::new(places, colour.stroke_width(2)))?;
            for point in line {
                let (x, y) = at(point);
                if let Some(error) = point.standard_error.filter(|error| error.is_finite()) {
                    let ends = [point.value - error, point.value + error].map(|v| (x, up.place(v)));
                    area.draw(&PathElement::new(ends, colour.stroke_width(2)))?;
                }
                area.draw(&Circle::new((x, y), 5, colour.filled()))?;
            }
            let row = top + 14 + 26 * number as i32;
            let ends = [(right + 28, row), (right + 56, row)];
            area.draw(&PathElement::new(ends, colour.stroke_width(2)))?;
            area.draw(&Circle::new((right + 42, row), 5, colour.filled()))?;
            write(area, &all[number], (right + 66, row), (Hand::Plain, INK, LEFT))?;
        }
        let row = top + 14 + 26 * self.series().len() as i32;
        area.draw(&PathElement::new(
            [(right + 28, row), (right + 56, row)],
            FRONT.stroke_width(7),
        ))?;
        write(area, "Pareto front", (right + 66, row), (Hand::Plain, INK, LEFT))?;
        self.label_front(
            area,
            &front,
            &points.iter().map(|point| at(point)).collect::<Vec<_>>(),
            at,
        )
    }
}

impl QualityPlot {
    fn finite(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| {
            point.value.is_finite() && point.network_calls.is_finite() && point.network_calls > 0.0
        })
    }

    /// Names of the series, in the order of the points.
    fn series(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for point in self.finite() {
            if !names.contains(&point.series) {
                names.push(point.series.clone());
            }
        }
        names
    }

    fn draw_axes<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        across: &Scale,
        up: &Scale,
    ) -> Drawn<B> {
        let [left, top, right, bottom] = PLOT;
        for (place, text) in up.ticks() {
            area.draw(&PathElement::new([(left, place), (right, place)], FAINT.stroke_width(1)))?;
            write(area, &text, (left - 10, place), (Hand::Plain, QUIET, RIGHT))?;
        }
        for (place, text) in across.ticks() {
            area.draw(&PathElement::new([(place, top), (place, bottom)], FAINT.stroke_width(1)))?;
            write(area, &text, (place, bottom + 18), (Hand::Plain, QUIET, CENTRE))?;
        }
        area.draw(&PathElement::new([(left, bottom), (right, bottom)], QUIET.stroke_width(1)))?;
        let about = "network calls an image, guidance's second one counted";
        write(area, about, (i32::midpoint(left, right), bottom + 48), (Hand::Plain, INK, CENTRE))?;
        let value = format!("{}, lower is better", self.value_name);
        write(area, &value, (28, top - 26), (Hand::Bold, INK, LEFT))
    }

    /// Says which points are on the front, where there is room; the table names them all.
    fn label_front<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        front: &[usize],
        points: &[(i32, i32)],
        at: impl Fn(&Point) -> (i32, i32),
    ) -> Drawn<B> {
        let [left, top, right, bottom] = PLOT;
        let mut taken: Vec<[i32; 4]> =
            points.iter().map(|(x, y)| [x - 6, y - 6, x + 6, y + 6]).collect();
        for &index in front {
            let point = &self.points[index];
            let (x, y) = at(point);
            let half = width(&point.label) / 2 + 2;
            let above = [(half + 10, -14), (0, -20), (-half - 10, -14)];
            let below = [(-half - 10, 14), (0, 20), (half + 10, 14), (half + 14, 0)];
            let room = below.into_iter().chain(above).find_map(|(dx, dy)| {
                let (x, y) = (x + dx, y + dy);
                let edges = [x - half, y - 9, x + half, y + 9];
                let is_within = edges[0] > left
                    && edges[1] > top - 14
                    && edges[2] < right + 20
                    && edges[3] < bottom;
                let is_free = taken.iter().all(|other| !overlap(*other, edges));
                (is_within && is_free).then_some(((x, y), edges))
            });
            if let Some((place, edges)) = room {
                taken.push(edges);
                write(area, &point.label, place, (Hand::Plain, INK, CENTRE))?;
            }
        }
        Ok(())
    }
}

fn overlap(a: [i32; 4], b: [i32; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// The best point of each number of calls, fewest calls first.
fn lower_line<'a>(points: impl Iterator<Item = &'a Point>) -> Vec<&'a Point> {
    let mut line: Vec<&Point> = points.collect();
    line.sort_by(|a, b| {
        a.network_calls.total_cmp(&b.network_calls).then(a.value.total_cmp(&b.value))
    });
    line.dedup_by(|later, kept| later.network_calls == kept.network_calls);
    line
}

#[cfg(test)]
mod tests {
    use super::super::picture::Picture;
    use super::*;

    fn plot() -> QualityPlot {
        let point = |(series, network_calls, value): (&str, f64, f64)| Point {
            label: format!("{series} {network_calls}"),
            series: series.to_owned(),
            network_calls,
            value,
            standard_error: Some(0.3),
        };
        let points = [
            ("euler", 8.0, 60.0),
            ("euler", 16.0, 30.0),
            ("euler", 32.0, 20.0),
            ("unipc", 8.0, 40.0),
            ("unipc", 16.0, 19.0),
            ("unipc", 16.0, 25.0),
            ("unipc", 4.0, f64::NAN),
        ];
        QualityPlot {
            title: "Quality".to_owned(),
            subtitle: "of a model".to_owned(),
            value_name: "FD".to_owned(),
            points: points.map(point).into(),
        }
    }

    #[test]
    fn every_point_series_and_member_of_the_front_is_drawn() {
        let picture = Picture::of(&plot());
        // Six points and one in the legend for each of two series.
        assert_eq!(picture.svg.matches("<circle").count(), 6 + 2);
        for text in ["euler", "unipc", "Pareto front", "unipc 8", "unipc 16", "16", "32"] {
            assert!(picture.svg.contains(&format!("\n{text}\n")), "{text}: {}", picture.svg);
        }
        assert!(!picture.svg.contains("euler 16"), "what is beaten has no label");
        let coloured = |RGBColor(r, g, b): RGBColor| {
            picture.png.pixels().filter(|pixel| pixel.0 == [r, g, b]).count()
        };
        assert!([COLOURS[0], COLOURS[1], FRONT].into_iter().all(|c| coloured(c) > 200));
    }

    #[test]
    fn a_line_goes_through_the_best_of_each_number_of_calls() {
        let plot = plot();
        let unipc = plot.finite().filter(|point| point.series == "unipc");
        let line: Vec<f64> = lower_line(unipc).iter().map(|point| point.value).collect();
        assert_eq!(line, [40.0, 19.0]);
    }

    #[test]
    fn nothing_makes_it_panic() {
        let point =
            |network_calls, value| Point { network_calls, value, ..plot().points[0].clone() };
        for points in [
            vec![],
            vec![point(8.0, f64::INFINITY), point(0.0, 1.0)],
            vec![point(8.0, 0.0)],
            vec![point(1e300, -1e300), point(1e-300, 1e300)],
            vec![point(8.0, 3.0); 3],
        ] {
            Picture::of(&QualityPlot { points, ..plot() });
        }
    }
}
