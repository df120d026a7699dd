//! The top of the page: the verdict of the whole run in words, and what was run where.

use std::collections::BTreeMap;

use ::tests::conformance::{Comparison, ConformanceReport, Row, RowEnd, Target};
use ::tests::{Precision, Verdict};
use maud::{Markup, html};
use pixelflow_host::device::DeviceKind;

use super::notation::{count, end, end_class, reason, seconds};

/// Sections of the page: their anchors and names.
pub(super) const SECTIONS: [(&str, &str); 7] = [
    ("targets", "Targets"),
    ("cases", "Cases"),
    ("comparisons", "Comparisons"),
    ("findings", "Findings"),
    ("logs", "Unfinished"),
    ("timings", "Timings"),
    ("legend", "Legend"),
];

/// The verdict, when and how it was found, the machine and the versions.
pub(super) fn header(report: &ConformanceReport) -> Markup {
    let problems = problems(report);
    let class = if problems.is_empty() { "p" } else { "f" };
    html! {
        header {
            div.verdict.(class) {
                p.kicker { "PixelFlow backend conformance" }
                h1 { (headline(report)) }
                @if !problems.is_empty() {
                    ul { @for problem in &problems { li { (problem) } } }
                }
                p.notes { (notes(report).join(" · ")) }
            }
            p.run {
                time datetime=(report.started) { (report.started) }
                code { (report.command) }
                span { (seconds(report.seconds)) }
            }
            div.environment {
                (definitions("Machine", &report.machine))
                (definitions("Versions", &report.versions))
            }
            nav { @for (anchor, name) in SECTIONS { a href={ "#" (anchor) } { (name) } } }
        }
    }
}

fn definitions(title: &str, of: &BTreeMap<String, String>) -> Markup {
    html! {
        @if !of.is_empty() {
            section {
                h2 { (title) }
                dl { @for (term, value) in of { dt { (term) } dd { (value) } } }
            }
        }
    }
}

/// The verdict in one line.
pub(super) fn headline(report: &ConformanceReport) -> String {
    let rows = report.rows.iter().filter(|row| !row.is_success()).count();
    let comparisons = failed(&report.comparisons).count();
    let targets = format!("{rows} of {} failed", count(report.rows.len(), "target"));
    let compared = format!("{} failed", count(comparisons, "comparison"));
    match (rows, comparisons) {
        (0, 0) if !report.is_success() => "Nothing was run".to_owned(),
        (0, 0) if report.rows.iter().all(|row| row.end == RowEnd::Finished) => {
            "Everything passed".to_owned()
        }
        (0, 0) => "Everything required passed".to_owned(),
        (0, _) => compared,
        (_, 0) => targets,
        _ => format!("{targets}, and {compared}"),
    }
}

/// Everything that is wrong, a sentence each; empty if and only if the run is a success.
fn problems(report: &ConformanceReport) -> Vec<String> {
    let rows = report.rows.iter().filter(|row| !row.is_success());
    let mut problems: Vec<String> = rows.map(row_problem).collect();
    problems.extend(comparison_problem(&report.comparisons));
    if problems.is_empty() && !report.is_success() {
        problems.push("No target could run the cases.".to_owned());
    }
    problems
}

/// Sentences about what is no failure but worth knowing.
fn notes(report: &ConformanceReport) -> Vec<String> {
    let total = |verdict| report.rows.iter().map(|row| row.count(verdict)).sum::<usize>();
    let finished = report.rows.iter().filter(|row| row.end == RowEnd::Finished).count();
    let passed = count(total(Verdict::Passed), "case");
    let [known, unexpected] = [Verdict::Known, Verdict::Unexpected].map(total);
    [
        (finished, format!("{passed} passed on {} that finished", count(finished, "target"))),
        (known, count(known, "known upstream failure")),
        (unexpected, format!("{unexpected} passed unexpectedly")),
    ]
    .into_iter()
    .filter_map(|(number, note)| (number > 0).then_some(note))
    .chain(never_run(report))
    .collect()
}

/// Sentences about what a reader might take for tested, and is not.
fn never_run(report: &ConformanceReport) -> Vec<String> {
    let skipped = report.rows.iter().filter(|row| end_class(row) == "s");
    let skipped: Vec<&str> = skipped.map(|row| row.target.as_str()).collect();
    let gpus = report.rows.iter().filter(|row| row.end == RowEnd::Finished);
    let gpus: Vec<(&Row, Target)> = gpus
        .filter_map(|row| Some((row, row.target.parse::<Target>().ok()?)))
        .filter(|(_, target)| target.backend != DeviceKind::Cpu)
        .collect();
    // How wgpu describes an adapter that computes on the processor.
    let is_real = |row: &Row| row.device.as_ref().is_some_and(|d| !d.adapter.contains("(Cpu,"));
    let real = gpus.iter().any(|(row, _)| is_real(row));
    let half = |(row, target): &(&Row, Target)| is_real(row) && target.precision != Precision::F32;
    [
        (!skipped.is_empty(), format!("not run: {}", skipped.join(", "))),
        (!real, "no GPU has run, but in software".to_owned()),
        (real && !gpus.iter().any(half), "no GPU has run in f16 or bf16".to_owned()),
    ]
    .into_iter()
    .filter_map(|(is_so, note)| is_so.then_some(note))
    .collect()
}

fn row_problem(row: &Row) -> String {
    let (target, end) = (&row.target, end(row));
    let failures = row.count(Verdict::Failed);
    let failed = format!("{failures} of {} failed", count(row.outcomes.len(), "case"));
    match row.end {
        RowEnd::Finished if failures > 0 => format!("{target}: {failed}."),
        RowEnd::Finished => format!("{target} finished without a case that passed."),
        _ if failures > 0 => format!("{target} {end}; before that {failed}."),
        RowEnd::Skipped { .. } => format!("{target} was {end}: {}.", reason(row)),
        RowEnd::NotBuilt { .. } => format!("{target} was not built."),
        _ => format!("{target} {end}."),
    }
}

fn comparison_problem(comparisons: &[Comparison]) -> Option<String> {
    let failed: Vec<&Comparison> = failed(comparisons).collect();
    let first = failed.first()?;
    let mut pairs: Vec<_> = failed.iter().map(|c| (&c.left, &c.right)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let between = match pairs.len() {
        1 => format!("{} and {}", first.left, first.right),
        more => format!("{more} pairs of targets"),
    };
    let all = count(comparisons.len(), "comparison");
    Some(format!("{} of {all} failed, between {between}.", failed.len()))
}

fn failed(comparisons: &[Comparison]) -> impl Iterator<Item = &Comparison> {
    comparisons.iter().filter(|c| c.outcome.verdict == Verdict::Failed)
}

#[cfg(test)]
mod tests {
    use ::tests::conformance::DeviceInfo;

    use super::super::sample::{self, comparison, crashed, failed, passed, row, skipped};
    use super::*;

    #[test]
    fn success_is_said_in_words() {
        let report = sample::report(vec![row("flex-f32", vec![passed("a/b")])]);
        assert_eq!(headline(&report), "Everything passed");
        assert_eq!(problems(&report), Vec::<String>::new());
        let ran = "1 case passed on 1 target that finished";
        assert_eq!(notes(&report), [ran, "no GPU has run, but in software"]);
        let rows = vec![row("flex-f32", vec![passed("a/b")]), skipped("cuda-f32")];
        let report = sample::report(rows);
        assert_eq!(headline(&report), "Everything required passed");
        assert_eq!(notes(&report)[1], "not run: cuda-f32");
    }

    #[test]
    fn a_gpu_in_software_is_no_gpu_and_f32_no_half_precision() {
        let on = |target: &str, adapter: &str| Row {
            device: Some(DeviceInfo { adapter: adapter.to_owned(), ..DeviceInfo::default() }),
            ..row(target, vec![passed("a/b")])
        };
        let software = on("wgpu-f16", "llvmpipe (Cpu, Vulkan)");
        let real = |target| on(target, "NVIDIA H100");
        let never = |row: Row| never_run(&sample::report(vec![row]));
        assert_eq!(never(software), ["no GPU has run, but in software"]);
        assert_eq!(never(real("cuda-f32")), ["no GPU has run in f16 or bf16"]);
        assert!(never(real("cuda-bf16")).is_empty());
    }

    #[test]
    fn failures_are_named() {
        let outcomes = || vec![passed("a/b"), failed("a/c")];
        let mut report = sample::report(vec![
            row("flex-f32", vec![passed("a/b")]),
            row("wgpu-f32", outcomes()),
            crashed("vulkan-f32", "rope", outcomes()),
            crashed("cuda-f32", "", Vec::new()),
            row("metal-f32", Vec::new()),
            Row { required: true, ..skipped("rocm-f32") },
        ]);
        report.comparisons.push(comparison("wgpu-f32", failed("a/c")));
        assert_eq!(headline(&report), "5 of 6 targets failed, and 1 comparison failed");
        let expected = [
            "wgpu-f32: 1 of 2 cases failed.",
            "vulkan-f32 crashed during rope; before that 1 of 2 cases failed.",
            "cuda-f32 crashed before the first case.",
            "metal-f32 finished without a case that passed.",
            "rocm-f32 was skipped although it is required: no adapter.",
            "1 of 1 comparison failed, between flex-f32 and wgpu-f32.",
        ];
        assert_eq!(problems(&report), expected);
    }

    #[test]
    fn pairs_are_counted_once() {
        let comparisons =
            ["wgpu-f32", "cuda-f32", "wgpu-f32"].map(|right| comparison(right, failed("a/c")));
        let expected = "3 of 3 comparisons failed, between 2 pairs of targets.";
        assert_eq!(comparison_problem(&comparisons).as_deref(), Some(expected));
    }

    #[test]
    fn nothing_run_is_no_success() {
        let report = sample::report(vec![skipped("cuda-f32")]);
        assert_eq!(headline(&report), "Nothing was run");
        assert_eq!(problems(&report), ["No target could run the cases."]);
    }

    #[test]
    fn the_machine_and_the_command_are_shown() {
        let mut report = sample::report(vec![row("flex-f32", vec![failed("a/b")])]);
        report.command = "cargo xtask check-backends".to_owned();
        report.machine.insert("memory".to_owned(), "8 GiB".to_owned());
        let header = header(&report).into_string();
        for part in [
            "<code>cargo xtask check-backends</code>",
            "<dt>memory</dt><dd>8 GiB</dd>",
            "<h1>1 of 1 target failed</h1>",
            "<li>flex-f32: 1 of 1 case failed.</li>",
        ] {
            assert!(header.contains(part), "{part}: {header}");
        }
    }
}
