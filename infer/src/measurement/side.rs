//! A side of a comparison: images, or the statistics of some.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pixelflow::weights::file_hash;
use pixelflow_evaluation::images::{self, Images};
use pixelflow_evaluation::metrics::ClassCounts;
use pixelflow_evaluation::statistics::Statistics;
use pixelflow_host::output::note;

use super::network::{Identity, NetworkKind};
use crate::{Error, Result, assets};

/// Images, or their statistics.
pub struct Side {
    /// The argument that named it, as `SAMPLES`.
    pub argument: &'static str,
    /// Where it lies.
    pub path: PathBuf,
    content: Content,
    hash: OnceLock<String>,
}

enum Content {
    Images(Box<dyn Images>),
    Statistics(Box<Statistics>),
}

impl Side {
    /// Opens what the user named with `argument`, and says what lies beside its images.
    ///
    /// # Errors
    /// [`Error::Evaluation`] for what is neither; [`Error::Argument`] for one image.
    pub fn open(argument: &'static str, path: &Path) -> Result<Self> {
        let path = assets::resolve(path)?;
        let is_npz = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"));
        if is_npz && Statistics::are_in(&path)? {
            let content = Content::Statistics(Box::new(Statistics::read(&path)?));
            return Ok(Self { argument, path, content, hash: OnceLock::new() });
        }
        let images = images::open(&path)?;
        let left_out = images.left_out();
        if left_out.count() > 0 {
            note(format_args!("note: {}: {left_out}", path.display()));
        }
        Self::of_images(argument, path, images)
    }

    /// These images, which messages call by `argument` and `path`.
    ///
    /// # Errors
    /// [`Error::Argument`] for one image.
    pub fn of_images(
        argument: &'static str,
        path: PathBuf,
        images: Box<dyn Images>,
    ) -> Result<Self> {
        let is_alone = images.len() < 2;
        let content = Content::Images(images);
        let side = Self { argument, path, content, hash: OnceLock::new() };
        if is_alone {
            return Err(side.problem("it has one image, and a comparison needs two or more"));
        }
        Ok(side)
    }

    /// The same, but statistics will not do.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Argument`] for statistics.
    pub fn open_images(argument: &'static str, path: &Path) -> Result<Self> {
        let side = Self::open(argument, path)?;
        match side.images() {
            Some(_) => Ok(side),
            None => Err(side.problem("it has statistics, and this needs the images themselves")),
        }
    }

    /// Its images; none of statistics.
    pub fn images(&self) -> Option<&dyn Images> {
        match &self.content {
            Content::Images(images) => Some(&**images),
            Content::Statistics(_) => None,
        }
    }

    /// Its statistics, if it is none but them.
    pub fn statistics(&self) -> Option<&Statistics> {
        match &self.content {
            Content::Images(_) => None,
            Content::Statistics(statistics) => Some(statistics),
        }
    }

    /// Hash of its images, computed once; of statistics that of their images, or of the file if they do not say it.
    ///
    /// # Errors
    /// [`Error::Evaluation`] for images that cannot be read, [`Error::Weights`] for a file that cannot.
    pub fn hash(&self) -> Result<&str> {
        if let Some(hash) = self.hash.get() {
            return Ok(hash);
        }
        let hash = match &self.content {
            Content::Images(images) => images::data_hash(&**images)?,
            Content::Statistics(statistics) => match &statistics.origin {
                Some(origin) => origin.data.clone(),
                None => file_hash(std::slice::from_ref(&self.path))?,
            },
        };
        Ok(self.hash.get_or_init(|| hash))
    }

    /// Refuses statistics that were made otherwise; says so where they do not tell.
    ///
    /// # Errors
    /// [`Error::Evaluation`], [`Error::Argument`] for statistics of another network.
    pub fn must_match(&self, identity: &Identity) -> Result<()> {
        let Some(statistics) = self.statistics() else {
            return Ok(());
        };
        let (found, columns) = (statistics.moments.columns(), identity.kind.columns());
        if let Some(origin) = &statistics.origin {
            origin.must_match(&identity.origin(String::new()), &self.path)?;
        } else {
            note(format_args!(
                "note: {} does not say what it was made with; it is taken for statistics of {} by protocol {}",
                self.path.display(),
                identity.kind.name(),
                identity.protocol
            ));
        }
        if found == columns {
            return Ok(());
        }
        let other = NetworkKind::of_columns(found).map_or("another network", NetworkKind::name);
        let name = identity.kind.name();
        Err(self.problem(&format!(
            "it has statistics of {found} features, as {other} makes, and {name} makes {columns}; choose the \
             network that it was made with (--inception FILE, --dinov2 FILE, or neither)"
        )))
    }

    /// How many of its first images are measured: all, or as many as the user wants.
    ///
    /// # Errors
    /// [`Error::Argument`] if it has fewer.
    pub fn count(&self, wanted: Option<usize>) -> Result<usize> {
        let Some(images) = self.images().map(Images::len) else {
            return match wanted {
                Some(_) => Err(self.problem(
                    "it has statistics, which do not say of how many images; leave --images out",
                )),
                None => Ok(0),
            };
        };
        match wanted {
            Some(wanted) if wanted > images => Err(Error::Argument {
                argument: "--images",
                value: wanted.to_string(),
                reason: format!(
                    "{} has {images} images; draw more, or ask for {images} and compare with numbers of as many",
                    self.path.display()
                ),
            }),
            Some(wanted) if wanted < images => {
                note(format_args!(
                    "note: the first {wanted} of {images} images of {} are measured",
                    self.path.display()
                ));
                Ok(wanted)
            }
            _ => Ok(images),
        }
    }

    /// Images a class among the first ones, where there are classes.
    pub fn classes(&self, count: usize) -> Option<ClassCounts> {
        let images = self.images().filter(|images| images.classes() > 0)?;
        let labels = (0..count).filter_map(|index| images.label(index));
        Some(ClassCounts::of(labels, images.classes()))
    }

    /// An error about it.
    pub fn problem(&self, reason: &str) -> Error {
        let (argument, value) = (self.argument, self.path.display().to_string());
        Error::Argument { argument, value, reason: reason.to_owned() }
    }
}
