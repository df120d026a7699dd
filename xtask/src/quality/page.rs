//! QUALITY.md, made of the records.

use std::fmt::Write;

use serde_json::Value;

use super::measurement::{Measurement, Part};
use super::record::{Record, Records};
use crate::ablation::{self, Runs};

/// Columns of the table of models: a heading, the key of the JSON, and whether it is a share.
const COLUMNS: [(&str, &str, bool); 8] = [
    ("FD-EffLite0", "fd_efflite0", false),
    ("KID-EffLite0", "kid_efflite0", false),
    ("precision", "precision", true),
    ("recall", "recall", true),
    ("coverage", "coverage", true),
    ("class accuracy", "class_accuracy", true),
    ("its ceiling", "class_accuracy_real", true),
    ("memorisation", "memorisation", true),
];

const HEAD: &str = "\
# How good the images are

Made by `cargo xtask quality`; the records are in [`docs/quality`](docs/quality). Everything is measured by
`infer evaluate` and `infer sweep`, through the shipped EfficientNet-Lite0: its numbers are no FID and compare only with
each other.

Lower is better for FD and KID. **The floor is what real images score** that the reference does not have: a model cannot
be expected below it, of as many images. FD, recall and coverage hang on their number: only rows of as many images
compare. A number after ± is its standard error: of the mean over repeats with other seeds, or, measured once, that of
KID's subsets. Two numbers are told apart where they differ by more than two standard errors of the difference,
sqrt(a² + b²). Memorisation is the share of samples that are nearer to one of the training images than the nearest 1 % of
held-out real images are, so that 1 % is what to expect of images that were not learned by heart; for heroes it is known
of the shipped 3,568 of 23,155 training images alone. Class accuracy is that of a linear probe on the same features, which learns
from four of five real images; its ceiling is what it reads off the fifth.
";

/// The page.
pub fn page(plan: &[Measurement], records: &Records, runs: &Runs) -> String {
    let mut page = HEAD.to_owned();
    for data in data_sets(plan) {
        page += &table_of(data, plan, records);
    }
    page += &captions(plan, records);
    page += &edits(plan, records);
    page += &sweeps(plan, records);
    page += &ablation::section(runs);
    page += &commands(plan, records);
    page
}

/// The data sets of the plan, each once, in its order.
fn data_sets(plan: &[Measurement]) -> Vec<&'static str> {
    let mut all = Vec::new();
    for measurement in plan {
        if let Part::Row { data, .. } = measurement.part
            && !all.contains(&data)
        {
            all.push(data);
        }
    }
    all
}

/// The rows of a data set.
fn table_of(data: &str, plan: &[Measurement], records: &Records) -> String {
    let mut text = format!("\n## {data}\n\n| images | number |");
    let mut rule = "| --- | ---: |".to_owned();
    for (heading, ..) in COLUMNS {
        let _ = write!(text, " {heading} |");
        rule += " ---: |";
    }
    text = format!("{text}\n{rule}\n");
    for measurement in plan {
        let Part::Row { data: of, what } = measurement.part else { continue };
        if of != data {
            continue;
        }
        match records.get(&measurement.name) {
            Some(record) => {
                let _ = writeln!(text, "{}", row(what, record));
            }
            None => {
                let _ =
                    writeln!(text, "| {what} | not measured yet |{}", "  |".repeat(COLUMNS.len()));
            }
        }
    }
    text
}

/// A row of the table of models.
fn row(what: &str, record: &Record) -> String {
    let Record { result, .. } = record;
    let images = result["images"].as_u64().map_or("-".to_owned(), |images| images.to_string());
    let repeats = result["seeds"].as_array().map_or(1, Vec::len);
    let number = if repeats > 1 { format!("{repeats} x {images}") } else { images };
    let cells = COLUMNS.map(|(_, key, is_share)| cell(&result["metrics"][key], is_share));
    format!("| {what} | {number} | {} |", cells.join(" | "))
}

/// `34.94 ± 0.20`, `97.1 %`, or a dash.
fn cell(metric: &Value, is_share: bool) -> String {
    let Some(value) = metric["value"].as_f64() else { return "-".to_owned() };
    let error = metric["standard_error"].as_f64();
    let shown = |value: f64| match is_share {
        true => format!("{:.1}", 100.0 * value),
        false if value.abs() < 0.1 => format!("{value:.4}"),
        false => format!("{value:.2}"),
    };
    let unit = if is_share { " %" } else { "" };
    match error {
        Some(error) => format!("{} ± {}{unit}", shown(value), shown(error)),
        None => format!("{}{unit}", shown(value)),
    }
}

/// How well the text demo follows its captions.
fn captions(plan: &[Measurement], records: &Records) -> String {
    let names = plan.iter().filter(|measurement| measurement.part == Part::Captions);
    let mut text = String::new();
    for record in names.filter_map(|measurement| records.get(&measurement.name)) {
        let result = &record.result;
        let _ = write!(
            text,
            "\n## Captions\n\nOf {} held-out captions, the share whose attributes a linear probe reads off the \
             drawn images; `real` is what it reads off the real images of these captions, the ceiling, and \
             `chance` the value that is most frequent in training.\n\n| attribute | chance | real | drawn |\n| --- | ---: | ---: | \
             ---: |\n",
            result["captions"]
        );
        let rows = result["attributes"].as_array().into_iter().flatten();
        for (name, row) in rows
            .map(|row| (row["attribute"].as_str().unwrap_or_default(), row))
            .chain([("**mean**", &result["mean"])])
        {
            let share = |key: &str| {
                row[key].as_f64().map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
            };
            let [chance, real, drawn] = ["chance", "real", "generated"].map(share);
            let _ = writeln!(text, "| {name} | {chance} | {real} | {drawn} |");
        }
    }
    text
}

/// How well edits of real images follow their captions.
fn edits(plan: &[Measurement], records: &Records) -> String {
    let names = plan.iter().filter(|measurement| measurement.part == Part::Edits);
    let rows: Vec<String> = names
        .filter_map(|measurement| records.get(&measurement.name))
        .map(|Record { result, .. }| {
            let share =
                |key: &str| format!("{:.1} %", 100.0 * result[key].as_f64().unwrap_or(f64::NAN));
            let [new, drawn, edited] = ["drawn_anew", "drawn", "edited"].map(share);
            format!(
                "| {} | {} | {new} | {drawn} | {edited} | {:.2} | {} |\n",
                result["attribute"].as_str().unwrap_or_default(),
                result["images"],
                result["ratio"].as_f64().unwrap_or(f64::NAN),
                result["changed_outside"]
            )
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n## Edits\n\nReal held-out images are given another value of an attribute by its word in the caption, where \
         its values are told apart; the share whose new value the probe reads off, beside images that are drawn as a \
         whole from the same captions.\n\n| attribute | images | drawn anew | drawn as a whole | edited | edited / \
         drawn | pixels changed outside |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n{}",
        rows.concat()
    )
}

/// The figures of sweeps, and their tables.
fn sweeps(plan: &[Measurement], records: &Records) -> String {
    let mut text = String::new();
    for measurement in plan {
        let Part::Sweep { title } = measurement.part else { continue };
        let (Some(folder), Some(_)) = (measurement.folder(), records.get(&measurement.name)) else {
            continue;
        };
        let table = records.text(&folder, "table.md").unwrap_or_default();
        let _ = write!(
            text,
            "\n## {title}\n\n![Quality against network calls]({folder}/quality.svg)\n\n\
             ![Heat map]({folder}/heat-map.svg)\n\n{}\n",
            // Less its heading, since it has one here.
            table.split_once('\n').map_or("", |(_, rest)| rest.trim())
        );
    }
    text
}

/// The command behind every number.
fn commands(plan: &[Measurement], records: &Records) -> String {
    let mut text = "\n## Commands\n\n| record | command |\n| --- | --- |\n".to_owned();
    for Measurement { name, .. } in plan {
        if let Some(Record { command, .. }) = records.get(name) {
            let _ = writeln!(text, "| [`{name}`](docs/quality/{name}.json) | `{command}` |");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_its_error_and_a_share_is_in_percent() {
        let metric = |value: f64, error: Option<f64>| serde_json::json!({ "value": value, "standard_error": error });
        for (value, error, is_share, text) in [
            (34.936, Some(0.204), false, "34.94 ± 0.20"),
            (0.0245, None, false, "0.0245"),
            (0.971, None, true, "97.1 %"),
            (0.5, Some(0.01), true, "50.0 ± 1.0 %"),
        ] {
            assert_eq!(cell(&metric(value, error), is_share), text);
        }
        assert_eq!(cell(&Value::Null, false), "-");
    }
}
