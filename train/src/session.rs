//! Where a run lives, with which settings, and from which checkpoint it goes on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pixelflow::durable;

use crate::arguments::TrainArguments;
use crate::checkpoint::{State, Store};
use crate::config::{Changes, CheckedConfig, Layers, TrainConfig};
use crate::data::Data;
use crate::data_path;
use crate::error::{read_error, write_error};
use crate::lock::RunLock;
use crate::{Error, Result, initial_weights, recipe};

/// Folder of all runs whose folder is not given.
const RUNS: &str = "runs";
/// The settings beside a run.
const CONFIG: &str = "config.toml";

/// A run's folder, held by this program, with everything that was checked beforehand.
pub struct Session {
    /// The run's folder.
    pub folder: PathBuf,
    /// Its settings.
    pub config: CheckedConfig,
    /// Its images.
    pub data: Data,
    /// Its checkpoints.
    pub store: Store,
    /// The checkpoint to go on from; `None` at the beginning.
    pub checkpoint: Option<PathBuf>,
    _lock: RunLock,
}

impl Session {
    /// Begins a run, or goes on with one. Nothing is written before settings and data are checked.
    ///
    /// # Errors
    /// Everything that can be wrong with the arguments, recipes, data, or the run's folder.
    pub fn open(arguments: &TrainArguments) -> Result<Self> {
        match &arguments.resume {
            Some(run) => Self::resume(&which_run(run)?, arguments),
            None => Self::begin(arguments),
        }
    }

    fn begin(arguments: &TrainArguments) -> Result<Self> {
        let recipe = recipe_file(arguments)?;
        let config = new_settings(&recipe, arguments)?.check()?;
        let settings = config.settings();
        if !settings.train.initial_weights.is_empty() {
            let path = Path::new(&settings.train.initial_weights);
            initial_weights::find(path, &settings.model)?;
        }
        let data = Data::open(&config)?;
        let folder = match &arguments.out {
            Some(folder) => create(folder)?,
            None => create_numbered(Path::new(RUNS), &recipe::name(&recipe))?,
        };
        Self::hold(folder, config, data, None)
    }

    fn resume(folder: &Path, arguments: &TrainArguments) -> Result<Self> {
        let settings = folder.join(CONFIG);
        if !settings.is_file() {
            let reason = format!("it has no {CONFIG}; name the folder that train has made");
            return Err(Error::NotARun { path: folder.to_owned(), reason });
        }
        let before = TrainConfig::read(&settings)?;
        let mut layers = Layers::from(&before);
        override_settings(&mut layers, arguments)?;
        let settings = layers.resolve()?;
        let changes = before.changes_to(&settings);
        if !changes.is_empty() {
            return Err(Error::ConfigChanged {
                path: folder.to_owned(),
                changes: Changes(changes),
            });
        }
        let config = settings.check()?;
        let data = Data::open(&config)?;
        let checkpoint = Store::of_run(folder).newest()?;
        Self::hold(folder.to_owned(), config, data, checkpoint)
    }

    /// Checks that the data set is still the one that the run has learned from.
    ///
    /// # Errors
    /// [`Error::DataChanged`] if the number of images differs.
    pub fn check_data(&self, state: &State) -> Result<()> {
        let (before, after) = (state.records, self.data.training.records());
        if before == after {
            Ok(())
        } else {
            Err(Error::DataChanged { path: self.folder.clone(), before, after })
        }
    }

    /// Takes the folder and writes the settings into it.
    fn hold(
        folder: PathBuf,
        config: CheckedConfig,
        data: Data,
        checkpoint: Option<PathBuf>,
    ) -> Result<Self> {
        let lock = RunLock::take(&folder)?;
        let store = Store::of_run(&folder);
        store.clean()?;
        let path = folder.join(CONFIG);
        let settings = config.settings().to_toml();
        durable::write_bytes(&path, settings.as_bytes()).map_err(write_error(&path))?;
        Ok(Self { folder, config, data, store, checkpoint, _lock: lock })
    }
}

/// The settings that the arguments ask for, without opening anything but recipes.
///
/// # Errors
/// Everything that can be wrong with arguments and recipes.
pub fn requested_settings(arguments: &TrainArguments) -> Result<TrainConfig> {
    match &arguments.resume {
        Some(run) => {
            let mut layers = Layers::from(&TrainConfig::read(&which_run(run)?.join(CONFIG))?);
            override_settings(&mut layers, arguments)?;
            layers.resolve()
        }
        None => new_settings(&recipe_file(arguments)?, arguments),
    }
}

fn recipe_file(arguments: &TrainArguments) -> Result<PathBuf> {
    recipe::find(arguments.recipe.as_deref().unwrap_or(recipe::DEFAULT))
}

fn new_settings(recipe: &Path, arguments: &TrainArguments) -> Result<TrainConfig> {
    let mut layers = Layers::default();
    layers.file(recipe)?;
    override_settings(&mut layers, arguments)?;
    layers.resolve()
}

fn override_settings(layers: &mut Layers, arguments: &TrainArguments) -> Result<()> {
    if let Some(path) = &arguments.data {
        layers.set_source(&data_path::detect(path)?)?;
    }
    if arguments.strict {
        layers.set("data.strict=true")?;
    }
    arguments.set.iter().try_for_each(|assignment| layers.set(assignment))
}

/// The run that `--resume` names.
fn which_run(argument: &Path) -> Result<PathBuf> {
    if argument != Path::new("auto") {
        return Ok(argument.to_owned());
    }
    let runs = Path::new(RUNS);
    let nothing = || Error::NothingToResume { path: runs.to_owned() };
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(nothing()),
        Err(error) => return Err(read_error(runs)(error)),
    };
    let saved = |run: PathBuf| -> Option<(SystemTime, PathBuf)> {
        let newest = Store::of_run(&run).newest().ok()??;
        Some((fs::metadata(newest).ok()?.modified().ok()?, run))
    };
    let newest = entries.filter_map(|entry| saved(entry.ok()?.path())).max();
    newest.map(|(_, run)| run).ok_or_else(nothing)
}

/// The folder of a new run.
fn create(folder: &Path) -> Result<PathBuf> {
    if folder.join(CONFIG).exists() || !Store::of_run(folder).steps()?.is_empty() {
        return Err(Error::RunExists { path: folder.to_owned() });
    }
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    Ok(folder.to_owned())
}

/// The first of `NAME-1`, `NAME-2`, … that does not exist, made.
fn create_numbered(parent: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(parent).map_err(write_error(parent))?;
    let mut number = 1_u64;
    loop {
        let folder = parent.join(format!("{name}-{number}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(write_error(&folder)(error)),
        }
    }
}
