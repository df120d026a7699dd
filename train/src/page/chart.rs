//! Charts: what is in them. `figure` draws them.

/// How the points of a line are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Joined.
    Line,
    /// Joined by dashes.
    Dashes,
    /// Joined, with a dot each.
    Dots,
}

/// Points with a name: (x, y).
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Which of the colours it has; they repeat.
    pub colour: usize,
    /// How it is shown.
    pub mark: Mark,
    /// Its points, by ascending x.
    pub points: Vec<[f64; 2]>,
}

impl Line {
    /// A line of points, as [`Mark::Line`].
    pub fn new(name: impl Into<String>, colour: usize, points: Vec<[f64; 2]>) -> Self {
        Self { name: name.into(), colour, mark: Mark::Line, points }
    }

    /// The same with another mark.
    #[must_use]
    pub fn marked(self, mark: Mark) -> Self {
        Self { mark, ..self }
    }
}

/// An area between two values.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// What it is called.
    pub name: String,
    /// (x, low, high), by ascending x.
    pub points: Vec<[f64; 3]>,
}

/// A chart with its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What it is of.
    pub title: String,
    /// A sentence about it.
    pub about: String,
    /// What lies along the horizontal axis.
    pub x: &'static str,
    /// How far that axis goes at least: charts of one run are as wide as the run.
    pub until: f64,
    /// Whether the vertical axis is logarithmic.
    pub is_logarithmic: bool,
    /// The lines.
    pub lines: Vec<Line>,
    /// An area behind them.
    pub band: Option<Band>,
    /// A value that a line is drawn at, with its name.
    pub limit: Option<(f64, String)>,
}

impl Chart {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.points.is_empty())
    }

    /// The rows of the table beneath: x and the value of each line there, some of them if there are more than `most`.
    ///
    /// Where some lines have fewer points than others, the rows are those that most lines have a value in.
    pub(super) fn rows(&self, most: usize) -> Vec<(f64, Vec<Option<f64>>)> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let mut places: Vec<f64> = points.map(|[x, _]| *x).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let of_line = |line: &Line, x: f64| {
            let found = line.points.binary_search_by(|[at, _]| at.total_cmp(&x)).ok();
            found.map(|index| line.points[index][1])
        };
        let row = |x: f64| (x, self.lines.iter().map(|line| of_line(line, x)).collect::<Vec<_>>());
        let all: Vec<_> = places.into_iter().map(row).collect();
        let filled = |row: &(f64, Vec<Option<f64>>)| row.1.iter().flatten().count();
        let fullest = all.iter().map(filled).max().unwrap_or(0);
        let full = all.iter().filter(|row| filled(row) == fullest).count();
        let last = all.len().saturating_sub(1);
        let kept: Vec<_> = all
            .into_iter()
            .enumerate()
            .filter(|(index, row)| full < 3 || *index == last || filled(row) == fullest)
            .map(|(_, row)| row)
            .collect();
        evenly(&kept, most)
    }
}

/// Elements spread evenly, the first and the last among them; all if there are no more than `most`.
pub(super) fn evenly<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most || most < 2 {
        return all.iter().take(most.max(1)).cloned().collect();
    }
    (0..most).map(|at| all[at * (all.len() - 1) / (most - 1)].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_most_lines_have_a_value() {
        let training: Vec<[f64; 2]> = (1..=1000).map(|x| [f64::from(x), 0.1]).collect();
        let validation: Vec<[f64; 2]> = (1..=9).map(|x| [f64::from(100 * x), 0.2]).collect();
        let lines = vec![Line::new("a", 0, training), Line::new("b", 1, validation)];
        let chart = Chart { lines, ..Chart::default() };
        let rows = chart.rows(20);
        let places: Vec<f64> = rows.iter().map(|(x, _)| *x).collect();
        assert_eq!(places[..2], [100.0, 200.0]);
        assert_eq!((places.len(), places[9]), (10, 1000.0));
        assert_eq!((&rows[0].1, &rows[9].1), (&vec![Some(0.1), Some(0.2)], &vec![Some(0.1), None]));
        assert_eq!(chart.rows(3).len(), 3);
    }

    #[test]
    fn what_is_spread_evenly_has_both_ends() {
        let all: Vec<u32> = (0..100).collect();
        assert_eq!(evenly(&all, 4), [0, 33, 66, 99]);
        assert_eq!(evenly(&all[..3], 4), [0, 1, 2]);
        assert_eq!(evenly(&all[..0], 4), Vec::<u32>::new());
    }
}
