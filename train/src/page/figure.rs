//! Charts as inline SVG, with a legend, values where the pointer is, and a table beneath.

use maud::{Markup, PreEscaped, html};

use super::axis::Axis;
use super::chart::{Band, Chart, Line, Mark, evenly};
use super::number::{label, shown};
use super::{table, thinned};

/// Width and height, in units of the drawing: on a phone a unit is three quarters of a pixel.
const SIZE: [f64; 2] = [480.0, 250.0];
/// Room on the left, on top, on the right and below.
const ROOM: [f64; 4] = [50.0, 10.0, 10.0, 36.0];
/// Points of a line at most; more are averaged.
const POINTS: usize = 240;
/// Dots of a line at most: with more they run into one another.
const DOTS: usize = 60;
/// Places that show values when the pointer is over them, at most.
const PLACES: usize = 80;
/// Rows of a table at most.
const ROWS: usize = 24;

impl Chart {
    /// The chart as a part of a page; nothing if there is nothing in it.
    pub fn figure(&self) -> Markup {
        if self.is_empty() {
            return html! {};
        }
        html! {
            figure {
                figcaption {
                    h3 { (self.title) }
                    @if !self.about.is_empty() { p { (self.about) } }
                }
                (self.legend())
                (PreEscaped(self.svg()))
                details {
                    summary { "Numbers" }
                    (self.numbers())
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        let entries = self.lines.iter().filter(|line| !line.points.is_empty());
        html! {
            ul.legend {
                @for line in entries {
                    li.(colour(line)).(class(line.mark)) { (line.name) }
                }
                @if let Some(band) = &self.band { li.band { (band.name) } }
                @if let Some((_, name)) = &self.limit { li.limit { (name) } }
            }
        }
    }

    fn numbers(&self) -> Markup {
        let lines = self.lines.iter().map(|line| line.name.as_str());
        let head: Vec<&str> = [self.x].into_iter().chain(lines).collect();
        let value = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), shown);
        let row = |(x, values): &(f64, Vec<Option<f64>>)| {
            [format!("{x:.0}")].into_iter().chain(values.iter().map(value)).collect()
        };
        let rows: Vec<Vec<String>> = self.rows(ROWS).iter().map(row).collect();
        table(&self.title, &head, &rows)
    }

    /// What the picture shows, for those who do not see it.
    fn alternative(&self) -> String {
        let of_line = |line: &Line| {
            let [first, last] = [line.points.first()?, line.points.last()?];
            let [from, to] = [shown(first[1]), shown(last[1])];
            Some(format!(
                "{}: {from} at {} {:.0}, {to} at {:.0}",
                line.name, self.x, first[0], last[0]
            ))
        };
        let lines: Vec<String> = self.lines.iter().filter_map(of_line).collect();
        format!("{}. {}. The table below has the numbers.", self.title, lines.join("; "))
    }

    fn svg(&self) -> String {
        let drawn: Vec<Vec<[f64; 2]>> =
            self.lines.iter().map(|line| thinned(&line.points, POINTS)).collect();
        let frame = Frame::of(self, &drawn);
        let [width, height] = SIZE;
        let picture = html! {
            svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(self.alternative()) {
                (frame.grid(self.x))
                @if let Some(band) = &self.band { path.band d=(frame.area(band)) {} }
                @if let Some(y) = self.limit.as_ref().and_then(|(value, _)| frame.y(*value)) {
                    path.limit d={ "M" (ROOM[0]) " " (y) "H" (width - ROOM[2]) } {}
                }
                @for (line, points) in self.lines.iter().zip(&drawn) {
                    path.(colour(line)).(class(line.mark)) d=(frame.path(points)) {}
                    @if line.mark == Mark::Dots || points.len() == 1 {
                        @for [x, y] in evenly(points, DOTS) {
                            @if let (Some(x), Some(y)) = (frame.x(x), frame.y(y)) {
                                circle.(colour(line)) cx=(x) cy=(y) r="2.6" {}
                            }
                        }
                    }
                }
                (self.values(&frame))
            }
        };
        picture.into_string()
    }

    /// Strips over the picture, each with the values there as its title.
    fn values(&self, frame: &Frame) -> Markup {
        let places = self.rows(PLACES);
        let at: Vec<Option<f64>> = places.iter().map(|(x, _)| frame.x(*x)).collect();
        let edge = |left: Option<f64>, right: Option<f64>| Some(f64::midpoint(left?, right?));
        let strip = |index: usize| {
            let here = at[index]?;
            let before = if index == 0 { None } else { edge(at[index - 1], Some(here)) };
            let after = edge(Some(here), at.get(index + 1).copied().flatten());
            let left = before.unwrap_or(ROOM[0]);
            let right = after.unwrap_or(SIZE[0] - ROOM[2]);
            Some((here, left, (right - left).max(0.5)))
        };
        let title = |(x, values): &(f64, Vec<Option<f64>>)| {
            let named = self.lines.iter().zip(values);
            let value = |(line, value): (&Line, &Option<f64>)| {
                Some(format!("\n{}: {}", line.name, shown((*value)?)))
            };
            format!("{} {x:.0}{}", self.x, named.filter_map(value).collect::<String>())
        };
        let height = SIZE[1] - ROOM[1] - ROOM[3];
        html! {
            @for (index, place) in places.iter().enumerate() {
                @if let Some((here, left, width)) = strip(index) {
                    g.value {
                        rect x=(rounded(left)) y=(ROOM[1]) width=(rounded(width)) height=(height) {
                            title { (title(place)) }
                        }
                        path d={ "M" (here) " " (ROOM[1]) "v" (height) } {}
                    }
                }
            }
        }
    }
}

fn colour(line: &Line) -> String {
    format!("c{}", line.colour % 6)
}

fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Line => "line",
        Mark::Dashes => "dashes",
        Mark::Dots => "dots",
    }
}

/// A place in a tenth of a unit, which no eye tells from the exact one.
fn rounded(place: f64) -> f64 {
    (10.0 * place).round() / 10.0
}

/// The axes of a chart, laid out.
struct Frame {
    horizontal: Axis,
    vertical: Axis,
}

impl Frame {
    fn of(chart: &Chart, drawn: &[Vec<[f64; 2]>]) -> Self {
        let points = || drawn.iter().flatten();
        let band = chart.band.iter().flat_map(|band| &band.points);
        let band = band.flat_map(|[_, low, high]| [*low, *high]);
        let limit = chart.limit.iter().map(|(value, _)| *value);
        let values = points().map(|[_, y]| *y).chain(band).chain(limit);
        let ends = chart.lines.iter().filter_map(|line| line.points.last()).map(|[x, _]| *x);
        let last = ends.fold(chart.until, f64::max);
        Self {
            horizontal: Axis::between(0.0, last),
            vertical: Axis::of(values, chart.is_logarithmic),
        }
    }

    fn x(&self, value: f64) -> Option<f64> {
        let place = self.horizontal.place(value)?;
        Some(rounded(ROOM[0] + place * (SIZE[0] - ROOM[0] - ROOM[2])))
    }

    fn y(&self, value: f64) -> Option<f64> {
        let place = self.vertical.place(value)?;
        Some(rounded(SIZE[1] - ROOM[3] - place * (SIZE[1] - ROOM[1] - ROOM[3])))
    }

    /// Lines of the grid with their values, and what the horizontal axis is.
    fn grid(&self, name: &str) -> Markup {
        let [width, height] = SIZE;
        let (bottom, right) = (height - ROOM[3], width - ROOM[2]);
        html! {
            @for tick in self.vertical.ticks(4) {
                @if let Some(y) = self.y(tick) {
                    path.grid d={ "M" (ROOM[0]) " " (y) "H" (right) } {}
                    text.y x=(ROOM[0] - 6.0) y=(y + 4.0) { (label(tick)) }
                }
            }
            @for tick in self.horizontal.ticks(5) {
                @if let Some(x) = self.x(tick) {
                    path.grid d={ "M" (x) " " (ROOM[1]) "V" (bottom) } {}
                    text.x x=(x) y=(bottom + 15.0) { (label(tick)) }
                }
            }
            text.name x=(right) y=(height - 4.0) { (name) }
        }
    }

    /// A line through points; it is interrupted where a value has no place.
    fn path(&self, points: &[[f64; 2]]) -> String {
        let mut is_begun = false;
        let mut part = |[x, y]: &[f64; 2]| {
            let was_begun = is_begun;
            let place = self.x(*x).zip(self.y(*y));
            is_begun = place.is_some();
            let letter = if was_begun { 'L' } else { 'M' };
            place.map(|(x, y)| format!("{letter}{x} {y}"))
        };
        points.iter().filter_map(&mut part).collect()
    }

    fn area(&self, band: &Band) -> String {
        // It ends where the lines do.
        let inside = |x: f64| self.horizontal.place(x).is_some_and(|place| place < 1.0);
        let within = band.points.iter().take_while(|[x, ..]| inside(*x)).count();
        let points = &band.points[..band.points.len().min(within + 1)];
        let side = |which: usize| {
            points.iter().filter_map(move |point| Some((self.x(point[0])?, self.y(point[which])?)))
        };
        let outline: Vec<(f64, f64)> =
            side(2).chain(side(1).collect::<Vec<_>>().into_iter().rev()).collect();
        let corner = |(x, y): &(f64, f64)| format!("{x} {y}");
        format!("M{}Z", outline.iter().map(corner).collect::<Vec<_>>().join("L"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(lines: Vec<Line>) -> Chart {
        Chart { title: "Loss <b>".to_owned(), x: "step", lines, ..Chart::default() }
    }

    #[test]
    fn a_chart_has_its_lines_its_values_and_its_table() {
        let points = vec![[1.0, 0.5], [2.0, 0.25], [3.0, f64::NAN]];
        let drawn = chart(vec![
            Line::new("training", 0, points.clone()),
            Line::new("validation", 7, points).marked(Mark::Dots),
        ]);
        let page = drawn.figure().into_string();
        assert_eq!(
            page.matches("<circle class=\"c1\"").count(),
            2,
            "a value that is none has no dot"
        );
        assert!(page.contains("<title>step 2\ntraining: 0.25\nvalidation: 0.25</title>"), "{page}");
        assert!(page.contains("<td>0.25</td>") && page.contains("<td>–</td>"), "{page}");
        assert!(page.contains("role=\"img\" aria-label=\"Loss &lt;b&gt;. training: 0.5 at step 1"));
        assert!(!page.contains("<b>") && !page.contains("NaN"), "{page}");
    }

    #[test]
    fn however_long_a_run_is_its_chart_is_small() {
        let points: Vec<[f64; 2]> = (0..200_000).map(|x| [f64::from(x), 0.1]).collect();
        let lines = (0..4).map(|line| Line::new("a", line, points.clone()).marked(Mark::Dots));
        let bytes = chart(lines.collect()).figure().into_string().len();
        assert!(bytes < 80_000, "{bytes}");
    }

    #[test]
    fn a_band_ends_where_the_lines_do() {
        let mut drawn = chart(vec![Line::new("a", 0, vec![[0.0, 1.0], [10.0, 1.0]])]);
        let points = (0..=4).map(|at| [f64::from(10 * at), 0.5, 2.0]).collect();
        drawn.band = Some(Band { name: "reference".to_owned(), points });
        let svg = drawn.svg();
        let path = svg.split("class=\"band\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('L').count(), 3, "{path}");
    }

    #[test]
    fn nothing_is_no_chart() {
        assert!(chart(vec![Line::new("a", 0, Vec::new())]).figure().into_string().is_empty());
    }
}
