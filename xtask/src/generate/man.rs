//! Man pages, one for each program and subcommand.

use anyhow::Result;

use super::{Files, programs, written};

/// All pages by file name: `infer.1`, `infer-sample.1`.
pub(super) fn pages() -> Result<Files> {
    written(|folder| {
        for program in programs() {
            clap_mangen::generate_to(program, folder)?;
        }
        Ok(())
    })
}
