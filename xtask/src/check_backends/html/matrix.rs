//! The matrix of targets and cases.

use ::tests::conformance::{Row, RowEnd};
use maud::{Markup, html};

use super::grouping::{Column, Group, groups};
use super::{case_cell, group_cell, row_end};

/// A fold a group of cases, with a column a target; groups with a failure are open.
pub(super) fn section(rows: &[Row]) -> Markup {
    let columns: Vec<Column<'_>> =
        rows.iter().filter(|row| was_run(row)).map(Column::new).collect();
    let groups = groups(rows);
    html! {
        section #cases {
            h2 { "Cases" }
            (left_out(rows))
            @if groups.is_empty() {
                p.nothing { "No case was run." }
            } @else {
                div.matrix style={ "--n:" (columns.len()) } {
                    div.heads {
                        span { "group" }
                        @for column in &columns { (head(column.row)) }
                    }
                    @for group in &groups { (fold(group, &columns)) }
                }
            }
        }
    }
}

/// Whether a target has a column: one that there is no device for would only have dashes.
fn was_run(row: &Row) -> bool {
    let could_not = matches!(row.end, RowEnd::Skipped { .. } | RowEnd::NotBuilt { .. });
    !could_not || !row.outcomes.is_empty()
}

fn left_out(rows: &[Row]) -> Markup {
    let name = |row: &Row| format!("{} ({})", row.target, row_end::words(row));
    let rows = rows.iter().filter(|row| !was_run(row));
    let names: Vec<String> = rows.map(name).collect();
    html! {
        @if !names.is_empty() {
            p.nothing { "Without a column: " (names.join(", ")) "." }
        }
    }
}

fn head(row: &Row) -> Markup {
    html! { span.(row_end::class(row)) title=(row_end::words(row)) { (row.target) } }
}

fn fold(group: &Group<'_>, columns: &[Column<'_>]) -> Markup {
    let cells: Vec<_> =
        columns.iter().map(|column| (column.outcomes(group), column.died_in(group))).collect();
    let open = cells.iter().any(|(outcomes, died)| group_cell::is_failure(outcomes, *died));
    html! {
        details open[open] {
            summary {
                span { (group.name) " " small { (group.cases.len()) } }
                @for (outcomes, died) in &cells { (group_cell::cell(outcomes, *died)) }
            }
            table {
                @for case in &group.cases {
                    tr {
                        th scope="row" { (short_name(case, group.name)) }
                        @for column in columns { (case_cell::cell(column.outcome(case))) }
                    }
                }
            }
        }
    }
}

/// The name of a case without the group that it stands under.
fn short_name<'a>(case: &'a str, group: &str) -> &'a str {
    let rest = case.strip_prefix(group);
    rest.and_then(|rest| rest.strip_prefix('/')).unwrap_or(case)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{crashed, failed, passed, row, skipped};
    use super::*;

    fn matrix(rows: &[Row]) -> String {
        section(rows).into_string()
    }

    #[test]
    fn groups_with_a_failure_are_open() {
        let rows = [row("flex-f32", vec![passed("good/a"), failed("bad/a")])];
        let matrix = matrix(&rows);
        assert!(matrix.contains("<details><summary><span>good "), "{matrix}");
        assert!(matrix.contains("<details open><summary><span>bad "), "{matrix}");
    }

    #[test]
    fn the_group_that_a_target_died_in_is_open() {
        let matrix = matrix(&[crashed("wgpu-f32", "rope", vec![passed("good/a")])]);
        assert!(matrix.contains("<details open><summary><span>rope "), "{matrix}");
        assert!(matrix.contains("died here"), "{matrix}");
    }

    #[test]
    fn cases_that_a_target_did_not_run_are_dashes() {
        let rows = [row("flex-f32", vec![passed("a/b")]), row("wgpu-f32", vec![passed("a/c")])];
        let matrix = matrix(&rows);
        assert_eq!(matrix.matches("<td class=\"x\">–</td>").count(), 2);
        assert_eq!(matrix.matches("<td class=\"p\"").count(), 2);
    }

    #[test]
    fn a_target_without_a_device_has_no_column() {
        let matrix = matrix(&[row("flex-f32", vec![passed("a/b")]), skipped("cuda-f32")]);
        assert!(matrix.contains("--n:1"), "{matrix}");
        assert!(matrix.contains("Without a column: cuda-f32 (skipped)."));
    }

    #[test]
    fn names_of_cases_do_not_repeat_their_group() {
        assert_eq!(short_name("rope/hd16/sin", "rope"), "hd16/sin");
        assert_eq!(short_name("cls_a", "cls_a"), "cls_a");
    }
}
