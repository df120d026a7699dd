//! Scripts that complete command lines in a shell.

use anyhow::Result;
use clap_complete::Shell;

use super::{Files, programs, written};

const SHELLS: [Shell; 4] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];

/// All scripts by file name, in each shell's own manner: `infer.bash`, `_infer`.
pub(super) fn scripts() -> Result<Files> {
    written(|folder| {
        for mut program in programs() {
            let name = program.get_name().to_owned();
            for shell in SHELLS {
                clap_complete::generate_to(shell, &mut program, name.as_str(), folder)?;
            }
        }
        Ok(())
    })
}
