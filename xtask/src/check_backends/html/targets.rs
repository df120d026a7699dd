//! The table of targets.

use ::tests::Verdict;
use ::tests::conformance::{DeviceInfo, Row};
use maud::{Markup, html};

use super::{numbers, row_end, verdict};

/// The verdicts that are counted, in the order of their columns.
const COUNTED: [Verdict; 5] =
    [Verdict::Passed, Verdict::Failed, Verdict::Known, Verdict::Unexpected, Verdict::Skipped];

/// One row a target: how it ended, on what device, and how many cases had which verdict.
pub(super) fn section(rows: &[Row]) -> Markup {
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
                            @for counted in COUNTED { th.number { (verdict::word(counted)) } }
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
    html! {
        tr {
            th scope="row" { code { (row.target) } }
            @if let Some(of) = &row.device {
                td { (state(row)) @if let Some(line) = reason(row) { div.reason { (line) } } }
                (device(of))
            } @else {
                td { (state(row)) }
                td.reason colspan="5" { (reason(row).unwrap_or_default()) }
            }
            @for counted in COUNTED { (count(counted, row.count(counted))) }
            td.number { (numbers::seconds(row.seconds)) }
        }
    }
}

fn state(row: &Row) -> Markup {
    html! { span.state.(row_end::class(row)) { (row_end::words(row)) } }
}

/// The first line of why it did not finish; all of it is with the logs.
fn reason(row: &Row) -> Option<&str> {
    row_end::reason(row).lines().next()
}

fn device(device: &DeviceInfo) -> Markup {
    html! {
        td title=(device.backend) { (device.adapter) }
        td { (device.driver) }
        td.number { @if let Some(bytes) = device.memory { (numbers::memory(bytes)) } }
        td { (device.precisions.join(", ")) }
        td { (device.attention) }
    }
}

fn count(verdict: Verdict, number: usize) -> Markup {
    let class = if number == 0 { "none" } else { verdict::class(verdict) };
    html! { td.number.(class) { (number) } }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_target_shows_its_state_and_its_counts() {
        let outcomes = vec![sample::passed("a/b"), sample::failed("a/c")];
        let table = section(&[sample::crashed("wgpu-f32", "rope", outcomes)]).into_string();
        assert!(table.contains("<span class=\"state f\">crashed during rope</span>"));
        assert!(table.contains("<td class=\"number p\">1</td><td class=\"number f\">1</td>"));
        assert!(table.contains("<td class=\"number none\">0</td>"));
        assert!(table.contains("signal 11"));
    }

    #[test]
    fn rows_are_as_wide_as_the_head() {
        let bare = sample::row("flex-f32", Vec::new());
        let device = Some(DeviceInfo::default());
        let full = Row { device, ..bare.clone() };
        let columns = section(&[]).into_string().matches("</th>").count();
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
        let row = Row { device: Some(device), ..sample::row("cuda-f32", Vec::new()) };
        let table = section(&[row]).into_string();
        for shown in ["NVIDIA H100", "80.0 GiB", "f32, bf16"] {
            assert!(table.contains(shown), "{shown}");
        }
    }
}
