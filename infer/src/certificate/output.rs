//! The two files of a certificate.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use image::RgbImage;
use pixelflow::durable::DurableFile;

use super::Certificate;
use super::page::page;
use crate::destination::check_file;
use crate::error::write_error;
use crate::json_text::json_text;
use crate::made_folders::MadeFolders;
use crate::{Error, Result};

/// Where a certificate and its page go: places that were free before anything was computed.
#[derive(Debug)]
pub struct CertificateFiles {
    json: PathBuf,
    html: PathBuf,
    _made: [MadeFolders; 2],
}

impl CertificateFiles {
    /// What `--certificate FILE.json` means; `taken` is another file that is written.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that does not end so, or that is taken; [`Error::Write`].
    pub fn prepare(json: &Path, taken: Option<&Path>) -> Result<Self> {
        let refused = |path: &Path, reason: &str| Error::Argument {
            argument: "--certificate",
            value: path.display().to_string(),
            reason: reason.to_owned(),
        };
        if !json.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
            return Err(refused(json, "a certificate is JSON; give FILE.json"));
        }
        let html = json.with_extension("html");
        for path in [json, &html] {
            if taken == Some(path) {
                return Err(refused(path, "--json has this name; give another"));
            }
            if path.symlink_metadata().is_ok() {
                return Err(refused(path, "it exists already; give another name, or remove it"));
            }
        }
        let made = [check_file(json)?, check_file(&html)?];
        Ok(Self { json: json.to_owned(), html, _made: made })
    }

    /// Writes the page and then the certificate; replaces nothing.
    ///
    /// # Errors
    /// [`Error::Write`].
    ///
    /// # Panics
    /// Never: every certificate has a form in JSON, and every image in PNG.
    pub fn write(&self, certificate: &Certificate, images: &[RgbImage]) -> Result<()> {
        let file = self.json.file_name().unwrap_or_default().to_string_lossy();
        write_new(&self.html, &page(certificate, images, &file))?;
        write_new(&self.json, &(json_text(certificate) + "\n"))
    }

    /// Says where both are.
    pub fn said(&self) -> String {
        format!("certificate: {}, {}", self.json.display(), self.html.display())
    }
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = DurableFile::create(path)?;
        file.write_all(text.as_bytes())?;
        file.finish_new()
    };
    write().map_err(write_error(path))
}
