//! The matrix of targets and cases, whose rows are folded into groups.

use std::collections::{HashMap, HashSet};

use ::tests::conformance::{Row, RowEnd};
use ::tests::{Outcome, Verdict};
use maud::{Markup, html};

use super::notation::{
    bar, class, during, end, end_class, error, multiple, ratio, seconds, word, worst, worst_first,
    worst_ratio,
};

/// The verdicts in the order in which a group's cell tells them.
const TOLD: [(Verdict, &str); 5] = [
    (Verdict::Passed, "ok"),
    (Verdict::Known, "known"),
    (Verdict::Unexpected, "unexpected"),
    (Verdict::Reported, "reported"),
    (Verdict::Skipped, "skipped"),
];

/// The cases whose names begin alike.
#[derive(Debug, PartialEq)]
struct Group<'a> {
    /// The common beginning.
    name: &'a str,
    /// The full names, in the order they were run; none if every target died before the first.
    cases: Vec<&'a str>,
}

/// One target and its outcome of each case.
struct Column<'a> {
    row: &'a Row,
    outcomes: HashMap<&'a str, &'a Outcome>,
}

/// The part of a case's name that names its group: what is before the first `/`.
pub(super) fn group_of(case: &str) -> &str {
    case.split_once('/').map_or(case, |(group, _)| group)
}

/// All groups of all targets, as they first appear.
fn groups(rows: &[Row]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut seen = HashSet::new();
    for row in rows {
        let cases = row.outcomes.iter().map(|outcome| Some(outcome.case.as_str()));
        for case in cases.chain([None]) {
            let Some(name) = case.map(group_of).or(during(row)) else { continue };
            let place = *places.entry(name).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Group { name, cases: Vec::new() });
            }
            if let Some(case) = case.filter(|case| seen.insert(*case)) {
                groups[place].cases.push(case);
            }
        }
    }
    groups
}

impl<'a> Column<'a> {
    /// The column of a target; of a case that was recorded twice it shows the worse outcome.
    fn new(row: &'a Row) -> Self {
        let mut outcomes: HashMap<&str, &Outcome> = HashMap::new();
        for outcome in &row.outcomes {
            let kept = outcomes.entry(&outcome.case).or_insert(outcome);
            if worst_first(outcome, kept).is_lt() {
                *kept = outcome;
            }
        }
        Self { row, outcomes }
    }

    /// The outcome of a case; `None` if it was not run.
    fn outcome(&self, case: &str) -> Option<&'a Outcome> {
        self.outcomes.get(case).copied()
    }

    /// The outcomes of a group, and whether the target died in it.
    fn of(&self, group: &Group<'_>) -> (Vec<&'a Outcome>, bool) {
        let outcomes = group.cases.iter().filter_map(|case| self.outcome(case));
        (outcomes.collect(), during(self.row) == Some(group.name))
    }
}

/// A fold a group of cases, with a column a target; groups with a failure are open.
pub(super) fn matrix(rows: &[Row]) -> Markup {
    let (shown, left_out): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| was_run(row));
    let columns: Vec<Column<'_>> = shown.into_iter().map(Column::new).collect();
    let name = |row: &&Row| format!("{} ({})", row.target, end(row));
    let left_out: Vec<String> = left_out.iter().map(name).collect();
    let groups = groups(rows);
    html! {
        section #cases {
            h2 { "Cases" }
            @if !left_out.is_empty() {
                p.nothing { "Without a column: " (left_out.join(", ")) "." }
            }
            @if groups.is_empty() {
                p.nothing { "No case was run." }
            } @else {
                div.matrix style={ "--n:" (columns.len()) } {
                    div.heads {
                        span { "group" }
                        @for Column { row, .. } in &columns {
                            span.(end_class(row)) title=(end(row)) { (row.target) }
                        }
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

fn fold(group: &Group<'_>, columns: &[Column<'_>]) -> Markup {
    let cells: Vec<_> = columns.iter().map(|column| column.of(group)).collect();
    let open = cells.iter().any(|(outcomes, died)| is_failure(outcomes, *died));
    html! {
        details open[open] {
            summary {
                span { (group.name) " " small { (group.cases.len()) } }
                @for (outcomes, died) in &cells { (group_cell(outcomes, *died)) }
            }
            table {
                @for case in &group.cases {
                    tr {
                        th scope="row" { (short_name(case, group.name)) }
                        @for column in columns { (case_cell(column.outcome(case))) }
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

/// The cell of several cases on one target: their verdicts and the worst ratio of error to limit.
pub(super) fn group_cell(outcomes: &[&Outcome], died: bool) -> Markup {
    let ratio = worst_ratio(outcomes);
    html! {
        span.g.(group_class(outcomes, died)) title=(group_tooltip(outcomes)) {
            i { (told(outcomes, died)) }
            @if let Some(ratio) = ratio { i { (multiple(ratio)) } }
            (bar(ratio))
        }
    }
}

fn is_failure(outcomes: &[&Outcome], died: bool) -> bool {
    died || count(outcomes, Verdict::Failed) > 0
}

fn group_class(outcomes: &[&Outcome], died: bool) -> &'static str {
    match worst(outcomes) {
        _ if died => class(Verdict::Failed),
        Some(worst) => class(worst.verdict),
        None => "x",
    }
}

/// How many cases had which verdict, in words; of failures only these.
pub(super) fn told(outcomes: &[&Outcome], died: bool) -> String {
    match (outcomes.len(), count(outcomes, Verdict::Failed)) {
        (0, _) if died => "died here".to_owned(),
        (0, _) => "–".to_owned(),
        (all, _) if died => format!("died after {all}"),
        (_, 0) => {
            let counts = TOLD.map(|(verdict, word)| (count(outcomes, verdict), word));
            let some = counts.into_iter().filter(|(number, _)| *number > 0);
            some.map(|(number, word)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
        }
        (all, 1) => format!("1 of {all} fails"),
        (all, failed) => format!("{failed} of {all} fail"),
    }
}

fn group_tooltip(outcomes: &[&Outcome]) -> String {
    let time = seconds(outcomes.iter().map(|outcome| outcome.seconds).sum());
    match worst(outcomes).filter(|worst| ratio(worst).is_some()) {
        Some(worst) => format!("{time}\nworst: {}", worst.case),
        None => time,
    }
}

fn count(outcomes: &[&Outcome], verdict: Verdict) -> usize {
    outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
}

/// The cell of one case on one target: a bar and the error, all else in the tooltip; a dash where
/// the case was not run.
fn case_cell(outcome: Option<&Outcome>) -> Markup {
    let Some(outcome) = outcome else {
        return html! { td.x { "–" } };
    };
    html! {
        td class=(class(outcome.verdict)) title=(case_tooltip(outcome)) {
            (bar(outcome.ratio()))
            @match outcome.error {
                Some(value) => (error(value, 1)),
                None => (word(outcome.verdict)),
            }
        }
    }
}

/// Everything known of an outcome but its name, a line each.
fn case_tooltip(outcome: &Outcome) -> String {
    let measured = outcome.error.map(|value| format!("{} {}", outcome.measure, error(value, 3)));
    let limit = outcome.limit.map(|limit| format!("limit {}", error(limit, 3)));
    let numbers = measured.into_iter().chain(limit).collect::<Vec<_>>().join(", ");
    let ratio = outcome.ratio().map(|ratio| format!(" ({})", multiple(ratio)));
    let verdict = word(outcome.verdict);
    let colon = if numbers.is_empty() { "" } else { ": " };
    let first = format!("{verdict}{colon}{numbers}{}", ratio.unwrap_or_default());
    let lines = [first.as_str(), &outcome.basis, &outcome.details].into_iter();
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{crashed, failed, passed, row, skipped};
    use super::*;

    fn matrix_of(rows: &[Row]) -> String {
        matrix(rows).into_string()
    }

    #[test]
    fn groups_are_the_beginnings_of_names() {
        let rows = [
            row("a", vec![passed("rope/sin"), passed("cls_a")]),
            row("b", vec![passed("rope/cos"), passed("rope/sin")]),
            crashed("c", "euler", vec![passed("cls_a/x")]),
        ];
        let group = |name, cases: &[&'static str]| Group { name, cases: cases.to_vec() };
        let expected = [
            group("rope", &["rope/sin", "rope/cos"]),
            group("cls_a", &["cls_a", "cls_a/x"]),
            group("euler", &[]),
        ];
        assert_eq!(groups(&rows), expected);
    }

    #[test]
    fn of_two_outcomes_the_worse_is_shown() {
        for outcomes in [[passed("a/b"), failed("a/b")], [failed("a/b"), passed("a/b")]] {
            let row = row("flex-f32", outcomes.to_vec());
            assert_eq!(Column::new(&row).outcome("a/b"), Some(&failed("a/b")));
        }
    }

    #[test]
    fn groups_with_a_failure_are_open() {
        let rows = [row("flex-f32", vec![passed("good/a"), failed("bad/a")])];
        let matrix = matrix_of(&rows);
        assert!(matrix.contains("<details><summary><span>good "), "{matrix}");
        assert!(matrix.contains("<details open><summary><span>bad "), "{matrix}");
    }

    #[test]
    fn the_group_that_a_target_died_in_is_open_and_no_other() {
        let matrix = matrix_of(&[crashed("wgpu-f32", "rope", vec![passed("good/a")])]);
        assert!(matrix.contains("<details><summary><span>good "), "{matrix}");
        assert!(matrix.contains("<details open><summary><span>rope "), "{matrix}");
        assert!(matrix.contains("died here"), "{matrix}");
    }

    #[test]
    fn cases_that_a_target_did_not_run_are_dashes() {
        let rows = [row("flex-f32", vec![passed("a/b")]), row("wgpu-f32", vec![passed("a/c")])];
        let matrix = matrix_of(&rows);
        assert_eq!(matrix.matches("<td class=\"x\">–</td>").count(), 2);
        assert_eq!(matrix.matches("<td class=\"p\"").count(), 2);
    }

    #[test]
    fn a_target_without_a_device_has_no_column() {
        let matrix = matrix_of(&[row("flex-f32", vec![passed("a/b")]), skipped("cuda-f32")]);
        assert!(matrix.contains("--n:1"), "{matrix}");
        assert!(matrix.contains("Without a column: cuda-f32 (skipped)."));
    }

    #[test]
    fn names_of_cases_do_not_repeat_their_group() {
        assert_eq!(short_name("rope/hd16/sin", "rope"), "hd16/sin");
        assert_eq!(short_name("cls_a", "cls_a"), "cls_a");
    }

    #[test]
    fn a_group_tells_its_counts_and_has_the_colour_of_its_worst_case() {
        let (good, bad) = (passed("a/b"), failed("a/c"));
        let known = Outcome { verdict: Verdict::Known, ..bad.clone() };
        let skipped = Outcome::skipped("a/d", "unknown");
        let cases: [(&[&Outcome], bool, &str, &str); 9] = [
            (&[&good, &good], false, "2 ok", "p"),
            (&[&good, &bad], false, "1 of 2 fails", "f"),
            (&[&bad, &bad], false, "2 of 2 fail", "f"),
            (&[&good, &known, &skipped], false, "1 ok, 1 known, 1 skipped", "k"),
            (&[&good, &skipped], false, "1 ok, 1 skipped", "p"),
            (&[&skipped], false, "1 skipped", "s"),
            (&[&good], true, "died after 1", "f"),
            (&[], true, "died here", "f"),
            (&[], false, "–", "x"),
        ];
        for (outcomes, died, words, class) in cases {
            assert_eq!(told(outcomes, died), words);
            assert_eq!(group_class(outcomes, died), class, "{words}");
        }
    }

    #[test]
    fn the_worst_ratio_is_shown_and_its_case_named() {
        let (good, bad) = (passed("a/b"), failed("a/c"));
        let cell = group_cell(&[&good, &bad], false).into_string();
        assert!(cell.contains("<i>2.00×</i>") && cell.contains("worst: a/c"), "{cell}");
    }

    #[test]
    fn a_cell_has_a_bar_a_number_and_the_rest_as_tooltip() {
        let outcome = passed("a/b").with_details("worst parameter \"bias\"");
        let expected = "<td class=\"p\" title=\"passed: rel_l2 2.500e-6, limit 1.000e-5 (0.25×)\n\
            10 x its file\nworst parameter &quot;bias&quot;\">\
            <s><b style=\"width:56.6%\"></b></s>2.5e-6</td>";
        assert_eq!(case_cell(Some(&outcome)).into_string(), expected);
    }

    #[test]
    fn what_was_not_measured_has_a_word() {
        let broken = Outcome::broken("a/b", "it fell");
        let expected = "<td class=\"f\" title=\"failed\nit fell\">failed</td>";
        assert_eq!(case_cell(Some(&broken)).into_string(), expected);
        let reported = passed("a/b").without_limit();
        let expected = "<td class=\"r\" title=\"reported: rel_l2 2.500e-6\">2.5e-6</td>";
        assert_eq!(case_cell(Some(&reported)).into_string(), expected);
    }
}
