//! A measurement as a table, as JSON and as a picture.

use image::RgbImage;
use pixelflow_host::output::one_line;
use serde::Serialize;

use super::measure::Measurement;
use crate::caption_images::DrawnWith;
use crate::grid::{GridRow, labelled_grid};

/// Captions of a picture, at most.
const GRID_ROWS: usize = 16;
/// Images of a picture are enlarged to about this many pixels a side.
const SHOWN_SIDE: usize = 96;

/// The table that is printed.
pub fn report_table(measurement: &Measurement) -> String {
    let Measurement { attributes, mean, .. } = measurement;
    let mut lines = vec![format!(
        "{:16} {:>6} {:>7} {:>7} {:>10} {:>15}",
        "attribute", "values", "chance", "real", "generated", "generated/real"
    )];
    lines.extend(attributes.iter().map(|score| {
        let numbers = [Some(score.chance), Some(score.real), score.generated, score.ratio];
        row(&one_line(&score.attribute), &score.values.to_string(), numbers)
    }));
    let numbers = [Some(mean.chance), Some(mean.real), mean.generated, mean.ratio];
    lines.push(row("mean", "", numbers));
    let rare = attributes.iter().filter(|score| !score.rare.is_empty());
    lines.extend(rare.map(|score| {
        format!(
            "{}: {} rare values left out; {} held-out images count",
            one_line(&score.attribute),
            score.rare.len(),
            score.images
        )
    }));
    let left_out = measurement.left_out.iter();
    lines.extend(left_out.map(|left| {
        format!("{} is not measured: {}", one_line(&left.attribute), one_line(&left.reason))
    }));
    lines.push(format!(
        "{} captions; probes learned from {} images",
        measurement.captions, measurement.training_images
    ));
    lines.join("\n")
}

/// A line of the table.
fn row(name: &str, values: &str, numbers: [Option<f64>; 4]) -> String {
    let [chance, real, generated, ratio] =
        numbers.map(|value| value.map_or("-".to_owned(), |value| format!("{value:.3}")));
    format!("{name:16} {values:>6} {chance:>7} {real:>7} {generated:>10} {ratio:>15}")
}

#[derive(Serialize)]
struct Report<'a, M> {
    version: &'a str,
    train: &'a str,
    heldout: &'a str,
    seed: Option<u64>,
    drawn_with: Option<&'a DrawnWith>,
    #[serde(flatten)]
    measurement: &'a M,
}

/// Everything measured and what it was measured on; `drawn` is the seed and what drew with it.
///
/// # Errors
/// What `serde_json` says.
pub fn report_json(
    measurement: &impl Serialize,
    [train, heldout]: [&str; 2],
    drawn: Option<(u64, &DrawnWith)>,
) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Report {
        version: env!("CARGO_PKG_VERSION"),
        train,
        heldout,
        seed: drawn.map(|(seed, _)| seed),
        drawn_with: drawn.map(|(_, with)| with),
        measurement,
    })
}

/// The first captions, each with its drawn image and, on the right, the real one; of one size.
pub fn comparison_grid<'a>(
    pairs: impl Iterator<Item = (&'a str, [RgbImage; 2])>,
    size: [usize; 2],
) -> RgbImage {
    let row = |(caption, images): (&str, [RgbImage; 2])| GridRow {
        label: caption.to_owned(),
        images: images.to_vec(),
    };
    let rows: Vec<GridRow> = pairs.take(GRID_ROWS).map(row).collect();
    let side = size.into_iter().max().unwrap_or(1);
    labelled_grid(&rows, SHOWN_SIDE.div_ceil(side) as u32, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption_images::testing::FakeDrawer;
    use crate::evaluation::measure::{measure, testing};

    #[test]
    fn a_report_says_what_was_measured() {
        let data = testing::data(120, 18);
        let mut drawer = FakeDrawer::new([4, 8], |_| testing::coloured(0).image);
        let measured = measure(&data, Some((&mut drawer, 5))).unwrap();

        let table = report_table(&measured);
        let lines: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0][4..], ["generated", "generated/real"]);
        assert_eq!(lines[1][..3], ["colour", "3", "0.333"]);
        assert_eq!(lines[1][4], "0.333");
        assert_eq!((lines[3][0], lines[3].len()), ("mean", 5));
        assert!(table.contains("18 captions; probes learned from 120 images"));
        assert!(table.contains("odd is not measured: fewer than two values"));

        let with = FakeDrawer::settings([4, 8]);
        let json = report_json(&measured, ["t.tar", "h.tar"], Some((5, &with))).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["seed"], 5);
        assert_eq!(json["drawn_with"]["height"], 4);
        assert_eq!(json["attributes"][0]["attribute"], "colour");
        assert_eq!(json["attributes"][0]["generated"], 1.0 / 3.0);
        assert_eq!(json["mean"]["real"], measured.mean.real);

        let pair = |(i, drawn): (usize, &RgbImage)| ("a", [drawn.clone(), data.heldout().image(i)]);
        let grid = comparison_grid(measured.drawn.iter().enumerate().map(pair), data.size());
        // 16 rows of images enlarged twelve times, with gaps of 4.
        assert_eq!(grid.height(), 16 * (4 * 12 + 4) + 4);
    }

    #[test]
    fn without_drawn_images_the_table_has_the_ceiling_alone() {
        let measured = measure(&testing::data(120, 18), None).unwrap();
        let table = report_table(&measured);
        let line = table.lines().nth(1).unwrap();
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((cells[0], &cells[4..]), ("colour", ["-", "-"].as_slice()));
    }
}
