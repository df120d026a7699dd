//! Where the time of each target went.

use ::tests::conformance::Row;
use maud::{Markup, html};

use super::{grouping, numbers};

/// How many groups are shown of each target.
const SLOWEST: usize = 10;

/// For each target its slowest groups, as bars on a scale of its own.
pub(super) fn section(rows: &[Row]) -> Markup {
    html! {
        section #timings {
            h2 { "Slowest groups" }
            div.timings {
                @for row in rows.iter().filter(|row| !row.outcomes.is_empty()) { (target(row)) }
            }
        }
    }
}

fn target(row: &Row) -> Markup {
    let slowest = slowest(row);
    let longest = slowest.first().map_or(0.0, |(_, seconds)| *seconds);
    html! {
        section {
            h3 { code { (row.target) } " " small { (numbers::seconds(row.seconds)) } }
            table {
                @for (group, seconds) in slowest {
                    tr {
                        th scope="row" { (group) }
                        td { b style={ "width:" (share(seconds, longest)) "%" } {} }
                        td.number { (numbers::seconds(seconds)) }
                    }
                }
            }
        }
    }
}

/// The groups that took longest and their seconds, the longest first.
fn slowest(row: &Row) -> Vec<(&str, f64)> {
    let mut groups: Vec<(&str, f64)> = Vec::new();
    for outcome in &row.outcomes {
        let name = grouping::group_of(&outcome.case);
        match groups.iter_mut().find(|(group, _)| *group == name) {
            Some((_, seconds)) => *seconds += outcome.seconds,
            None => groups.push((name, outcome.seconds)),
        }
    }
    groups.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    groups.truncate(SLOWEST);
    groups
}

/// Percent of the longest time; of no time nothing.
fn share(seconds: f64, longest: f64) -> String {
    let share = if longest > 0.0 { 100.0 * seconds / longest } else { 0.0 };
    format!("{share:.1}")
}

#[cfg(test)]
mod tests {
    use ::tests::Outcome;

    use super::super::sample;
    use super::*;

    #[test]
    fn times_of_a_group_are_added_and_the_longest_comes_first() {
        let case = |name, seconds| Outcome { seconds, ..sample::passed(name) };
        let mut outcomes = vec![case("a/x", 1.0), case("b/x", 3.0), case("a/y", 1.5)];
        let row = sample::row("flex-f32", outcomes.clone());
        assert_eq!(slowest(&row), [("b", 3.0), ("a", 2.5)]);
        let names: Vec<String> = (0..20).map(|number| format!("more_{number}/x")).collect();
        outcomes.extend(names.iter().map(|name| case(name.as_str(), 0.1)));
        assert_eq!(slowest(&sample::row("flex-f32", outcomes)).len(), SLOWEST);
    }

    #[test]
    fn bars_are_parts_of_the_longest() {
        assert_eq!(share(1.0, 4.0), "25.0");
        assert_eq!(share(0.0, 0.0), "0.0");
    }
}
