//! Two results metric by metric, as a table and as JSON.

use std::collections::BTreeMap;

use pixelflow_host::output::one_line;
use serde_json::{Map, Value, json};

use super::difference::{Difference, Estimate, Judgement};
use super::metric::MetricKind;
use super::report::number;
use super::result_file::ResultFile;

/// What two results say of each metric that both have.
pub struct DifferenceTable<'a> {
    results: [&'a ResultFile; 2],
    rows: Vec<Row>,
    /// Metrics by their names that cannot be compared, with the reason.
    left_out: Vec<(String, String)>,
}

/// A metric of two results.
struct Row {
    kind: MetricKind,
    values: [Estimate; 2],
    difference: Difference,
}

/// Whether copies were looked for among the same images.
fn are_of_the_same(results: [&ResultFile; 2]) -> bool {
    let [a, b] = results.map(|result| {
        let sides = [&result.said.train, &result.said.held_out];
        sides.map(|side| side.as_ref().and_then(|side| side.hash.clone()))
    });
    a == b && a.iter().all(Option::is_some)
}

impl<'a> DifferenceTable<'a> {
    /// Of two results that [`must_be_like`](ResultFile::must_be_like) each other.
    pub fn of(results: [&'a ResultFile; 2]) -> Self {
        let network = results[0].network;
        let mut unknown: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
        for (side, result) in results.iter().enumerate() {
            for key in result.said.metrics.keys() {
                unknown.entry(key).or_default()[side] = true;
            }
        }
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        for kind in MetricKind::ALL {
            let key = kind.key(network);
            if unknown.remove(key.as_str()).is_none() {
                continue;
            }
            let values = results.map(|result| result.said.metrics.get(&key).copied());
            let name = kind.name(network);
            match values {
                _ if kind == MetricKind::RealClassAccuracy => {
                    let reason = "it is of the reference, which is the same".to_owned();
                    left_out.push(("class accuracy of real ones".to_owned(), reason));
                }
                _ if kind == MetricKind::Memorisation && !are_of_the_same(results) => {
                    let reason = "it is of other training or held-out images";
                    left_out.push((name, reason.to_owned()));
                }
                [Some(a), Some(b)] => {
                    let difference = Difference::between(a, b);
                    rows.push(Row { kind, values: [a, b], difference });
                }
                [a, _] => {
                    let without = results[usize::from(a.is_some())];
                    let why = without.said.left_out.get(&key);
                    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
                    left_out.push((name, format!("{} does not have it{why}", without.argument)));
                }
            }
        }
        let reason = "it is no metric of this program";
        left_out.extend(unknown.keys().map(|key| ((*key).to_owned(), reason.to_owned())));
        Self { results, rows, left_out }
    }

    /// The table that is printed.
    pub fn table(&self) -> String {
        let Self { results, rows, left_out } = self;
        let network = results[0].network;
        let [a, b] = results.map(|result| result.argument);
        let line = |cells: [&str; 5]| {
            let [name, a, b, difference, judgement] = cells;
            format!("{name:14} {a:>22} {b:>22} {difference:>22}  {judgement}").trim_end().to_owned()
        };
        let header = [a, b].map(|side| format!("{side} ± standard error"));
        let mut lines =
            vec![line(["metric", &header[0], &header[1], &format!("{b} - {a}"), "judgement"])];
        for Row { kind, values, difference } in rows {
            let [first, second] = values.map(estimate);
            let found =
                Estimate { value: difference.value, standard_error: difference.standard_error };
            let is_better =
                |is_lower| if kind.lower_is_better() == is_lower { "better" } else { "worse" };
            let judgement = match difference.judgement {
                Judgement::Lower => format!("{b} is lower: {}", is_better(true)),
                Judgement::Higher => format!("{b} is higher: {}", is_better(false)),
                Judgement::NotDistinguishable => "not distinguishable".to_owned(),
                Judgement::Impossible => "no judgement is possible".to_owned(),
            };
            lines.push(line([&kind.name(network), &first, &second, &estimate(found), &judgement]));
        }
        lines.extend(self.without_error());
        let left_out = left_out.iter();
        lines.extend(left_out.map(|(name, reason)| {
            format!("not compared: {}: {}", one_line(name), one_line(reason))
        }));
        lines.extend(
            results
                .map(|result| format!("{}: {}", result.argument, one_line(result.path.display()))),
        );
        lines.extend(self.remarks());
        lines.join("\n")
    }

    /// Metrics that nothing can be said of, by the results that have no standard error of them.
    fn without_error(&self) -> Option<String> {
        let lacks =
            |side: usize| self.rows.iter().any(|row| row.values[side].standard_error.is_none());
        let sides: Vec<&str> =
            (0..2).filter(|&side| lacks(side)).map(|side| self.results[side].argument).collect();
        (!sides.is_empty()).then(|| {
            format!(
                "without a standard error of both sides no judgement is possible; `infer evaluate model` with \
                 --repeats 3 gives one, {}",
                match &sides[..] {
                    [side] => format!("which {side} lacks"),
                    _ => "which A and B lack".to_owned(),
                }
            )
        })
    }

    /// What both were measured with, and what else may differ.
    fn remarks(&self) -> Vec<String> {
        let [first, second] = self.results.map(|result| &result.said);
        let mut remarks = Vec::new();
        if let [Some(a), Some(b)] = [first, second].map(|said| said.labels.as_ref())
            && a != b
        {
            let [a, b] = [a, b].map(one_line);
            remarks.push(format!(
                "the labels are {a} in A and {b} in B; balanced ones alone make FID about 0.1 lower"
            ));
        }
        let unsaid = || {
            let [a, b] = [first, second].map(|said| one_line(&said.reference.name));
            format!("statistics that do not say of which images they are: {a} in A, {b} in B")
        };
        let of_hash = |hash| format!("a reference of hash {}", one_line(hash));
        let reference = first.reference.hash.as_ref().map_or_else(unsaid, of_hash);
        let weights = first.extractor.hash.as_ref();
        remarks.push(format!(
            "{} images each against {reference}; {}{}, protocol {}",
            first.images.unwrap_or(0),
            self.results[0].network.name(),
            weights.map_or_else(String::new, |hash| format!(" (weights {})", one_line(hash))),
            one_line(&first.protocol)
        ));
        remarks
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let network = self.results[0].network;
        let metric = |row: &Row| {
            let mut value = json!(row.difference);
            for (side, estimate) in ["a", "b"].into_iter().zip(row.values) {
                value[side] = json!(estimate);
            }
            (row.kind.key(network), value)
        };
        let metrics: Map<String, Value> = self.rows.iter().map(metric).collect();
        let [first, second] = self.results;
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "a": first.path.display().to_string(),
            "b": second.path.display().to_string(),
            "metrics": metrics,
            "left_out": self.left_out.iter().cloned().collect::<BTreeMap<_, _>>(),
            "protocol": first.said.protocol,
            "images": first.said.images,
            "reference": { "hash": first.said.reference.hash },
            "extractor": { "name": network.name(), "hash": first.said.extractor.hash },
        })
    }
}

/// `12.3400 ± 0.1000`, or the value alone.
fn estimate(Estimate { value, standard_error }: Estimate) -> String {
    match standard_error {
        Some(error) => format!("{} ± {}", number(value), number(error)),
        None => number(value),
    }
}
