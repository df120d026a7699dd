//! Memory that is free.

use std::fs;
use std::path::{Component, Path};

/// Bytes that are free on the processor's side, where the system says: of the machine, and within the
/// limits of the control groups that the program is in (containers, batch systems).
pub fn available_memory() -> Option<u64> {
    free_memory(Path::new("/proc"), Path::new("/sys/fs/cgroup"))
}

/// Bytes of memory that this process has on the processor's side, where the system says.
pub fn used_memory() -> Option<u64> {
    field(Path::new("/proc/self/status"), "VmRSS:").map(|kibibytes| kibibytes << 10)
}

/// The files that say what a control group may take, has taken, and would give back.
struct Version {
    limit: &'static str,
    usage: &'static str,
    reclaimable: &'static str,
}

const V1: Version = Version {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};
const V2: Version =
    Version { limit: "memory.max", usage: "memory.current", reclaimable: "inactive_file" };

/// The least that the machine or a control group has free, as `proc` and the folder of control groups
/// say.
fn free_memory(proc: &Path, control_groups: &Path) -> Option<u64> {
    let machine = field(&proc.join("meminfo"), "MemAvailable:").map(|kibibytes| kibibytes << 10);
    let own = fs::read_to_string(proc.join("self/cgroup")).unwrap_or_default();
    let groups = own.lines().filter_map(|line| {
        // `0::/path` of version 2, `4:cpu,memory:/path` of version 1.
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        match controllers {
            "" => free_in_group(control_groups, path, &V2),
            _ if controllers.split(',').any(|name| name == "memory") => {
                free_in_group(&control_groups.join("memory"), path, &V1)
            }
            _ => None,
        }
    });
    groups.chain(machine).min()
}

/// The least that a control group or one that it is in has free. In a container, the path may be that
/// of the machine outside, of which only the root is to be seen here.
fn free_in_group(root: &Path, path: &str, version: &Version) -> Option<u64> {
    let mut folder = root.to_owned();
    let names = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let inner = names.map(|name| {
        folder.push(name);
        folder.clone()
    });
    let folders = std::iter::once(root.to_owned()).chain(inner.collect::<Vec<_>>());
    let free = folders.filter_map(|folder| {
        let number = |file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok();
        let limit: u64 = number(version.limit)?;
        let reclaimable = field(&folder.join("memory.stat"), version.reclaimable).unwrap_or(0);
        let used = number(version.usage).unwrap_or(0).saturating_sub(reclaimable);
        Some(limit.saturating_sub(used))
    });
    free.min()
}

/// The number of a line `NAME NUMBER` of a file.
fn field(path: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    /// A machine with 8 GB free, where the program is in `groups`; `files` are below the folder of
    /// control groups.
    fn free(groups: &str, files: &[(&str, String)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let meminfo = format!("MemTotal: 99 kB\nMemAvailable:   {} kB\n", 8 << 20);
        let own = [("proc/meminfo", meminfo), ("proc/self/cgroup", groups.to_owned())];
        let groups = files.iter().map(|(name, text)| (format!("groups/{name}"), text));
        for (name, text) in own.iter().map(|(name, text)| ((*name).to_owned(), text)).chain(groups)
        {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        free_memory(&root.path().join("proc"), &root.path().join("groups"))
    }

    #[test]
    fn the_smallest_limit_of_all_control_groups_counts() {
        let file = |name: &'static str, bytes: u64| (name, bytes.to_string());
        let stat = |name: &'static str, field: &str| (name, format!("anon 5\n{field} {GB}"));
        let max = |name: &'static str| (name, "max".to_owned());
        // Version 2: a parent has less free than its child, and what was read from files can be given back.
        let job = [
            file("a/b/memory.max", 6 * GB),
            file("a/b/memory.current", 2 * GB),
            file("a/memory.max", 4 * GB),
            file("a/memory.current", 3 * GB),
            stat("a/memory.stat", "inactive_file"),
        ];
        assert_eq!(free("0::/a/b", &job), Some(2 * GB));
        // Version 1, and another group's limit, which is none of ours.
        let job = [
            file("memory/a/memory.limit_in_bytes", 3 * GB),
            file("memory/a/memory.usage_in_bytes", 2 * GB),
            stat("memory/a/memory.stat", "total_inactive_file"),
            file("memory/memory.limit_in_bytes", i64::MAX as u64 - 4095),
            file("memory/other/memory.limit_in_bytes", GB),
        ];
        assert_eq!(free("9:cpu,memory:/a\n1:name=systemd:/x\n0::/", &job), Some(2 * GB));
        // A container sees its own group as the root, whatever it is called outside.
        let container = [file("memory.max", GB), file("memory.current", 0)];
        for path in ["0::/", "0::/docker/1234", "0::/../../x"] {
            assert_eq!(free(path, &container), Some(GB), "{path}");
        }
        // More than its limit is in use.
        let full = [file("memory.max", GB), file("memory.current", 2 * GB)];
        assert_eq!(free("0::/", &full), Some(0));
        // Without limits, the machine's.
        assert_eq!(free("0::/a", &[max("a/memory.max")]), Some(8 * GB));
        assert_eq!(free("", &[]), Some(8 * GB));
    }
}
