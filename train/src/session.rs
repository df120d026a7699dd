//! Where a run lives, with which settings, and from which checkpoint it goes on.

use std::fs;
use std::io::ErrorKind::AlreadyExists;
use std::path::{Path, PathBuf};

use infer::PreparedMeter;
use pixelflow::durable;
use pixelflow_host::output::note;
use pixelflow_ranks::Job;
use serde::{Deserialize, Serialize};

use crate::arguments::TrainArguments;
use crate::averages::AVERAGES_FOLDER;
use crate::checkpoint::{STATE, State, Store};
use crate::config::{Changes, CheckedConfig, Layers, TrainConfig};
use crate::data::Data;
use crate::data_path;
use crate::error::write_error;
use crate::identity::{self, LearnedClasses};
use crate::lock::RunLock;
use crate::report::REPORT;
use crate::sessions::SESSIONS;
use crate::which_run::{name_passed_over, which_run};
use crate::{Error, Result, evaluation, initial_weights, recipe};

/// Folder of all runs whose folder is not given.
pub const RUNS: &str = "runs";
/// The settings beside a run.
pub const CONFIG: &str = "config.toml";
/// What a run writes beside its settings and checkpoints.
const WRITTEN: [&str; 7] =
    ["metrics.jsonl", "loss.svg", REPORT, SESSIONS, "previews", "tensorboard", AVERAGES_FOLDER];

/// A run's folder, held by this program, with everything that was checked beforehand.
pub struct Session {
    /// The run's folder.
    pub folder: PathBuf,
    /// Its settings.
    pub config: CheckedConfig,
    /// Its images.
    pub data: Data,
    /// What its images are measured with; `None` if they are not, or it was taken.
    pub meter: Option<PreparedMeter>,
    /// Its checkpoints.
    pub store: Store,
    /// The checkpoint to go on from, and how far the run had come; `None` at the beginning.
    pub start: Option<(PathBuf, State)>,
    /// The settings until now, of a run that goes on.
    before: Option<CheckedConfig>,
    /// `None` for a rank that follows: it writes nothing.
    _lock: Option<RunLock>,
}

/// What the first rank tells those that follow it.
#[derive(Serialize, Deserialize)]
struct Plan {
    folder: PathBuf,
    settings: String,
    checkpoint: Option<PathBuf>,
}

impl Session {
    /// Begins a run, or goes on with one. Of a run that goes on nothing is written.
    ///
    /// # Errors
    /// Everything that can be wrong with the arguments, recipes, data, or the run's folder.
    pub fn open(arguments: &TrainArguments) -> Result<Self> {
        match &arguments.resume {
            Some(run) => Self::resume(which_run(run)?, arguments),
            None => Self::begin(arguments),
        }
    }

    /// The same on all ranks of a job: the first opens it, the others follow.
    ///
    /// # Errors
    /// As [`open`](Self::open), [`Error::Ranks`], [`Error::OtherData`], [`Error::TooManyRanks`].
    pub fn open_among(arguments: &TrainArguments, job: &mut Job) -> Result<Self> {
        if job.is_alone() {
            return Self::open(arguments);
        }
        let session = if job.leads() {
            requested_settings(arguments)?.check()?.check_ranks(job.ranks())?;
            let session = Self::open(arguments)?;
            let plan = Plan {
                folder: session.folder.clone(),
                settings: session.config.settings().to_toml(),
                checkpoint: session.start.as_ref().map(|(path, _)| path.clone()),
            };
            job.broadcast(serde_json::to_vec(&plan).expect("plain values"))?;
            session
        } else {
            let plan = serde_json::from_slice(&job.broadcast(Vec::new())?);
            let other = |error: serde_json::Error| Error::OtherProgram {
                rank: 0,
                reason: error.to_string(),
            };
            Self::follow(plan.map_err(other)?)?
        };
        identity::check_ranks(job, &session.data.identity)?;
        Ok(session)
    }

    /// The run that the first rank has opened, as another sees it.
    fn follow(plan: Plan) -> Result<Self> {
        let Plan { folder, settings, checkpoint } = plan;
        let config = TrainConfig::parse(&settings, "rank 0's settings".to_owned())?.check()?;
        let learned = LearnedClasses::of(config.settings(), checkpoint.as_deref())?;
        let data = Data::open(&config, learned.as_ref())?;
        let start = checkpoint.map(|path| Ok::<_, Error>((State::read(&path)?, path)));
        let start = start.transpose()?.map(|(state, path)| (path, state));
        let store = Store::of_run(&folder);
        Ok(Self { folder, config, data, meter: None, store, start, before: None, _lock: None })
    }

    fn begin(arguments: &TrainArguments) -> Result<Self> {
        let recipe = recipe_file(arguments)?;
        let config = new_settings(&recipe, arguments)?.check()?;
        let settings = config.settings();
        if !settings.train.initial_weights.is_empty() {
            initial_weights::find_for(settings)?;
        }
        let learned = LearnedClasses::of(settings, None)?;
        let data = Data::open(&config, learned.as_ref())?;
        let meter = evaluation::prepare(&config, &data)?;
        let folder = match &arguments.out {
            Some(folder) => create(folder)?,
            None => create_numbered(Path::new(RUNS), &recipe::name(&recipe))?,
        };
        let lock = RunLock::take(&folder)?;
        let store = Store::of_run(&folder);
        Ok(Self {
            folder,
            config,
            data,
            meter,
            store,
            start: None,
            before: None,
            _lock: Some(lock),
        })
    }

    fn resume(
        (folder, named): (PathBuf, Option<PathBuf>),
        arguments: &TrainArguments,
    ) -> Result<Self> {
        let path = folder.join(CONFIG);
        if !path.is_file() {
            let reason = format!(
                "it has no {CONFIG}, nor, as a checkpoint, {STATE}; name the folder that train has made"
            );
            return Err(Error::NotARun { path: folder, reason });
        }
        let before = TrainConfig::read(&path)?;
        let mut layers = Layers::from(&before);
        override_settings(&mut layers, arguments)?;
        let settings = layers.resolve()?;
        let changes = before.changes_to(&settings);
        if !changes.is_empty() {
            return Err(Error::ConfigChanged { path: folder, changes: Changes(changes) });
        }
        let config = settings.check()?;
        let lock = RunLock::take(&folder)?;
        let store = Store::of_run(&folder);
        if named.is_none() {
            name_passed_over(&store)?;
        }
        let checkpoint = named.map_or_else(|| store.newest(), |path| Ok(Some(path)))?;
        let state = checkpoint.as_deref().map(State::read).transpose()?;
        let (taken, steps) = (state.as_ref().map_or(0, |s| s.step), config.settings().train.steps);
        if taken > steps {
            return Err(Error::StepsTaken { path: folder, taken, steps });
        }
        let learned = LearnedClasses::of(config.settings(), checkpoint.as_deref())?;
        let data = Data::open(&config, learned.as_ref())?;
        let start = checkpoint.zip(state);
        if let Some((checkpoint, state)) = &start {
            let known = (state.records, state.identity.as_ref());
            identity::check(checkpoint, known, (data.training.records(), &data.identity))?;
        }
        let meter = evaluation::prepare(&config, &data)?;
        // Settings of an earlier program may be of no use to this one.
        let before = before.check().ok();
        Ok(Self { folder, config, data, meter, store, start, before, _lock: Some(lock) })
    }

    /// Writes the settings, now that everything else is sound, and says what they change.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Write`].
    pub fn settle(&self) -> Result<()> {
        self.store.clean()?;
        self.store.averages().clean()?;
        let step = self.start.as_ref().map_or(0, |(_, state)| state.step);
        let rate = self.start.as_ref().map_or(1.0, |(_, state)| state.rejections.rate());
        if let Some((checkpoint, _)) = &self.start {
            if let Some(aside) = self.store.set_aside_after(step)? {
                note(format_args!(
                    "checkpoints after step {step} are now in {}, where --resume can name them",
                    aside.display()
                ));
            }
            if let Some(aside) = self.store.averages().set_aside_after(step)? {
                note(format_args!("averages after step {step} are now in {}", aside.display()));
            }
            if self.store.is_aside(checkpoint) {
                let path = self.store.put_back(checkpoint, step)?;
                note(format_args!("{} is now {}", checkpoint.display(), path.display()));
            }
        }
        let path = self.folder.join(CONFIG);
        let settings = self.config.settings().to_toml();
        durable::write_bytes(&path, settings.as_bytes()).map_err(write_error(&path))?;
        self.say_what_changed(step, rate);
        Ok(())
    }

    /// Says what the settings change for the steps to come: the learning rate, which is multiplied with `rate`, and
    /// what is measured.
    fn say_what_changed(&self, step: u64, rate: f64) {
        let now = self.config.learning_rate();
        let end = self.config.settings().train.steps;
        let before = self.before.as_ref().map(CheckedConfig::learning_rate);
        if let Some(before) = before.filter(|before| *before != now && step < end) {
            note(format_args!(
                "the learning rate of step {} is {:.3e}, by the settings until now it would be {:.3e}; \
                 that of the last step, {end}, is {:.3e}",
                step + 1,
                rate * now.at(step),
                rate * before.at(step),
                rate * now.at(end - 1)
            ));
        }
        let measured = self.before.as_ref().and_then(CheckedConfig::evaluation);
        if let (Some(before), Some(now)) = (measured, self.config.evaluation())
            && before != now
        {
            note(format_args!(
                "note: [evaluation] has changed: what is measured after step {step} cannot be compared with what was \
                 measured before"
            ));
        }
    }
}

/// The settings that the arguments ask for, without opening anything but recipes.
///
/// # Errors
/// Everything that can be wrong with arguments and recipes.
pub fn requested_settings(arguments: &TrainArguments) -> Result<TrainConfig> {
    match &arguments.resume {
        Some(run) => {
            let mut layers = Layers::from(&TrainConfig::read(&which_run(run)?.0.join(CONFIG))?);
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
        layers.set_source(&data_path::detect(path)?, arguments.resume.is_some())?;
    }
    if arguments.strict {
        layers.set("data.strict=true")?;
    }
    arguments.set.iter().try_for_each(|assignment| layers.set(assignment))
}

/// The folder of a new run.
fn create(folder: &Path) -> Result<PathBuf> {
    if folder.join(CONFIG).exists() || !Store::of_run(folder).steps()?.is_empty() {
        return Err(Error::RunExists { path: folder.to_owned() });
    }
    // A run would write over what somebody else has put there. A link says where a log shall go.
    let mut written = WRITTEN.iter().map(|name| folder.join(name));
    if let Some(path) = written.find(|path| path.exists() && !path.is_symlink()) {
        return Err(Error::OutExists { path });
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
            Err(error) if error.kind() == AlreadyExists => number += 1,
            Err(error) => return Err(write_error(&folder)(error)),
        }
    }
}
