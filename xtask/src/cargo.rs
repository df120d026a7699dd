//! Cargo, started by a program that cargo has started.

use std::process::Command;

/// What cargo tells a program about its own package. Build scripts that look at these (ring's does) would see others
/// than when a user calls cargo: all that depends on them would compile again, now and in the next call of a user's.
const OF_OUR_PACKAGE: [&str; 4] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE"];

/// The cargo that has started or compiled this program, as a user would start it.
pub fn cargo() -> Command {
    let path = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    without_our_package(Command::new(path))
}

/// A command that does not see what cargo says about this program's package.
pub fn without_our_package(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let is_ours = |prefix: &str| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if OF_OUR_PACKAGE.iter().any(|prefix| is_ours(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_of_this_package_is_not_passed_on() {
        // `cargo test` has set them for this program.
        assert_eq!(std::env::var("CARGO_PKG_NAME").unwrap(), "xtask");
        let cargo = cargo();
        let removed: Vec<_> = cargo.get_envs().filter(|(_, value)| value.is_none()).collect();
        for name in ["CARGO_PKG_NAME", "CARGO_PKG_VERSION_MAJOR", "CARGO_MANIFEST_DIR"] {
            assert!(removed.iter().any(|(removed, _)| *removed == name), "{name} is passed on");
        }
    }
}
