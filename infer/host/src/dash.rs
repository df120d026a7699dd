//! What to write for a value that begins with a dash.

use std::ffi::OsString;

use clap::Command;

/// How to write the first value of a command line that was taken for an argument; `None` if there is
/// none.
pub(crate) fn hint(command: &Command, line: &[OsString]) -> Option<String> {
    let command = meant(command, line);
    let takes_value = |name: &str| {
        let Some(name) = name.strip_prefix("--") else { return false };
        let is_it = |arg: &clap::Arg| arg.get_long() == Some(name);
        command.get_arguments().any(|arg| is_it(arg) && arg.get_action().takes_values())
    };
    let is_known = |text: &str| {
        let name = text.strip_prefix("--").map(|name| name.split('=').next());
        ["-h", "-V", "--help", "--version"].contains(&text)
            || name.is_some_and(|name| command.get_arguments().any(|arg| arg.get_long() == name))
    };
    line.windows(2).find_map(|pair| {
        let [name, value] = [pair[0].to_str()?, pair[1].to_str()?];
        let is_value = value.starts_with('-') && !is_known(value) && takes_value(name);
        let quoted = shlex::try_quote(value).ok().filter(|_| is_value)?;
        Some(format!("a value that begins with a dash follows an equals sign: {name}={quoted}"))
    })
}

/// The command that a line is of: an option of one command may be a switch of another.
fn meant<'a>(command: &'a Command, line: &[OsString]) -> &'a Command {
    line.iter().fold(command, |command, word| command.find_subcommand(word).unwrap_or(command))
}
