//! A whole conversion: all files or none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pixelflow::weights::{
    DESCRIPTION_FILE, ModelDescription, ShardIndex, TensorFile, is_int8, plan_shards,
};
use pixelflow::{NumberFormat, durable};
use pixelflow_host::device::select;

use super::target::exists;
use super::{
    ConversionReport, ConvertProgress, ConvertTarget, PlannedTensor, ToInt8, copy_tensors, planned,
};
use crate::Result;
use crate::error::{in_place, read_error, write_error};

/// What is converted, to what, and where it goes.
#[derive(Debug)]
pub struct Conversion<'a> {
    /// The weights.
    pub file: &'a TensorFile,
    /// The text of the description beside them.
    pub description: Option<Vec<u8>>,
    /// Their new number format; `None` leaves each as it is.
    pub format: Option<NumberFormat>,
    /// Most bytes of values in one file.
    pub max_shard_size: u64,
    /// Where they go.
    pub target: ConvertTarget,
}

impl Conversion<'_> {
    /// Writes all files beside their places, reads them back, and then puts them there.
    ///
    /// # Errors
    /// [`crate::Error::Write`] if something is in the place, or on a full disk; what [`copy_tensors`]
    /// says. Nothing is left behind then.
    pub fn run(self) -> Result<ConversionReport> {
        if self.format.is_some() && is_int8(self.file) {
            return Err(crate::Error::Argument {
                argument: "INPUT",
                value: self.file.path().display().to_string(),
                reason: "its matrices are in int8, from which there is no way back; convert the \
                         weights that it was made of, or leave out --dtype"
                    .to_owned(),
            });
        }
        let _made = self.target.prepare()?;
        self.check_description()?;
        let folder = &self.target.folder;
        let draft = tempfile::Builder::new().prefix(".convert").tempdir_in(folder);
        let draft = draft.map_err(write_error(folder))?;
        let written = match self.format {
            Some(NumberFormat::Int8) => self.write_int8(draft.path()),
            _ => self.write(draft.path()),
        };
        let Draft { mut files, report, index } =
            written.map_err(|error| in_place(error, draft.path(), folder))?;
        let description = self.description_file(draft.path());
        files.extend(description.map_err(|error| in_place(error, draft.path(), folder))?);
        // The index comes last: without it, several files are no model.
        files.extend(index);
        put_in_place(&files)?;
        Ok(report)
    }

    /// Writes the weights into a folder and reads them back.
    fn write(&self, draft: &Path) -> Result<Draft> {
        let folder = &self.target.folder;
        let tensors = planned(self.file, self.format.and_then(NumberFormat::stored));
        let infos = tensors.iter().map(|tensor| (tensor.name.clone(), tensor.to.clone()));
        let shards = plan_shards(&self.target.stem, infos.collect(), self.max_shard_size);
        let mut progress = ConvertProgress::new(self.file, "converting");
        let mut rest = tensors.as_slice();
        let mut reports = Vec::with_capacity(tensors.len());
        let mut files = Vec::new();
        for shard in &shards {
            let (these, others): (&[PlannedTensor], _) = rest.split_at(shard.tensors.len());
            rest = others;
            let path = draft.join(&shard.file);
            let metadata = self.file.metadata();
            reports.extend(copy_tensors(self.file, these, &path, metadata, &mut progress)?);
            files.push((path, folder.join(&shard.file)));
        }
        progress.finish();
        let mut index = None;
        if shards.len() > 1 {
            let place = self.target.index();
            let path = draft.join(place.file_name().unwrap_or_default());
            ShardIndex::of(&shards).write(&path)?;
            index = Some((path, place));
        }
        let report = ConversionReport { tensors: reports, files: shards.len() };
        Ok(Draft { files, report, index })
    }

    /// The same for matrices in eight bits.
    fn write_int8(&self, draft: &Path) -> Result<Draft> {
        let refused = |reason: &str| crate::Error::Argument {
            argument: "--dtype",
            value: "int8".to_owned(),
            reason: reason.to_owned(),
        };
        if self.max_shard_size != u64::MAX {
            return Err(refused("it is written in one file; leave out --max-shard-size"));
        }
        let text = self.description.as_deref().unwrap_or_default();
        let description: ModelDescription = serde_json::from_slice(text).map_err(|_| {
            refused(
                "only models of this program have it, and there is no config.json of one beside \
                 the weights",
            )
        })?;
        let name = format!("{}.safetensors", self.target.stem);
        let path = draft.join(&name);
        // Any device will do: it only stands for a backend.
        let progress = ConvertProgress::new(self.file, "converting");
        let report = select("auto")?.run(ToInt8 {
            file: self.file,
            description: &description,
            path: &path,
            progress: &progress,
        })?;
        progress.finish();
        Ok(Draft { files: vec![(path, self.target.folder.join(name))], report, index: None })
    }

    /// Another description in the place is not replaced.
    fn check_description(&self) -> Result<()> {
        let path = self.target.description();
        match &self.description {
            Some(text) if path.exists() => {
                let there = fs::read(&path).map_err(read_error(&path))?;
                if there == *text { Ok(()) } else { Err(exists(&path)) }
            }
            _ => Ok(()),
        }
    }

    /// The description, written to a draft, and its place; `None` if it is there already.
    fn description_file(&self, draft: &Path) -> Result<Option<(PathBuf, PathBuf)>> {
        let (draft, path) = (draft.join(DESCRIPTION_FILE), self.target.description());
        let Some(text) = self.description.as_ref().filter(|_| !path.exists()) else {
            return Ok(None);
        };
        durable::write_bytes(&draft, text).map_err(write_error(&draft))?;
        Ok(Some((draft, path)))
    }
}

/// Files that are written and have not their places yet, each with its place.
struct Draft {
    files: Vec<(PathBuf, PathBuf)>,
    report: ConversionReport,
    /// That of several files.
    index: Option<(PathBuf, PathBuf)>,
}

/// Moves files to their places, replacing none; if one cannot be, takes back those that were.
fn put_in_place(files: &[(PathBuf, PathBuf)]) -> Result<()> {
    for (number, (from, to)) in files.iter().enumerate() {
        if let Err(error) = durable::rename_new(from, to) {
            let moved = files[..number].iter().map(|(_, to)| to.as_path());
            moved.for_each(|path: &Path| {
                // The first error is the one to report.
                let _ = fs::remove_file(path);
            });
            return Err(match error.kind() {
                io::ErrorKind::AlreadyExists => exists(to),
                _ => write_error(to)(error),
            });
        }
    }
    Ok(())
}
