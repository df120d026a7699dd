//! Processor, memory, disk and clock.

use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Finding, gigabytes};
use crate::device::available_memory;

/// Memory below which the smallest models do not fit.
const LITTLE_MEMORY: u64 = 1 << 30;
/// Room on a disk below which a run ends soon.
const LITTLE_DISK: u64 = 1 << 30;
/// This program did not exist before: 2025-04-01.
const BEGINNING: Duration = Duration::from_secs(1_743_465_600);

/// What is found of processor, memory, the disk of a folder, and the clock.
pub fn machine(folder: &Path) -> Vec<Finding> {
    vec![
        processor(),
        memory(available_memory()),
        disk(free_space(folder), folder),
        clock(SystemTime::now()),
    ]
}

fn processor() -> Finding {
    let cores = available_parallelism().map_or(1, usize::from);
    let vectors = vectors();
    let text = format!(
        "{cores} cores, {}",
        if vectors.is_empty() { "no vectors that are used" } else { vectors }
    );
    Finding::well("processor", text)
}

/// The widest vectors that the kernels use.
fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            return "AVX2";
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        return "NEON";
    }
    #[allow(unreachable_code)]
    ""
}

fn memory(free: Option<u64>) -> Finding {
    match free {
        None => Finding::absent("memory", "how much is free is not known on this system"),
        Some(free) if free < LITTLE_MEMORY => Finding::ill(
            "memory",
            format!(
                "{} are free (limits of containers and batch systems count): end other programs, or ask for more",
                gigabytes(free)
            ),
        ),
        Some(free) => Finding::well("memory", format!("{} are free", gigabytes(free))),
    }
}

fn disk(free: Option<u64>, folder: &Path) -> Finding {
    let place = folder.display();
    match free {
        None => Finding::absent("disk", format!("how much is free in {place} is not known")),
        Some(free) if free < LITTLE_DISK => Finding::ill(
            "disk",
            format!(
                "{} are free in {place}: a run saves its checkpoints there; make room",
                gigabytes(free)
            ),
        ),
        Some(free) => Finding::well("disk", format!("{} are free in {place}", gigabytes(free))),
    }
}

fn clock(now: SystemTime) -> Finding {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since < BEGINNING {
        return Finding::ill(
            "clock",
            "it is set to a time before this program was: certificates and times of files mislead; set it",
        );
    }
    Finding::well("clock", humantime::format_rfc3339_seconds(now).to_string())
}

/// Bytes that the user may still write into a folder; `None` where nobody says.
#[cfg(unix)]
fn free_space(folder: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    // Their types differ between systems.
    #[allow(clippy::useless_conversion)]
    Some(u64::from(disk.blocks_available()) * u64::from(disk.fragment_size()))
}

#[cfg(not(unix))]
fn free_space(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::super::Mark;
    use super::*;

    #[test]
    fn what_is_too_little_is_ill_and_says_what_to_do() {
        let marks = |free| [memory(free), disk(free, Path::new("runs"))];
        assert!(marks(Some(1 << 29)).iter().all(|finding| finding.mark == Mark::Ill));
        assert!(marks(Some(1 << 40)).iter().all(|finding| finding.mark == Mark::Well));
        assert!(marks(None).iter().all(|finding| finding.mark == Mark::Absent));
        let [memory, disk] = marks(Some(1 << 29));
        assert!(memory.text.contains("0.5 GB") && memory.text.contains("end other programs"));
        assert!(disk.text.contains("runs") && disk.text.contains("make room"));
        assert_eq!(clock(UNIX_EPOCH).mark, Mark::Ill);
        assert_eq!(clock(UNIX_EPOCH + Duration::from_secs(1_800_000_000)).mark, Mark::Well);
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_says_how_much_is_free() {
        assert!(free_space(Path::new(".")).is_some_and(|free| free > 0));
        assert_eq!(free_space(Path::new("/nowhere/at/all")), None);
    }
}
