//! The live table.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::tests::conformance::{Comparison, ConformanceReport, Row, RowEnd, Target};
use ::tests::{Outcome, Verdict};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pixelflow_host::output::{has_terminal, note, one_line, print};

use super::Plan;
use super::child::ChildObserver;

/// A line for each target: how far it is, and what failed.
pub struct Terminal {
    lines: MultiProgress,
    targets: Mutex<BTreeMap<String, Line>>,
}

struct Line {
    bar: ProgressBar,
    passed: usize,
    failed: usize,
    group: String,
}

impl Terminal {
    /// Lines for the targets of a plan.
    pub fn new(plan: &Plan) -> Self {
        let lines = MultiProgress::new();
        let targets = plan.targets.iter().map(|planned| {
            let target = planned.target.to_string();
            let bar = lines.add(ProgressBar::new_spinner());
            let template = "{prefix:<22} {spinner} {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(target.clone());
            bar.set_message("waits");
            let line = Line { bar, passed: 0, failed: 0, group: String::new() };
            (target, line)
        });
        Self { targets: Mutex::new(targets.collect()), lines }
    }

    fn update(&self, target: &str, change: impl FnOnce(&mut Line)) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = targets.get_mut(target) {
            change(line);
            let (passed, failed, group) = (line.passed, line.failed, &line.group);
            let message = format!("{passed:>4} passed {failed:>3} failed   {group}");
            line.bar.set_message(one_line(message));
            line.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// A line that stays.
    fn say(&self, text: &str) {
        if has_terminal() {
            let _ = self.lines.println(one_line(text));
        } else {
            note(text);
        }
    }

    /// What came out, on the standard output.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn summary(report: &ConformanceReport, folder: &Path) -> pixelflow_host::Result<()> {
        let mut lines: Vec<String> = report.rows.iter().map(line_of).collect();
        let is_known = |o: &&Outcome| matches!(o.verdict, Verdict::Known | Verdict::Unexpected);
        for row in &report.rows {
            let known = row.outcomes.iter().filter(is_known);
            lines.extend(known.map(|outcome| format!("  {} {outcome}", row.target)));
        }
        let is_wrong = |c: &&Comparison| c.outcome.verdict == Verdict::Failed;
        let wrong: Vec<_> = report.comparisons.iter().filter(is_wrong).collect();
        lines.push(format!(
            "{} comparisons between targets, {} failed",
            report.comparisons.len(),
            wrong.len()
        ));
        lines.extend(wrong.into_iter().map(|comparison| {
            let (left, right) = (&comparison.left, &comparison.right);
            format!("  {left} and {right}: {}", comparison.outcome)
        }));
        let page = folder.join("report.html");
        lines.push(format!("{:.0} s; {}", report.seconds, page.display()));
        let count = |verdict| -> usize { report.rows.iter().map(|row| row.count(verdict)).sum() };
        let (passed, failed) = (count(Verdict::Passed), count(Verdict::Failed));
        lines.push(format!("{passed} passed, {failed} failed"));
        print(lines.join("\n"))
    }
}

impl ChildObserver for Terminal {
    fn group(&self, target: Target, name: &str) {
        self.update(&target.to_string(), |line| name.clone_into(&mut line.group));
    }

    fn outcome(&self, target: Target, outcome: &Outcome) {
        if outcome.verdict == Verdict::Failed {
            self.say(&format!("{target} {outcome}"));
        }
        self.update(&target.to_string(), |line| match outcome.verdict {
            Verdict::Passed => line.passed += 1,
            Verdict::Failed => line.failed += 1,
            _ => {}
        });
    }

    fn finished(&self, row: &Row) {
        {
            let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(line) = targets.get(&row.target) {
                line.bar.finish_and_clear();
            }
        }
        if !has_terminal() {
            self.say(&format!("{}: done after {:.0} s", row.target, row.seconds));
        }
    }
}

/// A target in one line: `wgpu-f32-fusion  ok  600 passed, 0 failed  182 s  llvmpipe`.
fn line_of(row: &Row) -> String {
    let state = match (&row.end, row.is_success()) {
        (RowEnd::Skipped { reason }, true) => {
            return format!("{:<22} skipped: {reason}", row.target);
        }
        (RowEnd::Skipped { reason }, false) => {
            return format!("{:<22} FAIL  required, but skipped: {reason}", row.target);
        }
        (RowEnd::NotBuilt { reason }, _) => {
            return format!("{:<22} FAIL  not compiled: {reason}", row.target);
        }
        (RowEnd::Crashed { reason, during }, _) => format!("FAIL  died in {during}: {reason};"),
        (RowEnd::TimedOut { seconds, during }, _) => {
            format!("FAIL  killed after {seconds} s in {during};")
        }
        (RowEnd::Finished, true) => "ok   ".to_owned(),
        (RowEnd::Finished, false) => "FAIL ".to_owned(),
    };
    let mut counts = vec![
        format!("{} passed", row.count(Verdict::Passed)),
        format!("{} failed", row.count(Verdict::Failed)),
    ];
    let others = [(Verdict::Known, "known"), (Verdict::Unexpected, "unexpectedly passed")];
    for (verdict, word) in others {
        match row.count(verdict) {
            0 => {}
            count => counts.push(format!("{count} {word}")),
        }
    }
    let adapter = row.device.as_ref().map_or("", |device| &device.adapter);
    format!("{:<22} {state} {}  {:.0} s  {adapter}", row.target, counts.join(", "), row.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(end: RowEnd, required: bool) -> Row {
        Row {
            target: "wgpu-f32".to_owned(),
            end,
            required,
            device: None,
            outcomes: vec![Outcome::measured("a/b", "max_abs", 0.0, 1.0, "")],
            seconds: 3.4,
            log: String::new(),
        }
    }

    #[test]
    fn a_row_says_what_became_of_it() {
        let line = line_of(&row(RowEnd::Finished, false));
        assert!(line.contains("ok") && line.contains("1 passed, 0 failed  3 s"), "{line}");
        let skipped =
            || RowEnd::Skipped { reason: "no Vulkan adapter (loader found, 0 devices)".to_owned() };
        let line = line_of(&row(skipped(), false));
        assert!(line.contains("skipped: no Vulkan adapter (loader found, 0 devices)"), "{line}");
        assert!(line_of(&row(skipped(), true)).contains("FAIL  required, but skipped"));
        let line =
            line_of(&row(RowEnd::TimedOut { seconds: 2, during: "operations".to_owned() }, false));
        assert!(line.contains("FAIL  killed after 2 s in operations; 1 passed"), "{line}");
    }
}
