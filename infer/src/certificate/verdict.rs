//! Whether the numbers of a certificate stand, beside those that drawing and measuring again has found.
//!
//! The same images are drawn, so that the standard error between seeds says nothing here: what remains is
//! rounding, in another order on another device. [`allowed`] says how much of it.

use pixelflow::NumberFormat;
use pixelflow_host::output::one_line;

use super::Certificate;
use crate::measurement::facts::{ClassFacts, Facts, MetricFacts};
use crate::measurement::metric::MetricKind;
use crate::measurement::network::NetworkKind;
use crate::measurement::report::number;

/// Share of the standard error that rounding may move a value by: below it no statement changes, and KID may be
/// so near to 0 that its own size says nothing.
const OF_ERROR: f64 = 0.1;
/// Images that may come to lie on the other side of a boundary, whatever their share.
const CROSSING: f64 = 2.0;

/// What rounding may move, of images that are computed in a format.
///
/// Between devices it is at most what the format itself does. Measured on the demo (300 images, 3 steps a stage,
/// 192 real ones), beside f32: f16 moves FD by 0.04 %, KID by 0.1 % or 0.01 of its standard error, and one image
/// in 300 crosses a boundary; bf16 moves FD by 0.4 %, KID by 1.2 %, and 8 images cross. Rounding of f32, in which
/// int8 computes too, is 8192 times finer than that of f16: a thousandth is far above what it does, and far below
/// the 1 to 2 % of another training. On the CPU neither batch nor threads change a bit.
struct Rounding {
    /// Share of a distance or of IS.
    value: f64,
    /// Share of all images that crosses a boundary.
    crossing: f64,
}

impl Rounding {
    const fn of(format: NumberFormat) -> Self {
        let (value, crossing) = match format {
            NumberFormat::F32 | NumberFormat::Int8 => (1e-3, 1e-3),
            NumberFormat::F16 => (5e-3, 1e-2),
            NumberFormat::Bf16 => (2e-2, 5e-2),
        };
        Self { value, crossing }
    }
}

/// What checking a certificate has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    lines: Vec<Line>,
    /// Why it falls although its numbers may stand.
    others: Vec<String>,
    circumstances: Vec<String>,
}

/// A number of a certificate.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    name: String,
    certified: f64,
    found: Option<f64>,
    allowed: f64,
    /// What falls.
    fault: Option<String>,
}

impl Verdict {
    /// Compares a certificate with what the same settings have given now, by this program.
    pub fn new(certificate: &Certificate, network: NetworkKind, now: &Certificate) -> Self {
        let (before, found) = (&certificate.measurement, &now.measurement);
        let lines = before.metrics.iter().map(|metric| Line::new(metric, found, network)).collect();
        let known = |metric: &&MetricFacts| before.metrics.iter().all(|old| old.key != metric.key);
        let mut others: Vec<String> = (found.metrics.iter().filter(known))
            .map(|metric| format!("`{}` was measured and is not in the certificate", metric.key))
            .collect();
        if before.samples.classes != found.samples.classes {
            let [was, is] = [before, found].map(|facts| classes(facts.samples.classes));
            others.push(format!("the certificate's images have {was}, and they have {is}"));
        }
        let differences = [
            ("device", before.device.as_deref(), found.device.as_deref()),
            ("version", Some(before.version.as_str()), Some(found.version.as_str())),
            ("Burn", Some(certificate.burn.as_str()), Some(now.burn.as_str())),
        ];
        let circumstances = differences.into_iter().filter(|(_, was, is)| was != is);
        let circumstances = circumstances.map(|(name, was, is)| {
            let [was, is] = [was, is].map(|value| one_line(value.unwrap_or("none")));
            format!("{name} {is}, in the certificate {was}")
        });
        Self { lines, others, circumstances: circumstances.collect() }
    }

    /// Whether everything stands.
    pub fn stands(&self) -> bool {
        self.others.is_empty() && self.lines.iter().all(|line| line.fault.is_none())
    }

    /// The table that is printed.
    pub fn table(&self) -> String {
        let head = ["metric", "certificate", "measured", "difference", "allowed"];
        let [name, rest @ ..] = head;
        let rest = rest.map(|name| format!("{name:>12}")).join(" ");
        let mut lines = vec![format!("{name:14} {rest}")];
        lines.extend(self.lines.iter().map(Line::text));
        lines.extend(self.others.iter().map(|reason| format!("falls: {reason}")));
        lines.extend(self.circumstances.iter().map(|text| format!("checked with {text}")));
        let fallen = self.lines.iter().filter(|line| line.fault.is_some()).count();
        let all = self.lines.len();
        lines.push(match fallen {
            0 if self.others.is_empty() => {
                format!("the certificate stands: {all} of {all} numbers")
            }
            fallen => format!("the certificate falls: {} of {all} numbers stand", all - fallen),
        });
        lines.join("\n")
    }
}

impl Line {
    fn new(certified: &MetricFacts, facts: &Facts, network: NetworkKind) -> Self {
        let kind = MetricKind::of_key(&certified.key, network);
        let name = kind.map_or_else(|| certified.key.clone(), |kind| kind.name(network));
        let found = facts.metrics.iter().find(|metric| metric.key == certified.key);
        let line = |found, allowed, fault| Self {
            name: name.clone(),
            certified: certified.value,
            found,
            allowed,
            fault,
        };
        let (Some(found), Some(kind)) = (found, kind) else {
            let reason = facts.left_out.get(&certified.key).map_or("", String::as_str);
            return line(None, 0.0, Some(format!("it was not measured {reason}")));
        };
        let allowed = allowed(kind, found, facts);
        // A number that is none never stands, whatever it may differ by.
        let stands = |one: f64, other: f64| allowed.is_finite() && (one - other).abs() <= allowed;
        let differs = |one: f64, other: f64| !stands(one, other);
        let errors = [certified.standard_error, found.standard_error];
        let repeats = certified.repeats.iter().zip(&found.repeats).enumerate();
        let fault = match errors {
            _ if differs(certified.value, found.value) => Some(String::new()),
            [Some(one), Some(other)] if differs(one, other) => {
                let [one, other] = [one, other].map(number);
                Some(format!("its standard error is {one} there, and {other}"))
            }
            [Some(_), None] => Some("its standard error is not known".to_owned()),
            _ => repeats.into_iter().find(|(_, (one, other))| differs(**one, **other)).map(
                |(place, (one, other))| {
                    let [one, other] = [*one, *other].map(number);
                    format!("repeat {} is {one} there, and {other}", place + 1)
                },
            ),
        };
        line(Some(found.value), allowed, fault)
    }

    fn text(&self) -> String {
        let Self { name, certified, found, allowed, fault } = self;
        let verdict = match (fault, found) {
            (Some(reason), _) if reason.is_empty() => "falls".to_owned(),
            (Some(reason), _) => format!("falls: {}", one_line(reason)),
            (None, Some(found)) if found == certified => "stands, to the last digit".to_owned(),
            (None, _) => "stands".to_owned(),
        };
        let measured = found.map_or("-".to_owned(), number);
        let difference = found.map_or("-".to_owned(), |found| number(found - certified));
        let (certified, allowed) = (number(*certified), number(*allowed));
        format!(
            "{name:14} {certified:>12} {measured:>12} {difference:>12} {allowed:>12}  {verdict}"
        )
    }
}

/// By how much a metric may differ from what is measured now; see [`Rounding`]:
///
/// - a distance, IS: the larger of a share of the value and a tenth of its standard error;
/// - a share of images, density: a share of all images, and two of the smaller side at least.
///
/// What is allowed to every repeat is allowed to their mean, and to the standard error of two or more: it changes
/// by no more than the largest change of a repeat.
fn allowed(kind: MetricKind, found: &MetricFacts, facts: &Facts) -> f64 {
    let format = facts.drawn_with.as_ref().map_or(NumberFormat::F32, |with| with.dtype);
    let Rounding { value, crossing } = Rounding::of(format);
    if kind.is_share() {
        // The ceiling of class accuracy is of every fifth real image.
        let real = facts.reference.images;
        let sides = match kind {
            MetricKind::RealClassAccuracy => [None, real.map(|images| images / 5)],
            _ => [facts.images, real],
        };
        let fewest = sides.into_iter().flatten().min().unwrap_or(1).max(1);
        return crossing.max(CROSSING / fewest as f64);
    }
    (value * found.value.abs()).max(OF_ERROR * found.standard_error.unwrap_or(0.0))
}

fn classes(facts: Option<ClassFacts>) -> String {
    facts.map_or("no classes".to_owned(), |ClassFacts { classes, least, most, .. }| {
        format!("{classes} classes of {least} to {most} images")
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{certificate, metric};
    use super::*;

    /// The fault of each metric when these values are found for those of [`certificate`].
    fn faults(metrics: [MetricFacts; 3]) -> Vec<Option<String>> {
        let mut now = certificate();
        now.measurement.metrics = metrics.into();
        let network = NetworkKind::EfficientNetLite0;
        let verdict = Verdict::new(&certificate(), network, &now);
        verdict.lines.into_iter().map(|line| line.fault).collect()
    }

    #[test]
    fn rounding_stands_and_more_falls() {
        let of = |fd, kid, error, precision| {
            let fd = metric("fd_efflite0", fd, None);
            let kid = metric("kid_efflite0", kid, Some(error));
            let faults = faults([fd, kid, metric("precision", precision, None)]);
            faults.iter().map(Option::is_some).collect::<Vec<_>>()
        };
        // Of 400 and 1000 images, two are 0.005.
        assert_eq!(of(100.0, 0.002, 0.01, 0.5), [false; 3]);
        assert_eq!(of(100.09, 0.0029, 0.01, 0.5049), [false; 3]);
        assert_eq!(of(99.91, 0.0011, 0.0105, 0.4951), [false; 3]);
        assert_eq!(of(100.11, 0.0031, 0.01, 0.5051), [true; 3]);
        assert_eq!(of(99.89, 0.002, 0.0112, 0.5), [true, true, false]);
        // A certificate that claims a large standard error does not widen what it is allowed.
        assert_eq!(of(100.0, 0.002, 1e-5, 0.5), [false, true, false]);
    }

    #[test]
    fn what_is_no_number_never_stands() {
        let fd = |value| metric("fd_efflite0", value, None);
        for value in [f64::NAN, f64::INFINITY] {
            let faults = faults([fd(value), metric("kid_efflite0", 0.002, None), fd(1.0)]);
            assert!(faults[0].is_some(), "{value}");
            let mut both = certificate();
            both.measurement.metrics = vec![fd(value)];
            assert!(
                !Verdict::new(&both, NetworkKind::EfficientNetLite0, &both).stands(),
                "{value}"
            );
        }
    }

    #[test]
    fn every_repeat_must_stand_and_nothing_may_be_missing() {
        let network = NetworkKind::EfficientNetLite0;
        let with = |values: [f64; 2]| {
            let mut certificate = certificate();
            let mean = f64::midpoint(values[0], values[1]);
            let fd = metric("fd_efflite0", mean, Some((values[0] - values[1]).abs() / 2.0));
            let fd = MetricFacts { repeats: values.into(), ..fd };
            certificate.measurement.metrics = vec![fd];
            certificate
        };
        let stands = |one, other| Verdict::new(&with(one), network, &with(other)).stands();
        assert!(stands([90.0, 110.0], [90.01, 110.0]));
        // Mean and standard error are the same.
        assert!(!stands([90.0, 110.0], [110.0, 90.0]));
        let mut none = certificate();
        none.measurement.metrics.remove(0);
        let table = Verdict::new(&certificate(), network, &none).table();
        assert!(table.contains("falls: it was not measured"), "{table}");
        assert!(table.ends_with("the certificate falls: 2 of 3 numbers stand"), "{table}");
        assert!(!Verdict::new(&none, network, &certificate()).stands());
    }

    #[test]
    fn another_device_or_version_is_named() {
        let mut now = certificate();
        now.measurement.device = Some("cuda".to_owned());
        let verdict = Verdict::new(&certificate(), NetworkKind::EfficientNetLite0, &now);
        assert!(verdict.stands());
        let table = verdict.table();
        assert!(table.contains("checked with device cuda, in the certificate cpu\n"), "{table}");
        assert!(table.contains("stands, to the last digit"), "{table}");
        assert!(!table.contains("Burn"), "{table}");
    }
}
