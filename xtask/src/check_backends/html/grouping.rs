//! Cases in groups, and what each target made of them.

use std::collections::{HashMap, HashSet};

use ::tests::Outcome;
use ::tests::conformance::Row;

use super::{row_end, verdict};

/// The cases whose names begin alike.
#[derive(Debug, PartialEq)]
pub(super) struct Group<'a> {
    /// The common beginning.
    pub name: &'a str,
    /// The full names, in the order they were run; none if every target died before the first.
    pub cases: Vec<&'a str>,
}

/// What one target made of the cases.
pub(super) struct Column<'a> {
    /// The target.
    pub row: &'a Row,
    outcomes: HashMap<&'a str, &'a Outcome>,
}

/// The part of a case's name that names its group: what is before the first `/`.
pub(super) fn group_of(case: &str) -> &str {
    case.split_once('/').map_or(case, |(group, _)| group)
}

/// All groups of all targets, as they first appear.
pub(super) fn groups(rows: &[Row]) -> Vec<Group<'_>> {
    let mut groups = Groups::default();
    for row in rows {
        for outcome in &row.outcomes {
            groups.add_case(&outcome.case);
        }
        if let Some(name) = row_end::during(row) {
            groups.named(name);
        }
    }
    groups.found
}

/// Groups while they are collected.
#[derive(Default)]
struct Groups<'a> {
    found: Vec<Group<'a>>,
    places: HashMap<&'a str, usize>,
    seen: HashSet<&'a str>,
}

impl<'a> Groups<'a> {
    fn named(&mut self, name: &'a str) -> &mut Group<'a> {
        let place = *self.places.entry(name).or_insert(self.found.len());
        if place == self.found.len() {
            let cases = Vec::new();
            self.found.push(Group { name, cases });
        }
        &mut self.found[place]
    }

    fn add_case(&mut self, case: &'a str) {
        if self.seen.insert(case) {
            self.named(group_of(case)).cases.push(case);
        }
    }
}

impl<'a> Column<'a> {
    /// The column of a target; of a case that was recorded twice it shows the worse outcome.
    pub fn new(row: &'a Row) -> Self {
        let mut outcomes: HashMap<&str, &Outcome> = HashMap::new();
        for outcome in &row.outcomes {
            let kept = outcomes.entry(&outcome.case).or_insert(outcome);
            if verdict::worst_first(outcome, kept).is_lt() {
                *kept = outcome;
            }
        }
        Self { row, outcomes }
    }

    /// What became of a case; `None` if it was not run.
    pub fn outcome(&self, case: &str) -> Option<&'a Outcome> {
        self.outcomes.get(case).copied()
    }

    /// What became of the cases of a group.
    pub fn outcomes(&self, group: &Group<'_>) -> Vec<&'a Outcome> {
        let outcome = |case: &&str| self.outcome(case);
        group.cases.iter().filter_map(outcome).collect()
    }

    /// Whether the target died in a group.
    pub fn died_in(&self, group: &Group<'_>) -> bool {
        row_end::during(self.row) == Some(group.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{crashed, failed, passed, row};
    use super::*;

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
            let column = Column::new(&row);
            assert_eq!(column.outcome("a/b"), Some(&failed("a/b")));
        }
    }

    #[test]
    fn a_group_may_be_where_a_target_died() {
        let row = crashed("c", "euler", vec![passed("rope/sin")]);
        let column = Column::new(&row);
        let groups = groups(std::slice::from_ref(&row));
        let died: Vec<bool> = groups.iter().map(|group| column.died_in(group)).collect();
        assert_eq!(died, [false, true]);
    }
}
