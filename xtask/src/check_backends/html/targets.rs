//! The processes of the targets: how each ended and on what device, its last words, its time.

use ::tests::Verdict;
use ::tests::conformance::{DeviceInfo, Row, RowEnd};
use maud::{Markup, html};

use super::cases::group_of;
use super::notation::{class, end, end_class, memory, reason, seconds, word};

/// The verdicts that are counted, in the order of their columns.
const COUNTED: [Verdict; 5] =
    [Verdict::Passed, Verdict::Failed, Verdict::Known, Verdict::Unexpected, Verdict::Skipped];

/// Number of groups whose times are shown of each target.
const SLOWEST: usize = 10;

/// One row a target: how it ended, on what device, and how many cases had which verdict.
pub(super) fn table(rows: &[Row]) -> Markup {
    html! {
        section #targets {
            h2 { "Targets" }
            div.wide {
                table.list {
                    thead {
                        tr {
                            @for name in ["target", "state", "adapter", "driver"] { th { (name) } }
                            th.number { "memory" }
                            @for name in ["precisions", "attention"] { th { (name) } }
                            @for counted in COUNTED { th.number { (word(counted)) } }
                            th.number { "time" }
                        }
                    }
                    tbody { @for row in rows { (target(row)) } }
                }
            }
        }
    }
}

fn target(row: &Row) -> Markup {
    // All of it is with the logs.
    let reason = reason(row).lines().next();
    html! {
        tr {
            th scope="row" { code { (row.target) } }
            @if let Some(of) = &row.device {
                td { (state(row)) @if let Some(line) = reason { div.reason { (line) } } }
                (device(of))
            } @else {
                td { (state(row)) }
                td.reason colspan="5" { (reason.unwrap_or_default()) }
            }
            @for counted in COUNTED {
                @let number = row.count(counted);
                td.number.(if number == 0 { "none" } else { class(counted) }) { (number) }
            }
            td.number { (seconds(row.seconds)) }
        }
    }
}

fn state(row: &Row) -> Markup {
    html! { span.state.(end_class(row)) { (end(row)) } }
}

fn device(device: &DeviceInfo) -> Markup {
    html! {
        td title=(device.backend) { (device.adapter) }
        td { (device.driver) }
        td.number { @if let Some(bytes) = device.memory { (memory(bytes)) } }
        td { (device.precisions.join(", ")) }
        td { (device.attention) }
    }
}

/// The reason and the end of the log of each target that did not finish.
pub(super) fn logs(rows: &[Row]) -> Markup {
    let mut unfinished = rows.iter().filter(|row| row.end != RowEnd::Finished).peekable();
    html! {
        section #logs {
            h2 { "Targets that did not finish" }
            @if unfinished.peek().is_none() {
                p.nothing { "None." }
            }
            @for row in unfinished { (log(row)) }
        }
    }
}

fn log(row: &Row) -> Markup {
    let reason = reason(row);
    html! {
        details.log open[!row.is_success()] {
            summary { code { (row.target) } " " (state(row)) }
            @if !reason.is_empty() { pre.reason.(end_class(row)) { (reason) } }
            @if !row.log.trim().is_empty() {
                pre { (row.log.trim_end()) }
            } @else if reason.is_empty() {
                p.nothing { "It wrote nothing." }
            }
        }
    }
}

/// For each target its slowest groups, as bars on a scale of its own.
pub(super) fn timings(rows: &[Row]) -> Markup {
    html! {
        section #timings {
            h2 { "Slowest groups" }
            div.timings {
                @for row in rows.iter().filter(|row| !row.outcomes.is_empty()) { (times(row)) }
            }
        }
    }
}

fn times(row: &Row) -> Markup {
    let slowest = slowest(row);
    let longest = slowest.first().map_or(0.0, |(_, time)| *time);
    html! {
        section {
            h3 { code { (row.target) } " " small { (seconds(row.seconds)) } }
            table {
                @for (group, time) in slowest {
                    tr {
                        th scope="row" { (group) }
                        td { b style={ "width:" (share(time, longest)) "%" } {} }
                        td.number { (seconds(time)) }
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
        let name = group_of(&outcome.case);
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

    use super::super::sample::{crashed, failed, passed, row};
    use super::*;

    #[test]
    fn a_target_shows_its_state_and_its_counts() {
        let outcomes = vec![passed("a/b"), failed("a/c")];
        let table = table(&[crashed("wgpu-f32", "rope", outcomes)]).into_string();
        for part in [
            "<span class=\"state f\">crashed during rope</span>",
            "<td class=\"number p\">1</td><td class=\"number f\">1</td>",
            "<td class=\"number none\">0</td>",
            "signal 11",
        ] {
            assert!(table.contains(part), "{part}: {table}");
        }
    }

    #[test]
    fn rows_are_as_wide_as_the_head() {
        let bare = row("flex-f32", Vec::new());
        let full = Row { device: Some(DeviceInfo::default()), ..bare.clone() };
        let columns = table(&[]).into_string().matches("</th>").count();
        let cells = |row| target(row).into_string().matches("<t").count() - 1;
        assert_eq!(cells(&full), columns);
        assert_eq!(cells(&bare), columns - 4);
        assert!(target(&bare).into_string().contains("colspan=\"5\""));
    }

    #[test]
    fn a_device_shows_what_it_is() {
        let device = DeviceInfo {
            adapter: "NVIDIA H100".to_owned(),
            memory: Some(80 << 30),
            precisions: vec!["f32".to_owned(), "bf16".to_owned()],
            ..DeviceInfo::default()
        };
        let row = Row { device: Some(device), ..row("cuda-f32", Vec::new()) };
        let table = table(&[row]).into_string();
        for shown in ["NVIDIA H100", "80.0 GiB", "f32, bf16"] {
            assert!(table.contains(shown), "{shown}");
        }
    }

    #[test]
    fn the_last_words_of_what_did_not_finish_are_kept() {
        let rows = [crashed("wgpu-f32", "rope", Vec::new()), row("flex-f32", Vec::new())];
        let logs = logs(&rows).into_string();
        for part in
            ["<pre>the last words</pre>", "<details class=\"log\" open>", "signal 11", "wgpu-f32"]
        {
            assert!(logs.contains(part), "{part}: {logs}");
        }
        assert!(!logs.contains("flex-f32"), "{logs}");
    }

    #[test]
    fn times_of_a_group_are_added_and_the_longest_comes_first() {
        let case = |name: &str, seconds| Outcome { seconds, ..passed(name) };
        let mut outcomes = vec![case("a/x", 1.0), case("b/x", 3.0), case("a/y", 1.5)];
        assert_eq!(slowest(&row("flex-f32", outcomes.clone())), [("b", 3.0), ("a", 2.5)]);
        outcomes.extend((0..20).map(|number| case(&format!("more_{number}/x"), 0.1)));
        assert_eq!(slowest(&row("flex-f32", outcomes)).len(), SLOWEST);
    }

    #[test]
    fn bars_of_time_are_parts_of_the_longest() {
        assert_eq!(share(1.0, 4.0), "25.0");
        assert_eq!(share(0.0, 0.0), "0.0");
    }
}
