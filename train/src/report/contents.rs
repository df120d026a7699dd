//! The sections of a report in their order.

use maud::{Markup, html};

use super::previews::Picture;
use super::{curves, events, facts, headline, previews, reference};
use crate::page::{Chart, page};
use crate::run_folder::RunFolder;

/// The page about a run that has come to `step`, with its previews.
pub fn contents(run: &RunFolder, step: u64, pictures: &[Picture]) -> String {
    let beside = reference::beside(run);
    let summary = headline::summary(run, step, &beside);
    let charts = curves::charts(run, step, &beside);
    let content = html! {
        (section("Curves", &html! {
            @if charts.iter().all(Chart::is_empty) {
                p { "No losses yet." }
            } @else {
                div.charts { @for chart in &charts { (chart.figure()) } }
            }
        }))
        (section("Previews", &previews::section(run, pictures)))
        (section("Rejected steps and spikes", &events::section(run)))
        (section("Sessions", &facts::sessions(run)))
        (section("Data", &facts::data(run)))
        (section("Configuration", &facts::configuration(run)))
    };
    page(&run.name(), "PixelFlow training run", &summary, &content)
}

fn section(title: &str, content: &Markup) -> Markup {
    html! { section { h2 { (title) } (content) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;
    use crate::sessions::{DataFacts, SessionRecord};

    fn run() -> RunFolder {
        let config = TrainConfig::of(&[]);
        let path = "runs/a <b>-1".into();
        RunFolder { path, config, records: Vec::new(), sessions: Vec::new(), damaged: 0 }
    }

    #[test]
    fn a_run_that_has_only_begun_has_a_page() {
        let page = contents(&run(), 0, &[]);
        for part in ["No losses yet", "No previews yet", "Nothing was rejected"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn names_are_never_markup() {
        let evil = "<script>alert('x')</script>\"&";
        let mut run = run();
        run.config.train.initial_weights = evil.to_owned();
        let identity = serde_json::from_str(r#"{"records":"a","captions":null,"encoder":null}"#);
        let data = DataFacts {
            identity: identity.unwrap(),
            training: 1,
            validation: None,
            classes: 1,
            class_names: vec![evil.to_owned()],
            left_out: evil.to_owned(),
        };
        let text = || evil.to_owned();
        run.sessions.push(SessionRecord {
            step: 0,
            started: text(),
            program: text(),
            device: text(),
            machine: vec![[text(), text()]],
            data,
        });
        let page = contents(&run, 0, &[]);
        assert!(!page.contains("<script") && !page.contains("<b>-1"), "{page}");
        assert!(page.matches("&lt;script&gt;").count() >= 6, "{page}");
    }
}
