//! Which targets to run.

use std::sync::Mutex;

use ::tests::Precision;
use ::tests::conformance::Target;
use anyhow::{Result, bail};
use pixelflow_host::device::DeviceKind;

use super::presence::presence;
use super::{Arguments, Switch};

/// The targets of a run, in order.
#[derive(Debug)]
pub struct Plan {
    /// One row each.
    pub targets: Vec<Planned>,
}

/// A target and what is known of it beforehand.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The target.
    pub target: Target,
    /// Why it cannot be run.
    pub skip: Option<String>,
    /// Whether it must be.
    pub required: bool,
}

/// The backends, the surest first.
const ORDER: [DeviceKind; 6] = [
    DeviceKind::Cpu,
    DeviceKind::Wgpu,
    DeviceKind::Vulkan,
    DeviceKind::Metal,
    DeviceKind::Cuda,
    DeviceKind::Rocm,
];

impl Plan {
    /// The targets that the arguments ask for.
    ///
    /// # Errors
    /// For names that are no backends, or where nothing is left to run.
    pub fn new(arguments: &Arguments) -> Result<Self> {
        let required = backends(&arguments.require, "--require")?;
        let chosen = if arguments.backends.is_empty() {
            ORDER.to_vec()
        } else {
            let mut chosen = backends(&arguments.backends, "--backends")?;
            let surplus: Vec<_> = required.iter().filter(|r| !chosen.contains(r)).collect();
            chosen.extend(surplus);
            chosen
        };
        let mut targets = Vec::new();
        for backend in ORDER.into_iter().filter(|kind| chosen.contains(kind)) {
            let skip = presence(backend).err();
            let required = required.contains(&backend);
            let combinations = if skip.is_some() {
                // One row says it.
                vec![(Precision::F32, backend != DeviceKind::Cpu)]
            } else {
                combinations(backend, &arguments.dtypes, &arguments.fusion)
            };
            targets.extend(combinations.into_iter().map(|(precision, fusion)| Planned {
                target: Target { backend, precision, fusion },
                skip: skip.clone(),
                required,
            }));
        }
        if targets.is_empty() {
            bail!("nothing to run: --fusion leaves no target");
        }
        Ok(Self { targets })
    }

    /// The backends that are run.
    pub fn backends(&self) -> Vec<DeviceKind> {
        let mut kinds: Vec<DeviceKind> = Vec::new();
        let run = self.targets.iter().filter(|planned| planned.skip.is_none());
        for planned in run {
            if !kinds.contains(&planned.target.backend) {
                kinds.push(planned.target.backend);
            }
        }
        kinds
    }
}

/// Precisions and fusion of a backend.
fn combinations(
    backend: DeviceKind,
    dtypes: &[Precision],
    fusion: &[Switch],
) -> Vec<(Precision, bool)> {
    let is_cpu = backend == DeviceKind::Cpu;
    let precisions = match dtypes {
        [] if is_cpu => &Precision::ALL[..],
        [] => &Precision::ALL[..2],
        chosen => chosen,
    };
    let switches: &[bool] =
        match (is_cpu, fusion.contains(&Switch::On), fusion.contains(&Switch::Off)) {
            (true, _, _) | (_, false, true) => &[false],
            (_, true, false) => &[true],
            _ => &[true, false],
        };
    let with = |&precision: &Precision| switches.iter().map(move |&fusion| (precision, fusion));
    precisions.iter().flat_map(with).collect()
}

fn backends(names: &[String], argument: &str) -> Result<Vec<DeviceKind>> {
    let mut kinds = Vec::new();
    for name in names {
        let Some(kind) = Target::backend_named(name) else {
            let known = ORDER.map(DeviceKind::feature).join(", ");
            bail!("{argument} {name}: there is no such backend; there are {known}");
        };
        kinds.push(kind);
    }
    Ok(kinds)
}

impl Planned {
    /// How long it takes among others: what compiles more kernels takes longer.
    pub fn cost(&self) -> usize {
        let is_gpu = self.target.backend != DeviceKind::Cpu && self.skip.is_none();
        usize::from(is_gpu) + usize::from(is_gpu && self.target.fusion)
    }
}

/// Does `work` for every item, `jobs` at a time, the costliest first, so that none is left alone at
/// the end; the results in the order of the items.
pub fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    cost: impl Fn(&T) -> usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut ordered: Vec<(usize, &T)> = items.iter().enumerate().collect();
    ordered.sort_by_key(|(_, item)| std::cmp::Reverse(cost(item)));
    let next = Mutex::new(ordered.into_iter());
    let results = Mutex::new(Vec::new());
    let lock = |m: &Mutex<Vec<(usize, R)>>, r| m.lock().map(|mut all| all.push(r)).is_ok();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let item = next.lock().ok().and_then(|mut items| items.next());
                    let Some((index, item)) = item else { return };
                    lock(&results, (index, work(item)));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fusion_doubles_the_targets_of_gpus_only() {
        let count = |backend, fusion: &[Switch]| combinations(backend, &[Precision::F32], fusion);
        let both = [Switch::On, Switch::Off];
        assert_eq!(count(DeviceKind::Cpu, &both), [(Precision::F32, false)]);
        let gpu = [(Precision::F32, true), (Precision::F32, false)];
        assert_eq!(count(DeviceKind::Wgpu, &both), gpu);
        assert_eq!(count(DeviceKind::Wgpu, &[Switch::Off]), gpu[1..]);
        assert_eq!(combinations(DeviceKind::Cpu, &[], &both).len(), 3);
        assert_eq!(combinations(DeviceKind::Cuda, &[], &both).len(), 2 * 2);
    }

    #[test]
    fn unknown_backends_are_refused_with_the_known_ones() {
        let error = backends(&["cpu".to_owned()], "--require").unwrap_err();
        assert_eq!(
            error.to_string(),
            "--require cpu: there is no such backend; there are flex, wgpu, vulkan, metal, cuda, rocm"
        );
    }

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..20).collect();
        let started = Mutex::new(Vec::new());
        let cost = |&n: &u64| usize::from(n >= 17);
        let results = in_parallel(&items, 3, cost, |&n| {
            started.lock().unwrap().push(n);
            std::thread::sleep(std::time::Duration::from_millis(20 - n));
            n * n
        });
        assert_eq!(results, items.iter().map(|n| n * n).collect::<Vec<_>>());
        let mut first = started.into_inner().unwrap()[..3].to_vec();
        first.sort_unstable();
        assert_eq!(first, [17, 18, 19]);
    }
}
