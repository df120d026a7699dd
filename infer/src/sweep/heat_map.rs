//! A heat map: a number for each pair of settings, dark where it is low.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::picture::{
    CENTRE, Draw, Drawn, Hand, INK, LEFT, QUIET, RIGHT, heading_width, width, write, write_heading,
};

/// Numbers by row and column; lower is better.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// What it shows.
    pub title: String,
    /// What all cells have in common, in lines.
    pub subtitle: String,
    /// What the numbers are.
    pub value_name: String,
    /// What the columns are.
    pub column_name: String,
    /// What each row is.
    pub rows: Vec<String>,
    /// What each column is: columns of the same group stand together under its name, which may be empty.
    pub columns: Vec<[String; 2]>,
    /// The numbers, `[row][column]`.
    pub values: Vec<Vec<Option<f64>>>,
}

/// From the worst to the best: `YlGnBu` of `ColorBrewer`, which is told apart without colour vision.
const PALETTE: [[u8; 3]; 8] = [
    [255, 255, 217],
    [237, 248, 177],
    [199, 233, 180],
    [127, 205, 187],
    [65, 182, 196],
    [29, 145, 192],
    [34, 94, 168],
    [8, 29, 88],
];
/// Where nothing was measured.
const EMPTY: RGBColor = RGBColor(240, 241, 243);
/// Around the best.
const BEST: RGBColor = RGBColor(230, 97, 0);

const MARGIN: i32 = 28;
const TOP: i32 = 160;
const CELL_HEIGHT: i32 = 44;
const GROUP_GAP: i32 = 14;
const BELOW: i32 = 92;

/// Where everything is, in pixels.
struct Places {
    first_column: i32,
    cell_width: i32,
    /// Left edges of the columns.
    lefts: Vec<i32>,
    right: i32,
    bottom: i32,
}

impl HeatMap {
    fn places(&self) -> Places {
        let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| width(text)).max();
        let first_column =
            MARGIN + widest(&mut self.rows.iter().chain([&self.column_name])).unwrap_or(0) + 16;
        let labels = widest(&mut self.columns.iter().map(|[_, label]| label)).unwrap_or(0);
        let cell_width = (labels + 18).max(84);
        let mut left = first_column;
        let mut lefts = Vec::new();
        for (place, [group, _]) in self.columns.iter().enumerate() {
            if place > 0 && self.columns[place - 1][0] != *group {
                left += GROUP_GAP;
            }
            lefts.push(left);
            left += cell_width;
        }
        Places {
            first_column,
            cell_width,
            lefts,
            right: left,
            bottom: TOP + CELL_HEIGHT * self.rows.len() as i32,
        }
    }

    /// The lowest and the highest number.
    fn range(&self) -> Option<[f64; 2]> {
        let values = || self.values.iter().flatten().flatten().copied();
        let range = [values().reduce(f64::min)?, values().reduce(f64::max)?];
        range.iter().all(|value| value.is_finite()).then_some(range)
    }

    /// The row and the column of the lowest number, the first of equal ones.
    fn best(&self) -> Option<[usize; 2]> {
        let lowest = self.range()?[0];
        let of_row = |(row, values): (usize, &Vec<Option<f64>>)| {
            let column = values.iter().position(|value| *value == Some(lowest))?;
            Some([row, column])
        };
        self.values.iter().enumerate().find_map(of_row)
    }
}

impl Draw for HeatMap {
    fn size(&self) -> (u32, u32) {
        let Places { right, bottom, .. } = self.places();
        let right = (right + MARGIN).max(heading_width(&self.title, &self.subtitle)).max(480);
        (right as u32, (bottom + BELOW) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        let places = self.places();
        let Places { first_column, cell_width, lefts, bottom, .. } = &places;
        area.fill(&WHITE)?;
        write_heading(area, &self.title, &self.subtitle)?;
        let about = (first_column - 14, TOP - 18);
        write(area, &self.column_name, about, (Hand::Plain, QUIET, RIGHT))?;
        for (row, label) in self.rows.iter().enumerate() {
            let middle = TOP + CELL_HEIGHT * row as i32 + CELL_HEIGHT / 2;
            write(area, label, (first_column - 14, middle), (Hand::Plain, INK, RIGHT))?;
        }
        for (place, [group, label]) in self.columns.iter().enumerate() {
            let begins = place == 0 || self.columns[place - 1][0] != *group;
            if begins {
                let count = self.columns[place..].iter().take_while(|[other, _]| other == group);
                let middle = lefts[place] + cell_width * count.count() as i32 / 2;
                write(area, group, (middle, TOP - 44), (Hand::Bold, INK, CENTRE))?;
            }
            let middle = lefts[place] + cell_width / 2;
            write(area, label, (middle, TOP - 18), (Hand::Plain, QUIET, CENTRE))?;
        }
        let Some(range) = self.range() else { return Ok(()) };
        let cell = |row: usize, column: usize| {
            let (left, top) = (lefts[column], TOP + CELL_HEIGHT * row as i32);
            [(left + 1, top + 1), (left + cell_width - 2, top + CELL_HEIGHT - 2)]
        };
        for (row, values) in self.values.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let corners = cell(row, column);
                let middle = (corners[0].0 + cell_width / 2, corners[0].1 + CELL_HEIGHT / 2);
                let colour = value.map_or(EMPTY, |value| colour(share(value, range)));
                area.draw(&Rectangle::new(corners, colour.filled()))?;
                let text = value.map_or("-".to_owned(), short);
                write(area, &text, middle, (Hand::Plain, ink_on(colour), CENTRE))?;
            }
        }
        if let Some([row, column]) = self.best() {
            let [(left, top), (right, bottom)] = cell(row, column);
            let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
            let line = [corners[3], corners[0], corners[1], corners[2], corners[3], corners[0]];
            area.draw(&PathElement::new(line, BEST.stroke_width(4)))?;
        }
        self.draw_scale(area, range, bottom + 30)
    }
}

impl HeatMap {
    /// What the colours mean.
    fn draw_scale<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        range: [f64; 2],
        top: i32,
    ) -> Drawn<B> {
        const LENGTH: i32 = 240;
        for x in 0..LENGTH {
            let share = f64::from(x) / f64::from(LENGTH - 1);
            let corners = [(MARGIN + x, top), (MARGIN + x + 1, top + 14)];
            area.draw(&Rectangle::new(corners, colour(share).filled()))?;
        }
        let end = MARGIN + LENGTH;
        write(area, &short(range[0]), (MARGIN, top + 30), (Hand::Plain, QUIET, LEFT))?;
        write(area, &short(range[1]), (end, top + 30), (Hand::Plain, QUIET, RIGHT))?;
        let about = format!("{}, lower is better", self.value_name);
        write(area, &about, (end + 20, top + 7), (Hand::Plain, QUIET, LEFT))
    }
}

/// Where a number lies between the lowest and the highest, 0..1: by its logarithm where they are positive, so
/// that one bad setting does not make all others look alike.
fn share(value: f64, [lowest, highest]: [f64; 2]) -> f64 {
    let [value, lowest, highest] =
        if lowest > 0.0 { [value, lowest, highest].map(f64::ln) } else { [value, lowest, highest] };
    if highest > lowest { (value - lowest) / (highest - lowest) } else { 0.0 }
}

/// The colour of a share, 0 the best.
fn colour(share: f64) -> RGBColor {
    let place = (1.0 - share.clamp(0.0, 1.0)) * (PALETTE.len() - 1) as f64;
    let below = (place as usize).min(PALETTE.len() - 2);
    let rest = place - below as f64;
    let mixed = |channel: usize| {
        let [from, to] = [below, below + 1].map(|stop| f64::from(PALETTE[stop][channel]));
        (from + (to - from) * rest).round() as u8
    };
    RGBColor(mixed(0), mixed(1), mixed(2))
}

/// Ink that is read on a colour.
fn ink_on(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let [red, green, blue] = [red, green, blue].map(f64::from);
    let light = 0.299 * red + 0.587 * green + 0.114 * blue;
    if light < 140.0 { WHITE } else { INK }
}

/// Three or four digits.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::Picture;
    use super::*;

    fn map() -> HeatMap {
        HeatMap {
            title: "Sweep".to_owned(),
            subtitle: "of a model".to_owned(),
            value_name: "FD".to_owned(),
            column_name: "steps".to_owned(),
            rows: vec!["1".to_owned(), "2.4".to_owned()],
            columns: [["euler", "4"], ["euler", "8"], ["unipc", "4"]]
                .map(|column| column.map(str::to_owned))
                .into(),
            values: vec![
                vec![Some(90.0), Some(30.0), Some(20.0)],
                vec![Some(60.0), Some(5.0), None],
            ],
        }
    }

    #[test]
    fn every_number_is_written_and_the_best_is_framed() {
        let picture = Picture::of(&map());
        for text in [
            "Sweep",
            "90.0",
            "30.0",
            "5.00",
            "2.4",
            "euler",
            "unipc",
            "steps",
            "FD, lower is better",
        ] {
            assert!(picture.svg.contains(&format!("\n{text}\n")), "{text}");
        }
        assert_eq!(map().best(), Some([1, 1]));
        let Places { lefts, .. } = map().places();
        let pixel = |column: usize, row: i32, x: i32| {
            let at = (lefts[column] + x, TOP + CELL_HEIGHT * row + 8);
            picture.png.get_pixel(at.0 as u32, at.1 as u32).0
        };
        let light =
            |[red, green, blue]: [u8; 3]| u32::from(red) + u32::from(green) + u32::from(blue);
        let of = |column, row| light(pixel(column, row, 8));
        assert!(
            of(0, 0) > of(1, 0) && of(1, 0) > of(2, 0) && of(2, 0) > of(1, 1),
            "darker is better"
        );
        assert_eq!(pixel(2, 1, 8), [EMPTY.0, EMPTY.1, EMPTY.2]);
        assert_eq!(pixel(1, 1, 1), [BEST.0, BEST.1, BEST.2]);
    }

    #[test]
    fn colours_are_by_the_logarithm_and_nothing_makes_it_panic() {
        assert!((share(10.0, [1.0, 100.0]) - 0.5).abs() < 1e-12);
        assert!((share(0.0, [-1.0, 1.0]) - 0.5).abs() < 1e-12);
        assert_eq!(share(3.0, [3.0, 3.0]), 0.0);
        Picture::of(&HeatMap::default());
        let alone = HeatMap { values: vec![vec![None; 3]; 2], ..map() };
        Picture::of(&alone);
        let endless = HeatMap { values: vec![vec![Some(f64::INFINITY); 3]; 2], ..map() };
        Picture::of(&endless);
    }
}
