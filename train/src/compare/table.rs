//! A comparison in tables, for the terminal and the page.

use maud::{Markup, html};
use pixelflow_host::output::one_line;

use super::comparison::{Best, Comparison, Summary};
use super::meeting::Meeting;
use crate::page::{shown, table};

/// Rows of meetings in the terminal, at most: the last ones.
const MEETINGS: usize = 5;
/// Letters of a value of a setting in the terminal, at most.
const LETTERS: usize = 40;

type Rows = Vec<Vec<String>>;

/// All of it in lines.
pub(super) fn text(comparison: &Comparison) -> String {
    let names: Vec<String> = comparison.runs.iter().map(|run| one_line(&run.name)).collect();
    let head = |first: &str| [vec![first.to_owned()], names.clone()].concat();
    let mut blocks = vec![aligned(&[vec![head("")], number_rows(comparison)].concat())];
    for (title, meetings) in [
        ("validation loss at step", &comparison.at_equal_steps),
        ("validation loss after images", &comparison.at_equal_images),
    ] {
        let last = &meetings[meetings.len().saturating_sub(MEETINGS)..];
        blocks.push(if last.is_empty() {
            format!("{title}: there is none that all runs have")
        } else {
            aligned(&[vec![head(title)], meeting_rows(last)].concat())
        });
    }
    if is_interpolated(comparison) {
        blocks.push("~ lies between two validations".to_owned());
    }
    blocks.push(if comparison.settings.is_empty() {
        "all settings are the same".to_owned()
    } else {
        aligned(&[vec![head("settings that differ")], setting_rows(comparison, LETTERS)].concat())
    });
    blocks.extend(comparison.notes.iter().map(|note| format!("note: {}", one_line(note))));
    blocks.join("\n\n")
}

/// Whether a loss lies between two validations.
fn is_interpolated(comparison: &Comparison) -> bool {
    comparison.at_equal_images.iter().any(|meeting| meeting.interpolated.contains(&true))
}

/// The numbers of all runs, as a part of a page.
pub(super) fn numbers(comparison: &Comparison) -> Markup {
    table("Numbers", &head(comparison, ""), &number_rows(comparison))
}

/// The losses where the runs meet, as a part of a page.
pub(super) fn meetings(comparison: &Comparison) -> Markup {
    html! {
        @for (title, meetings) in
            [("step", &comparison.at_equal_steps), ("images", &comparison.at_equal_images)]
        {
            @if meetings.is_empty() {
                p { "There is no " (title) " count at which all runs have a validation loss." }
            } @else {
                (table(title, &head(comparison, title), &meeting_rows(meetings)))
            }
        }
        @if is_interpolated(comparison) {
            p.soft { "~ lies between two validations, on the straight line." }
        }
    }
}

/// The settings that differ, as a part of a page.
pub(super) fn settings(comparison: &Comparison) -> Markup {
    html! {
        @if comparison.settings.is_empty() {
            p { "All settings are the same." }
        } @else {
            div.words { (table("Settings", &head(comparison, "setting"), &setting_rows(comparison, usize::MAX))) }
        }
    }
}

fn head<'a>(comparison: &'a Comparison, first: &'a str) -> Vec<&'a str> {
    [first].into_iter().chain(comparison.runs.iter().map(|run| run.name.as_str())).collect()
}

fn number_rows(comparison: &Comparison) -> Rows {
    let row = |name: &str, value: &dyn Fn(&Summary) -> String| {
        [name.to_owned()].into_iter().chain(comparison.runs.iter().map(value)).collect()
    };
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), shown);
    let best = |best: Option<&Best>| {
        best.map_or_else(
            || "–".to_owned(),
            |best| format!("{} (step {})", shown(best.value), best.step),
        )
    };
    let mut rows: Rows = vec![
        row("steps", &|run| run.steps.to_string()),
        row("images", &|run| run.images.to_string()),
        row("seconds", &|run| number(run.seconds)),
        row("images/s", &|run| number(run.images_per_second)),
        row("last training loss", &|run| number(run.loss)),
        row("best validation loss", &|run| best(run.best_validation.as_ref())),
    ];
    let mut metrics: Vec<&String> =
        comparison.runs.iter().flat_map(|run| run.best_evaluation.keys()).collect();
    metrics.sort();
    metrics.dedup();
    for name in metrics {
        rows.push(row(&format!("best {name}"), &|run| best(run.best_evaluation.get(name))));
    }
    rows
}

fn meeting_rows(meetings: &[Meeting]) -> Rows {
    let row = |meeting: &Meeting| {
        let losses = meeting.losses.iter().zip(&meeting.interpolated);
        let loss = |(loss, is_between): (&f64, &bool)| {
            format!("{}{}", if *is_between { "~" } else { "" }, shown(*loss))
        };
        [meeting.at.to_string()].into_iter().chain(losses.map(loss)).collect()
    };
    meetings.iter().map(row).collect()
}

fn setting_rows(comparison: &Comparison, letters: usize) -> Rows {
    let cut = |text: &String| {
        let text = one_line(text);
        if text.chars().count() <= letters {
            return text;
        }
        text.chars().take(letters - 1).chain(['…']).collect()
    };
    let row = |setting: &super::comparison::Setting| {
        [setting.key.clone()].into_iter().chain(setting.values.iter().map(cut)).collect()
    };
    comparison.settings.iter().map(row).collect()
}

/// Rows in columns: the first on the left, the others on the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = aligned(&[row(["", "runs/a", "b"]), row(["steps", "7", "12345"])]);
        assert_eq!(text, "       runs/a      b\nsteps       7  12345");
    }
}
