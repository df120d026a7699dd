//! Reference curves of shipped recipes: where the loss of a run lies that learns as it should.
//!
//! A curve is a file of `assets/curves`, made of several runs of its recipe that differ in their seed (`train/tests/
//! reference_curves.rs` records it). At each step it has the mean `m` of their losses and a band `m (1 ± w)`: the
//! relative spread `s` of the runs about their mean, pooled over the neighbouring steps, makes the interval that holds one
//! more run with a probability of 99 %, `w = t s sqrt(1 + 1/n)` (`t`: Student's quantile for the degrees of freedom that
//! were pooled). One loss in a hundred is outside of it by chance; a run is called so if many are.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::config::{Change, TrainConfig};
use crate::error::read_error;
use crate::identity::Identity;
use crate::metrics::Record;
use crate::{Result, recipe};

/// Recipes that there are curves of.
const RECIPES: [&str; 2] = ["smoke", "demo"];
/// Settings that change no loss beyond what chance does, or only what is observed.
const OF_NO_MATTER: [&str; 22] = [
    "train.seed",
    "train.precision",
    "train.gradient_accumulation",
    "train.recompute_activations",
    "text.path",
    "text.validation",
    "checkpoint",
    "averages",
    "validation",
    "preview",
    "evaluation",
    "data.strict",
    "data.prefetch",
    "data.threads",
    "data.cache_mib",
    "data.validation",
    "data.source.kind",
    "data.source.path",
    "data.source.paths",
    "data.source.images",
    "data.source.labels",
    "data.source.classes",
];
/// Share of the losses that may be outside of the band.
const OUTSIDE: f64 = 0.05;

/// The loss of a recipe over its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceCurve {
    /// The recipe.
    pub recipe: String,
    /// What it is made of.
    pub about: String,
    /// The hash of the records that were learned from, as `Identity` has it.
    pub records: String,
    /// The losses, by ascending step.
    pub points: Vec<ReferencePoint>,
}

/// The loss of a recipe at a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferencePoint {
    /// The step.
    pub step: u64,
    /// Mean over the runs.
    pub loss: f64,
    /// The lower end of the band.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A run beside the reference curve that is nearest to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Compared {
    /// Its settings and data are the recipe's.
    With {
        /// The recipe's curve.
        curve: ReferenceCurve,
        /// What came of it.
        verdict: Verdict,
    },
    /// Its settings are no recipe's that there is a curve of; the nearest one, with what differs.
    OtherSettings {
        /// The recipe.
        recipe: String,
        /// Recipe's value before, the run's after.
        changes: Vec<Change>,
    },
    /// Its settings are a recipe's, its images are others.
    OtherData {
        /// The recipe.
        recipe: String,
    },
}

/// How many losses of a run are outside of the band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Losses that the curve has a step for.
    pub compared: usize,
    /// The steps of those outside.
    pub outside: Vec<u64>,
}

impl Verdict {
    /// Whether the run is inside of the band: no more than a twentieth of its losses are outside, or one.
    pub fn is_inside(&self) -> bool {
        self.outside.len() <= 1.max((OUTSIDE * self.compared as f64) as usize)
    }
}

impl ReferenceCurve {
    /// The curve of a shipped recipe.
    ///
    /// # Errors
    /// [`crate::Error::MissingAsset`] or [`crate::Error::Read`].
    pub fn of_recipe(recipe: &str) -> Result<Self> {
        let path = infer::assets::locate("curves")?.join(format!("{recipe}.json"));
        let text = fs::read_to_string(&path).map_err(read_error(&path))?;
        serde_json::from_str(&text).map_err(|error| read_error(&path)(error.into()))
    }

    /// Compares the losses of a run's records with the band.
    pub fn judge(&self, records: &[Record]) -> Verdict {
        let mut verdict = Verdict { compared: 0, outside: Vec::new() };
        for record in records {
            let Record::Training(training) = record else { continue };
            let Ok(at) = self.points.binary_search_by_key(&training.step, |point| point.step)
            else {
                continue;
            };
            verdict.compared += 1;
            let ReferencePoint { low, high, .. } = self.points[at];
            // What is not a number is outside.
            if !(low..=high).contains(&training.means.loss) {
                verdict.outside.push(training.step);
            }
        }
        verdict
    }
}

/// A run beside the reference curve that is nearest to its settings.
///
/// # Errors
/// [`crate::Error::MissingAsset`], [`crate::Error::Read`] or what a recipe's own mistakes are.
pub fn compare(
    config: &TrainConfig,
    identity: Option<&Identity>,
    records: &[Record],
) -> Result<Compared> {
    let mut nearest: Option<(&str, Vec<Change>)> = None;
    for name in RECIPES {
        let changes = recipe::settings(name)?.differences(config, &OF_NO_MATTER);
        if nearest.as_ref().is_none_or(|(_, fewest)| changes.len() < fewest.len()) {
            nearest = Some((name, changes));
        }
    }
    let (recipe, changes) = nearest.unwrap_or_default();
    let recipe = recipe.to_owned();
    if !changes.is_empty() {
        return Ok(Compared::OtherSettings { recipe, changes });
    }
    let curve = ReferenceCurve::of_recipe(&recipe)?;
    if identity.map(Identity::records) != Some(curve.records.as_str()) {
        return Ok(Compared::OtherData { recipe });
    }
    let verdict = curve.judge(records);
    Ok(Compared::With { curve, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Mean, TrainingRecord};

    fn record(step: u64, loss: f64) -> Record {
        let means = Mean {
            loss,
            stage_losses: Vec::new(),
            gradient_norm: 1.0,
            images_per_second: 1.0,
            times: None,
        };
        Record::Training(TrainingRecord {
            step,
            images: step,
            epoch: 0.0,
            learning_rate: 1e-3,
            ema_decay: 0.9,
            skipped: 0,
            rejected: 0,
            spikes: 0,
            loss_scale: None,
            seconds: 1.0,
            memory: None,
            means,
        })
    }

    fn curve(steps: u64) -> ReferenceCurve {
        let point = |step| ReferencePoint { step, loss: 0.3, low: 0.2, high: 0.4 };
        let points = (1..=steps).map(|step| point(10 * step)).collect();
        let [recipe, about, records] = ["smoke", "a test", "0123456789abcdef"].map(str::to_owned);
        ReferenceCurve { recipe, about, records, points }
    }

    #[test]
    fn losses_are_inside_or_outside_of_the_band() {
        let curve = curve(40);
        // Steps that the curve does not have are not compared.
        let mut records: Vec<Record> = (1..=80).map(|at| record(5 * at, 0.3)).collect();
        let verdict = curve.judge(&records);
        assert_eq!((verdict.compared, verdict.outside.len()), (40, 0));
        for (place, step) in [(1, 10), (3, 20)] {
            records[place] = record(step, 0.5);
        }
        assert_eq!(curve.judge(&records).outside, [10, 20]);
        assert!(curve.judge(&records).is_inside(), "two of forty are a twentieth");
        records[5] = record(30, f64::NAN);
        assert!(!curve.judge(&records).is_inside());
    }

    #[test]
    fn the_curve_of_a_recipe_is_used_for_its_settings_and_images_only() {
        for name in RECIPES {
            let (config, shipped) =
                (recipe::settings(name).unwrap(), ReferenceCurve::of_recipe(name));
            let records = shipped.unwrap().records;
            let identity = |records: &str| {
                let text = format!(r#"{{"records":"{records}","captions":null,"encoder":null}}"#);
                serde_json::from_str::<Identity>(&text).unwrap()
            };
            let with = compare(&config, Some(&identity(&records)), &[]).unwrap();
            assert!(matches!(with, Compared::With { curve, .. } if curve.recipe == name));
            let recipe = name.to_owned();
            for other in [Some(identity("0")), None] {
                let data = Compared::OtherData { recipe: recipe.clone() };
                assert_eq!(compare(&config, other.as_ref(), &[]).unwrap(), data);
            }
            let mut changed = config.clone();
            (changed.train.lr, changed.train.seed) = (0.5, 7);
            let found = compare(&changed, None, &[]).unwrap();
            let Compared::OtherSettings { recipe: nearest, changes } = found else {
                panic!("{found:?}")
            };
            assert_eq!(
                (nearest.as_str(), changes.len(), changes[0].key.as_str()),
                (name, 1, "train.lr")
            );
        }
    }

    #[test]
    fn shipped_curves_are_in_order_and_their_bands_around_them() {
        for name in RECIPES {
            let curve = ReferenceCurve::of_recipe(name).unwrap();
            assert!(curve.points.is_sorted_by_key(|point| point.step) && curve.points.len() > 5);
            let is_around = |point: &ReferencePoint| {
                0.0 < point.low && point.low < point.loss && point.loss < point.high
            };
            assert!(curve.points.iter().all(is_around), "{name}");
        }
    }
}
