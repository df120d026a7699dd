//! The run beside the reference curve of its recipe.

use crate::config::Change;
use crate::page::{Band, Line, Mark};
use crate::reference_curve::{Compared, compare};
use crate::run_folder::RunFolder;

/// Changes that are named, at most.
const NAMED: usize = 4;

/// What a comparison has given, or why there is none.
pub struct Beside(Result<Compared, String>);

/// The run beside the reference curve that is nearest to its settings.
pub fn beside(run: &RunFolder) -> Beside {
    let identity = run.identity();
    Beside(compare(&run.config, identity.as_ref(), &run.records).map_err(|error| error.to_string()))
}

impl Beside {
    /// The band of the curve, if the run is compared with one.
    pub fn band(&self) -> Option<Band> {
        let Ok(Compared::With { curve, .. }) = &self.0 else { return None };
        let points = curve.points.iter().map(|point| [point.step as f64, point.low, point.high]);
        Some(Band { name: format!("reference, recipe {}", curve.recipe), points: points.collect() })
    }

    /// The curve itself up to a step, if the run is compared with one.
    pub fn line(&self, last: f64) -> Option<Line> {
        let Ok(Compared::With { curve, .. }) = &self.0 else { return None };
        let points = curve.points.iter().map(|point| [point.step as f64, point.loss]);
        let points = points.filter(|[step, _]| *step <= last).collect();
        Some(Line::new("reference, mean of its runs", 2, points).marked(Mark::Dashes))
    }

    /// What is to be said of it; whether it is a warning.
    pub fn notice(&self) -> (bool, String) {
        match &self.0 {
            Err(reason) => (true, format!("There is no reference curve: {reason}.")),
            Ok(Compared::OtherData { recipe }) => (
                false,
                format!(
                    "Not compared with a reference curve: the settings are those of the recipe {recipe}, the images are \
                     others."
                ),
            ),
            Ok(Compared::OtherSettings { recipe, changes }) => (
                false,
                format!(
                    "Not compared with a reference curve: the nearest recipe that has one, {recipe}, has other settings \
                     ({}).",
                    named(changes)
                ),
            ),
            Ok(Compared::With { curve, verdict }) => {
                let last = curve.points.last().map_or(0, |point| point.step);
                let recipe = &curve.recipe;
                let (compared, outside) = (verdict.compared, verdict.outside.len());
                if compared == 0 {
                    let text = format!("No losses yet to compare with the recipe {recipe}.");
                    return (false, text);
                }
                let counted = match outside {
                    0 => format!("all {compared} losses up to step {last} that were recorded are"),
                    _ => format!("{outside} of {compared} losses up to step {last} are not"),
                };
                let is = if verdict.is_inside() { "Inside" } else { "OUTSIDE" };
                let text = format!(
                    "{is} the band of the reference curve of the recipe {recipe}: {counted} in it. {}",
                    curve.about
                );
                (!verdict.is_inside(), text)
            }
        }
    }
}

/// `train.lr is 0.5, not 0.001, and 3 more`.
fn named(changes: &[Change]) -> String {
    let change = |Change { key, before, after }: &Change| format!("{key} is {after}, not {before}");
    let mut named: Vec<String> = changes.iter().take(NAMED).map(change).collect();
    if changes.len() > NAMED {
        named.push(format!("and {} more", changes.len() - NAMED));
    }
    named.join(", ")
}
