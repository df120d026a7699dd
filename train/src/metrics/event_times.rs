//! When the numbers of a run were recorded, as its TensorBoard event files say: `metrics.jsonl` has no times of day.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use prost::Message;

use super::tensorboard::{PREFIX, masked_checksum};
use crate::Result;
use crate::error::read_error;

/// When the numbers of a run were recorded, in milliseconds since 1970, by step and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTimes(HashMap<(u64, String), u64>);

impl EventTimes {
    /// Those of all event files of a folder; none without such a folder. What a later file says of the same step holds,
    /// and what comes after a damaged entry of a file is left out.
    ///
    /// # Errors
    /// [`crate::Error::Read`].
    pub fn read(folder: &Path) -> Result<Self> {
        let mut times = Self::default();
        for path in event_files(folder)? {
            let mut file = BufReader::new(File::open(&path).map_err(read_error(&path))?);
            while let Some(event) = next_event(&mut file).map_err(read_error(&path))? {
                let milliseconds = (1000.0 * event.wall_time).round() as u64;
                let step = u64::try_from(event.step).unwrap_or(0);
                for value in event.summary.unwrap_or_default().value {
                    times.0.insert((step, value.tag), milliseconds);
                }
            }
        }
        Ok(times)
    }

    /// When the number of this name was recorded after so many steps.
    pub fn of(&self, step: u64, name: &str) -> Option<u64> {
        self.0.get(&(step, name.to_owned())).copied()
    }
}

/// The event files of a folder, in the order in which they were begun.
fn event_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(read_error(folder))? {
        let path = entry.map_err(read_error(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(PREFIX) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The next event of a file; `None` at its end, and where an entry is damaged or cut off.
fn next_event(file: &mut impl Read) -> std::io::Result<Option<TimedEvent>> {
    let mut head = [0; 12];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let [length, sum] = [&head[..8], &head[8..]];
    if masked_checksum(length).to_le_bytes() != *sum {
        return Ok(None);
    }
    let length = length.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
    let mut body = Vec::new();
    file.take(length.saturating_add(4)).read_to_end(&mut body)?;
    let Some((event, sum)) = body.split_last_chunk::<4>() else { return Ok(None) };
    let is_whole = event.len() as u64 == length && masked_checksum(event).to_le_bytes() == *sum;
    Ok(is_whole.then(|| TimedEvent::decode(event).ok()).flatten())
}

/// An event without its numbers and pictures.
#[derive(Clone, PartialEq, Message)]
struct TimedEvent {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(message, optional, tag = "5")]
    summary: Option<Names>,
}

#[derive(Clone, PartialEq, Message)]
struct Names {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Name>,
}

#[derive(Clone, PartialEq, Message)]
struct Name {
    #[prost(string, tag = "1")]
    tag: String,
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use image::RgbImage;

    use super::*;
    use crate::metrics::{Record, RollbackRecord, TensorBoard};

    fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
    }

    #[test]
    fn times_are_found_by_step_and_name_up_to_a_damaged_entry() {
        let folder = tempfile::tempdir().unwrap();
        let rollback = |step| Record::Rollback(RollbackRecord { step, to: 0, rate: 0.5 });
        let begun = now();
        let mut board = TensorBoard::create(folder.path(), 0).unwrap();
        board.append_record(&rollback(3)).unwrap();
        board.append_picture(4, &RgbImage::new(2, 2)).unwrap();
        let whole = event_files(folder.path()).unwrap().remove(0);
        let length = fs::metadata(&whole).unwrap().len();
        board.append_record(&rollback(5)).unwrap();
        let times = EventTimes::read(folder.path()).unwrap();
        for (step, name) in [(3, "train/rollback_to"), (4, "preview"), (5, "train/rollback_to")] {
            let time = times.of(step, name).unwrap();
            assert!((begun..=now() + 1).contains(&time), "{step}: {time}, begun {begun}");
        }
        assert_eq!((times.of(3, "preview"), times.of(6, "preview")), (None, None));

        // One bit of the last entry is another.
        let mut bytes = fs::read(&whole).unwrap();
        bytes[length as usize + 14] ^= 1;
        fs::write(&whole, bytes).unwrap();
        let times = EventTimes::read(folder.path()).unwrap();
        assert!(times.of(4, "preview").is_some() && times.of(5, "train/rollback_to").is_none());
        assert_eq!(EventTimes::read(&folder.path().join("gone")).unwrap(), EventTimes::default());
    }
}
