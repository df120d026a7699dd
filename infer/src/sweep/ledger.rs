//! The cells that are measured, a line of JSON each, which stay whatever ends the program.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pixelflow::durable;
use pixelflow_host::output::note;

use super::cell::{Cell, MeasuredCell};
use crate::error::{read_error, write_error};
use crate::shard::Shard;
use crate::{Error, Result};

/// What is measured of a sweep, by this process and by others.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    name: &'static str,
    shard: Shard,
    cells: Vec<MeasuredCell>,
}

impl Ledger {
    /// Reads all parts of a ledger: `NAME.jsonl`, and `NAME-1-of-4.jsonl` and its like.
    ///
    /// A last line that is not whole was being written when its program was killed, and is no line.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::BadRecord`] for any other line that is not sound.
    pub fn open(folder: &Path, name: &'static str, shard: Shard) -> Result<Self> {
        let mut ledger = Self { folder: folder.to_owned(), name, shard, cells: Vec::new() };
        let mut other_values = 0;
        for path in ledger.parts()? {
            let bytes = fs::read(&path).map_err(read_error(&path))?;
            let text = String::from_utf8_lossy(whole_lines(&bytes));
            for (number, line) in text.lines().enumerate() {
                let cell: MeasuredCell = serde_json::from_str(line).map_err(|error| {
                    let reason = format!("line {}: {error}", number + 1);
                    Error::BadRecord { path: path.clone(), reason }
                })?;
                match ledger.find(&cell.cell, &cell.seeds) {
                    None => ledger.cells.push(cell),
                    Some(known) => other_values += usize::from(*known != cell),
                }
            }
        }
        if other_values > 0 {
            note(format_args!(
                "note: {} has {other_values} cells twice with other numbers, as other devices round; the first \
                 are taken",
                folder.display()
            ));
        }
        Ok(ledger)
    }

    /// All cells that are measured.
    pub fn cells(&self) -> &[MeasuredCell] {
        &self.cells
    }

    /// A setting that is measured with these seeds.
    pub fn find(&self, cell: &Cell, seeds: &[u64]) -> Option<&MeasuredCell> {
        self.cells.iter().find(|known| known.cell == *cell && known.seeds == seeds)
    }

    /// Adds a cell; when this returns it is on the disk.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&mut self, cell: MeasuredCell) -> Result<()> {
        let path = self.own_path();
        let write = || -> io::Result<()> {
            if !path.exists() {
                // Its name is on the disk before its first line is.
                durable::write(&path, |_| Ok(()))?;
            }
            let bytes = fs::read(&path)?;
            let whole = whole_lines(&bytes).len();
            if whole < bytes.len() {
                File::options().write(true).open(&path)?.set_len(whole as u64)?;
            }
            let mut file = File::options().append(true).open(&path)?;
            let line = serde_json::to_string(&cell)? + "\n";
            file.write_all(line.as_bytes())?;
            file.sync_data()
        };
        write().map_err(write_error(&path))?;
        self.cells.push(cell);
        Ok(())
    }

    /// Keeps its file for this process until what it gives is dropped: who else measures the same part would
    /// do its work twice, and lose lines.
    ///
    /// # Errors
    /// [`Error::Argument`] if another process has it, [`Error::Write`].
    pub fn hold(&self) -> Result<File> {
        let own = self.own_path();
        let name = own.file_name().unwrap_or_default().to_string_lossy();
        let path = self.folder.join(format!(".{name}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(write_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::Error(error)) => Err(write_error(&path)(error)),
            Err(TryLockError::WouldBlock) => Err(Error::Argument {
                argument: "--out",
                value: self.folder.display().to_string(),
                reason: "another process measures the same part of this sweep; wait until it is done, or give \
                         another --shard or folder"
                    .to_owned(),
            }),
        }
    }

    /// Brings the cells into an order that does not tell who has measured which.
    pub fn sort(&mut self) {
        self.cells.sort_by(|a, b| a.cell.order(&b.cell).then_with(|| a.seeds.cmp(&b.seeds)));
    }

    /// Writes all cells into one file, in an order that does not tell who has measured which.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_whole(&mut self) -> Result<()> {
        self.sort();
        let path = self.folder.join(format!("{}.jsonl", self.name));
        let write = |file: &mut durable::DurableFile| {
            self.cells
                .iter()
                .try_for_each(|cell| writeln!(file, "{}", serde_json::to_string(cell)?))
        };
        durable::write(&path, write).map_err(write_error(&path))
    }

    /// The file that this process writes: no two parts write the same.
    fn own_path(&self) -> PathBuf {
        let part = match self.shard {
            Shard::WHOLE => String::new(),
            shard => format!("-{}", shard.to_string().replace('/', "-of-")),
        };
        self.folder.join(format!("{}{part}.jsonl", self.name))
    }

    /// The files of all parts, that of the whole first.
    fn parts(&self) -> Result<Vec<PathBuf>> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string());
        let names: io::Result<Vec<_>> =
            fs::read_dir(&self.folder).and_then(|entries| entries.map(name).collect());
        let names = names.map_err(read_error(&self.folder))?.into_iter().flatten();
        let is_part = |name: &String| {
            let part = name.strip_prefix(self.name).and_then(|part| part.strip_suffix(".jsonl"));
            part.is_some_and(|part| part.is_empty() || part.starts_with('-'))
        };
        let mut names: Vec<String> = names.filter(is_part).collect();
        // Unsorted, the first of two numbers would hang on the file system.
        names.sort_by_key(|name| (name.len(), name.clone()));
        Ok(names.into_iter().map(|name| self.folder.join(name)).collect())
    }
}

/// The lines that are whole.
fn whole_lines(text: &[u8]) -> &[u8] {
    &text[..text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1)]
}

#[cfg(test)]
mod tests {
    use pixelflow::sampler::SolverKind;

    use super::super::cell::testing::measured;
    use super::*;

    fn cells() -> [MeasuredCell; 3] {
        [(4, 9.0), (16, 1.0), (8, 3.0)]
            .map(|(steps, fd)| measured(SolverKind::Euler, steps, 8.0, fd))
    }

    #[test]
    fn what_is_appended_is_found_again_and_a_torn_line_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Ledger::open(folder.path(), "cells", Shard::WHOLE).unwrap();
        let [first, second, third] = cells();
        open().append(first.clone()).unwrap();
        open().append(second.clone()).unwrap();
        let path = folder.path().join("cells.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        assert_eq!(open().cells(), std::slice::from_ref(&first));
        open().append(third.clone()).unwrap();
        assert_eq!(open().cells(), [first.clone(), third.clone()]);
        assert_eq!(open().find(&third.cell, &[0]), Some(&third));
        assert!(
            open().find(&third.cell, &[1]).is_none() && open().find(&second.cell, &[0]).is_none()
        );
        fs::write(&path, format!("nonsense\n{whole}")).unwrap();
        let error = Ledger::open(folder.path(), "cells", Shard::WHOLE).unwrap_err().to_string();
        assert!(error.contains("cells.jsonl cannot be used: line 1: "), "{error}");
    }

    #[test]
    fn parts_together_are_written_as_the_whole() {
        let [whole, shared] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for cell in cells() {
            Ledger::open(whole.path(), "cells", Shard::WHOLE).unwrap().append(cell).unwrap();
        }
        for (part, cell) in [2, 1, 2].into_iter().zip(cells()) {
            let shard = Shard::new(part, 2).unwrap();
            Ledger::open(shared.path(), "cells", shard).unwrap().append(cell).unwrap();
        }
        assert!(shared.path().join("cells-2-of-2.jsonl").exists());
        let [whole, shared] = [&whole, &shared].map(|folder| {
            // Twice: reading what was written besides the parts changes nothing.
            for _ in 0..2 {
                Ledger::open(folder.path(), "cells", Shard::WHOLE).unwrap().write_whole().unwrap();
            }
            fs::read_to_string(folder.path().join("cells.jsonl")).unwrap()
        });
        assert_eq!((whole.lines().count(), &whole), (3, &shared));
    }
}
