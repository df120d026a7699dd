//! What the images of a folder were drawn from, kept inside it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use pixelflow::durable::{self, DurableFile};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LayoutArgument, Plan};
use crate::caption_images::DrawnWith;
use crate::differences::differences;
use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// Folder for what is not the evaluator's: the record, and files that are not whole yet.
///
/// Hidden, so that evaluators that read folders by the endings of names pass it over. DPG-Bench's,
/// which tries every name, says that it failed on this one and goes on.
pub(super) const OWN_FOLDER: &str = ".pixelflow";
/// The record's path within a folder.
pub const RECORD_FILE: &str = ".pixelflow/recipe.json";

/// What the images of a folder were drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderRecord {
    /// Version of the program.
    pub version: String,
    /// Whose layout it is.
    pub layout: LayoutArgument,
    /// Where the prompts were.
    pub prompts: String,
    /// [`Plan::hash`].
    pub prompts_hash: String,
    /// Images of each prompt.
    pub images_per_prompt: u64,
    /// The user's seed.
    pub seed: u64,
    /// The model, how it was sampled, and the size of one image.
    pub drawn_with: DrawnWith,
}

impl FolderRecord {
    /// The record of a plan.
    pub fn new(plan: &Plan, prompts: &Path, seed: u64, drawn_with: DrawnWith) -> Self {
        let first = plan.files.iter().filter(|file| file.prompt == 0);
        let images = first.map(|file| file.images.numbers().end - file.images.numbers().start);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            layout: plan.layout,
            prompts: prompts
                .file_name()
                .map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            prompts_hash: plan.hash(),
            images_per_prompt: images.sum(),
            seed,
            drawn_with,
        }
    }

    /// The record in a folder, if there is one.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::BadRecord`] if it is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(RECORD_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_error(&path)(error)),
        };
        let record = serde_json::from_str(&text)
            .map_err(|error| Error::BadRecord { path, reason: error.to_string() });
        record.map(Some)
    }

    /// Makes a folder for the files of a plan, or goes on with one that has an equal record.
    ///
    /// # Errors
    /// [`Error::OtherSettings`] if it was drawn otherwise, [`Error::FolderInUse`] if it holds
    /// something else, [`Error::Write`].
    pub(super) fn claim(&self, folder: &Path, plan: &Plan) -> Result<()> {
        fs::create_dir_all(folder).map_err(write_error(folder))?;
        // First the list, then the record: who starts beside us writes the record first of all.
        let in_use = fs::read_dir(folder)
            .map_err(read_error(folder))?
            .filter_map(std::result::Result::ok)
            .any(|entry| entry.file_name() != OWN_FOLDER);
        match Self::read(folder)? {
            Some(before) => before.must_equal(self, folder)?,
            None if in_use => {
                return Err(Error::FolderInUse { folder: folder.to_owned() });
            }
            None => self.write_first(folder)?,
        }
        let own = folder.join(OWN_FOLDER);
        tempfile::tempfile_in(&own).map_err(write_error(folder))?;
        // Not every file system takes the names that the evaluators want.
        let names = plan.files.iter().filter_map(|file| file.path.file_name());
        let longest = own.join(names.max_by_key(|name| name.len()).unwrap_or_default());
        durable::check_writable(&longest).map_err(write_error(&longest))
    }

    /// Writes the record, unless somebody else does at this moment: then it must be equal.
    fn write_first(&self, folder: &Path) -> Result<()> {
        let (own, path) = (folder.join(OWN_FOLDER), folder.join(RECORD_FILE));
        let write = || -> io::Result<bool> {
            fs::create_dir_all(&own)?;
            let mut file = DurableFile::create(&path)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            writeln!(file)?;
            match file.finish_new() {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                written => written.map(|()| true),
            }
        };
        if write().map_err(write_error(folder))? {
            return Ok(());
        }
        match Self::read(folder)? {
            Some(before) => before.must_equal(self, folder),
            None => Ok(()),
        }
    }

    /// # Errors
    /// [`Error::OtherSettings`] that names every difference.
    pub(super) fn must_equal(&self, now: &Self, folder: &Path) -> Result<()> {
        let differences = differences(&self.settings(), &now.settings());
        if differences.is_empty() {
            return Ok(());
        }
        let differences = differences.join(", ");
        Err(Error::OtherSettings { path: folder.to_owned(), differences })
    }

    /// What must be equal for images to belong together: not where model, guide, text encoder and
    /// prompts are, and not the program's version.
    fn settings(&self) -> Value {
        let object = |value: &dyn Fn() -> serde_json::Result<Value>| match value() {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let mut settings = object(&|| serde_json::to_value(self));
        settings.extend(object(&|| serde_json::to_value(&self.drawn_with)));
        settings.retain(|name, _| {
            !["version", "prompts", "drawn_with", "model"].contains(&name.as_str())
        });
        for (part, place) in [("text_encoder", "folder"), ("guide", "model")] {
            if let Some(Value::Object(part)) = settings.get_mut(part) {
                part.remove(place);
            }
        }
        settings.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption_images::testing::FakeDrawer;
    use crate::layout::{Images, PlannedFile};
    use crate::recipe::RecipeEncoder;
    use pixelflow::pipeline::GuideProvenance;

    fn plan() -> Plan {
        Plan {
            layout: LayoutArgument::Coco,
            files: vec![PlannedFile {
                path: "a.png".into(),
                prompt: 0,
                caption: "a cat".to_owned(),
                images: Images::One(0),
            }],
            texts: Vec::new(),
        }
    }

    fn record() -> FolderRecord {
        FolderRecord::new(&plan(), Path::new("a.txt"), 0, FakeDrawer::settings([4, 4]))
    }

    fn with_encoder(folder: &str, hash: &str) -> FolderRecord {
        let mut record = record();
        record.drawn_with.text_encoder = Some(RecipeEncoder {
            folder: Some(folder.to_owned()),
            hash: hash.to_owned(),
            dtype: record.drawn_with.dtype,
        });
        record
    }

    #[test]
    fn a_text_encoder_may_move_but_not_change() {
        let root = tempfile::tempdir().unwrap();
        with_encoder("here", "aa").claim(root.path(), &plan()).unwrap();
        with_encoder("there", "aa").claim(root.path(), &plan()).unwrap();
        let error = with_encoder("here", "bb").claim(root.path(), &plan()).unwrap_err();
        assert!(error.to_string().contains("text_encoder.hash was "), "{error}");
    }

    #[test]
    fn a_guide_may_move_but_not_change() {
        let root = tempfile::tempdir().unwrap();
        let guided = |model: &str, model_hash: &str| {
            let [model, model_hash] = [model, model_hash].map(str::to_owned);
            let mut record = record();
            let weights = record.drawn_with.weights;
            record.drawn_with.guide = Some(GuideProvenance { model, weights, model_hash });
            record
        };
        guided("here", "aa").claim(root.path(), &plan()).unwrap();
        guided("there", "aa").claim(root.path(), &plan()).unwrap();
        for (other, part) in
            [(guided("here", "bb"), "guide.model_hash was "), (record(), "guide was ")]
        {
            let error = other.claim(root.path(), &plan()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_folder_is_made_once_and_goes_on_with_equal_settings() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        record().claim(&folder, &plan()).unwrap();
        assert_eq!(FolderRecord::read(&folder).unwrap(), Some(record()));
        let mut moved = record();
        moved.prompts = "elsewhere/a.txt".to_owned();
        moved.drawn_with.model = "elsewhere".to_owned();
        moved.version = "9".to_owned();
        moved.claim(&folder, &plan()).unwrap();
        assert_eq!(FolderRecord::read(&folder).unwrap(), Some(record()));
    }

    #[test]
    fn other_settings_are_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        record().claim(root.path(), &plan()).unwrap();
        let mut other = record();
        other.seed = 3;
        other.drawn_with.model_hash = "beef".to_owned();
        let message = other.claim(root.path(), &plan()).unwrap_err().to_string();
        assert!(message.contains("seed was 0 and is 3"), "{message}");
        assert!(message.contains("model_hash was \"00ff\" and is \"beef\""), "{message}");
        assert!(!message.contains("layout"), "{message}");
    }

    #[test]
    fn somebody_elses_folder_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("photo.png"), "x").unwrap();
        let error = record().claim(root.path(), &plan()).unwrap_err();
        assert!(matches!(error, Error::FolderInUse { .. }), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        let message =
            record().claim(&root.path().join("photo.png"), &plan()).unwrap_err().to_string();
        assert!(message.starts_with("cannot write "), "{message}");
    }

    #[test]
    fn a_damaged_record_is_named() {
        let root = tempfile::tempdir().unwrap();
        record().claim(root.path(), &plan()).unwrap();
        fs::write(root.path().join(RECORD_FILE), "{").unwrap();
        let message = record().claim(root.path(), &plan()).unwrap_err().to_string();
        assert!(message.contains("recipe.json"), "{message}");
    }
}
