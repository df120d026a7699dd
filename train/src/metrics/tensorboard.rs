//! Metrics as TensorBoard reads them.
//!
//! An event file is a row of frames: length, its checksum, a protocol buffer, its checksum. The
//! messages below are the parts of TensorFlow's `event.proto` and `summary.proto` that are used.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use image::RgbImage;
use image::codecs::png::PngEncoder;
use prost::Message;

use super::Record;
use super::log_file::LogFile;
use super::scalars::scalars;
use crate::Result;
use crate::error::{read_error, write_error};

/// Writes an event file.
#[derive(Debug)]
pub struct TensorBoard(LogFile);

impl TensorBoard {
    /// Begins a new event file in `folder` for a run that has taken `step` steps.
    ///
    /// TensorBoard drops what older files of the folder recorded from that step on.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn create(folder: &Path, step: u64) -> Result<Self> {
        fs::create_dir_all(folder).map_err(write_error(folder))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let latest = latest(folder).map_err(read_error(folder))?;
        // TensorBoard reads the files in the order of their names, whatever the clock says.
        let time = latest.map_or(now, |latest| now.max(latest + 1));
        let process = std::process::id();
        let path = folder.join(format!("{PREFIX}{time:010}.pixelflow.{process}"));
        let mut board = Self(LogFile::open(&path, OpenOptions::new().create_new(true))?);
        board.append(step, What::FileVersion("brain.Event:2".to_owned()))?;
        if step > 0 || latest.is_some() {
            board.append(step + 1, What::SessionLog(SessionLog { status: SESSION_START }))?;
        }
        Ok(board)
    }

    /// Appends the numbers of a record.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn append_record(&mut self, record: &Record) -> Result<()> {
        let values: Vec<Value> =
            scalars(record).into_iter().map(|(tag, value)| scalar(tag, value)).collect();
        if values.is_empty() {
            return Ok(());
        }
        self.append(record.step(), What::Summary(Summary { value: values }))
    }

    /// Appends a picture.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    ///
    /// # Panics
    /// Never: it has a form as PNG.
    pub fn append_picture(&mut self, step: u64, picture: &RgbImage) -> Result<()> {
        let mut png = Vec::new();
        picture
            .write_with_encoder(PngEncoder::new(&mut png))
            .expect("a picture in memory has a form as PNG");
        let image = Image {
            height: picture.height() as i32,
            width: picture.width() as i32,
            colorspace: 3,
            encoded: png,
        };
        let value = Value { tag: "preview".to_owned(), kind: Some(Kind::Image(image)) };
        self.append(step, What::Summary(Summary { value: vec![value] }))
    }

    fn append(&mut self, step: u64, what: What) -> Result<()> {
        let wall_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_time = wall_time.as_secs_f64();
        let event = Event { wall_time, step: step as i64, what: Some(what) };
        self.0.append(&frame(&event.encode_to_vec()))
    }
}

/// How the names of event files begin, before the seconds since 1970.
pub(super) const PREFIX: &str = "events.out.tfevents.";

/// The time in the name of the latest event file in a folder.
fn latest(folder: &Path) -> std::io::Result<Option<u64>> {
    let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names: Vec<_> = names.collect::<std::io::Result<_>>()?;
    let time = |name: &std::ffi::OsString| {
        name.to_str()?.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
    };
    Ok(names.iter().filter_map(time).max())
}

fn scalar(tag: String, value: f64) -> Value {
    Value { tag, kind: Some(Kind::SimpleValue(value as f32)) }
}

/// Length, checksum, bytes, checksum.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut frame = Vec::with_capacity(bytes.len() + 16);
    frame.extend(length);
    frame.extend(masked_checksum(&length).to_le_bytes());
    frame.extend(bytes);
    frame.extend(masked_checksum(bytes).to_le_bytes());
    frame
}

/// CRC-32C, rotated and shifted as `TFRecord` wants it.
pub(super) fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// `SessionLog.START`.
const SESSION_START: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Kind", tags = "2, 4")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    #[prost(message, tag = "4")]
    Image(Image),
}

#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    encoded: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{EvaluationRecord, Score, ValidationRecord};

    /// All events of the only file in `folder`; asserts that every checksum is right.
    fn events(folder: &Path) -> Vec<Event> {
        let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let bytes = fs::read(file).unwrap();
        let mut rest = bytes.as_slice();
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let (this, next) = rest.split_at(16 + length);
            let sum = |at: usize| u32::from_le_bytes(this[at..at + 4].try_into().unwrap());
            assert_eq!(sum(8), masked_checksum(&this[..8]));
            assert_eq!(sum(12 + length), masked_checksum(&this[12..12 + length]));
            events.push(Event::decode(&this[12..12 + length]).unwrap());
            rest = next;
        }
        events
    }

    #[test]
    fn the_checksum_is_tensorflows() {
        // CRC-32C of "123456789" is e3069283; masked as TFRecord does.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked_checksum(b"123456789"), 0xc78a_b0e5);
    }

    #[test]
    fn a_file_begins_with_its_version_and_has_a_tag_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = TensorBoard::create(folder.path(), 0).unwrap();
        let stage_losses = vec![Some(0.25), None];
        let record = ValidationRecord { step: 5, images: 20, loss: 0.5, stage_losses };
        board.append_record(&Record::Validation(record)).unwrap();
        let score = |name: &str, standard_error| Score {
            name: name.to_owned(),
            value: 2.0,
            standard_error,
        };
        let metrics = [("fd", score("FD", None)), ("kid", score("KID", Some(0.5)))];
        let metrics = metrics.map(|(key, score)| (key.to_owned(), score)).into();
        let record = EvaluationRecord { step: 5, images: 20, drawn: 8, metrics };
        board.append_record(&Record::Evaluation(record)).unwrap();
        board.append_picture(6, &RgbImage::new(4, 2)).unwrap();

        let events = events(folder.path());
        assert_eq!(events[0].what, Some(What::FileVersion("brain.Event:2".to_owned())));
        let Some(What::Summary(summary)) = &events[1].what else { panic!("no summary") };
        let tags: Vec<&str> = summary.value.iter().map(|value| value.tag.as_str()).collect();
        assert_eq!((events[1].step, tags), (5, vec!["validation/loss", "validation/loss_stage_0"]));
        let Some(What::Summary(summary)) = &events[2].what else { panic!("no summary") };
        let tags: Vec<&str> = summary.value.iter().map(|value| value.tag.as_str()).collect();
        assert_eq!(tags, ["evaluation/fd", "evaluation/kid", "evaluation/kid_standard_error"]);
        let Some(What::Summary(picture)) = &events[3].what else { panic!("no picture") };
        let Some(Kind::Image(image)) = &picture.value[0].kind else { panic!("no picture") };
        assert_eq!((image.width, image.height), (4, 2));
        assert_eq!(image::load_from_memory(&image.encoded).unwrap().width(), 4);
    }

    #[test]
    fn a_resumed_run_says_from_where_on_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        TensorBoard::create(folder.path(), 7).unwrap();
        let start = What::SessionLog(SessionLog { status: SESSION_START });
        let events = events(folder.path());
        assert_eq!((events[1].step, &events[1].what), (8, &Some(start)));
    }
}
