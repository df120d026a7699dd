//! Everything that can go wrong between a file and a packed batch.

use std::path::PathBuf;

use crate::source::LeftOut;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A configuration value makes no sense.
    #[error("{field} is {value}: {reason}")]
    Config {
        /// The field, as it is called in the configuration file.
        field: &'static str,
        /// The value it has.
        value: String,
        /// Which values work.
        reason: String,
    },

    /// The data set has no records at all.
    #[error(
        "{place} holds no images that can be used; supported are {}{}",
        crate::decode::SUPPORTED,
        left_out.clause()
    )]
    NoRecords {
        /// The file or folder that was looked into.
        place: String,
        /// What it holds instead.
        left_out: LeftOut,
    },

    /// Records of the data set cannot be used, and none may be left out.
    #[error("{0}; mend or remove them, or leave --strict (data.strict) out")]
    LeftOut(LeftOut),

    /// The file of a record is gone, may not be read, or is no file.
    #[error("{record} cannot be read: {reason}")]
    Unreadable {
        /// Which file or member.
        record: String,
        /// What the operating system said.
        reason: String,
    },

    /// An image file has no bytes.
    #[error("{record} is empty (0 bytes): copy it again or remove it")]
    EmptyImage {
        /// Which image.
        record: String,
    },

    /// An image could not be decoded.
    #[error("{record} is not a readable image: {reason}")]
    Undecodable {
        /// Which image.
        record: String,
        /// What the decoder said.
        reason: String,
    },

    /// Decoding or scaling an image would take more memory than there is for all of them together.
    #[error(
        "{record} is {width}x{height} pixels and takes {mebibytes} MiB to decode and scale, more than the \
         limit of {}; make it smaller or remove it",
        crate::decode::MAX_DECODED_BYTES >> 20
    )]
    TooMuchMemory {
        /// Which image.
        record: String,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// What it takes.
        mebibytes: u64,
    },

    /// An image has no pixels, or its pixel data does not fit its size.
    #[error(
        "{bytes} bytes do not make an image of {width}x{height} pixels with {channels} channels"
    )]
    InvalidRaster {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Values a pixel.
        channels: usize,
        /// Number of bytes given.
        bytes: usize,
    },

    /// An image is so long and thin that scaling its shorter side would need absurd memory.
    #[error("{record} is {width}x{height} pixels, too thin to be scaled to {side} pixels a side")]
    TooThin {
        /// Which image.
        record: String,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The side it should get.
        side: usize,
    },

    /// A file or tar member is larger than any sensible image or caption.
    #[error("{record} has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Which file or member.
        record: String,
        /// Its size.
        bytes: u64,
        /// The largest size that is read.
        limit: u64,
    },

    /// A tar file ends too early.
    #[error("{} is truncated: {reason}; copy it again", shard.display())]
    TruncatedTar {
        /// The tar file.
        shard: PathBuf,
        /// What is missing.
        reason: String,
    },

    /// A tar file has an invalid header.
    #[error("{} is damaged or not an uncompressed tar file: {reason}", shard.display())]
    DamagedTar {
        /// The tar file.
        shard: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A tar member has a name or a type that no data set needs and an attack would use.
    #[error("{}: member {member:?} {reason}; refusing the whole file", shard.display())]
    UnsafeMember {
        /// The tar file.
        shard: PathBuf,
        /// The member's name.
        member: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A sample's `.json` is no JSON object, or one of its texts is not UTF-8.
    #[error("{record} is not valid: {reason}")]
    InvalidText {
        /// Which member.
        record: String,
        /// What the parser said.
        reason: String,
    },

    /// A label is neither a class index nor a class name.
    #[error("{record} has the label {label}: {reason}")]
    InvalidLabel {
        /// Which sample.
        record: String,
        /// The label as it is in the file.
        label: String,
        /// Which labels work.
        reason: String,
    },

    /// The folder of a folder-per-class data set has no folders in it.
    #[error(
        "{} has no class folders: a folder data set is laid out as FOLDER/CLASS/IMAGE.png",
        folder.display()
    )]
    NoClassFolders {
        /// The folder.
        folder: PathBuf,
    },

    /// An IDX file does not start with the right number.
    #[error("{} starts with {found:#010x}, not {expected:#010x}: it holds no IDX {content}", path.display())]
    IdxMagic {
        /// The file.
        path: PathBuf,
        /// Its first four bytes.
        found: u32,
        /// What they should be.
        expected: u32,
        /// What the file should hold: images or labels.
        content: &'static str,
    },

    /// An IDX file's header and its length disagree.
    #[error("{} should hold {expected} bytes after its header but {found}", path.display())]
    IdxLength {
        /// The file.
        path: PathBuf,
        /// Number of bytes the header announces.
        expected: u64,
        /// What was found.
        found: String,
    },

    /// An IDX header describes nothing, or more than fits in memory.
    #[error("{} announces {count} images of {height}x{width} pixels: {reason}", path.display())]
    IdxSize {
        /// The file.
        path: PathBuf,
        /// Number of images.
        count: u32,
        /// Height in pixels.
        height: u32,
        /// Width in pixels.
        width: u32,
        /// Why that cannot be.
        reason: &'static str,
    },

    /// The image file and the label file hold different numbers of records.
    #[error("{} holds {images} images but {} holds {labels} labels", image_file.display(), label_file.display())]
    IdxCount {
        /// File of the images.
        image_file: PathBuf,
        /// Number of images.
        images: usize,
        /// File of the labels.
        label_file: PathBuf,
        /// Number of labels.
        labels: usize,
    },

    /// A parquet file is cut off, damaged, or none.
    #[error("{} is damaged or no parquet file: {reason}; copy it again", file.display())]
    DamagedParquet {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// No images can be taken from a parquet file, or from a folder of them.
    #[error("{}: {reason}", path.display())]
    Parquet {
        /// The file or folder.
        path: PathBuf,
        /// What is missing or too much.
        reason: String,
    },

    /// An example handed to the packing does not fit the cascade or the others.
    #[error("example {example} of the batch cannot be packed: {reason}")]
    Unpackable {
        /// Position in the batch.
        example: usize,
        /// What does not fit.
        reason: String,
    },

    /// Every single record of the data set is corrupt.
    #[error("none of the {records} images can be read; the last error was: {last}")]
    NothingReadable {
        /// Number of records.
        records: usize,
        /// The error of the last one that was tried.
        last: String,
    },

    /// The background thread or its pool of threads could not be started, or died.
    #[error("the loader's background thread failed: {reason}")]
    Background {
        /// What happened.
        reason: String,
    },

    /// The cascade refused a size.
    #[error(transparent)]
    Cascade(#[from] pixelflow::Error),
}

impl Error {
    /// Whether a single record is to blame, so that training can go on without it.
    ///
    /// A failing disk is not such an error: it is no record's fault.
    pub fn is_corrupt_record(&self) -> bool {
        matches!(
            self,
            Self::EmptyImage { .. }
                | Self::Undecodable { .. }
                | Self::Unreadable { .. }
                | Self::TooMuchMemory { .. }
                | Self::InvalidRaster { .. }
                | Self::TooThin { .. }
                | Self::TooLarge { .. }
                | Self::InvalidText { .. }
        )
    }
}
