//! The program `train`, from its command line to its exit code.

use std::process::ExitCode;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use infer::PreparedMeter;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::Loader;
use pixelflow_host::device::{Device, DeviceKind, OnBackend, available_memory, select};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::{follow, note, print, say, tell};
use pixelflow_host::program::say_error;
use pixelflow_ranks::{Job, join};

use crate::arguments::{Arguments, Command, TrainArguments};
use crate::averages::{PowerAverages, Reconstruction, reconstruct};
use crate::checkpoint::{self, State};
use crate::compare::compare;
use crate::doctor::doctor;
use crate::dry_run::{DryRun, ScoresInMemory};
use crate::export_metrics::export_metrics;
use crate::inspection::inspect;
use crate::lora::Lora;
use crate::network::Network;
use crate::observer::Observers;
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::patch_grid::PatchGrid;
use crate::prepare::prepare;
use crate::ranks::{Place, begin_engine};
use crate::recording::Recording;
use crate::report::RunReport;
use crate::run::{Ending, Run};
use crate::session::{Session, requested_settings};
use crate::sessions::SessionRecord;
use crate::states::encode_captions;
use crate::terminal::{Shown, Terminal};
use crate::trainer::Trainer;
use crate::{Error, Result, initial_weights};

/// Does what the command line says.
///
/// # Errors
/// Everything that can go wrong around training, with what to do about it.
pub fn run(
    arguments: &Arguments,
) -> Result<ExitCode, impl std::error::Error + Send + Sync + use<>> {
    obey(arguments)
}

fn obey(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.command {
        Some(Command::Export(export)) => {
            let checkpoint = crate::export::export(export)?;
            say(format_args!("{} from {}", export.out.display(), checkpoint.display()))?;
        }
        Some(Command::Inspect(arguments)) => return inspect(arguments),
        Some(Command::Prepare(arguments)) => return prepare(arguments),
        Some(Command::Compare(arguments)) => return compare(arguments),
        Some(Command::ExportMetrics(arguments)) => return export_metrics(arguments),
        Some(Command::Doctor(arguments)) => return doctor(arguments),
        Some(Command::EncodeText(arguments)) => encode_captions(arguments)?,
        Some(Command::Ema(ema)) => {
            let made = reconstruct(ema)?;
            let Reconstruction { step, averages, error } = made;
            say(format_args!(
                "{}: the average of width {} at step {step}, made of {averages}; its profile is {:.1} % off",
                ema.out.display(),
                ema.sigma_rel,
                100.0 * error
            ))?;
            if error > FAR_OFF {
                note(
                    "note: no sum of these averages is near to it: more snapshots are nearer (a smaller \
                     averages.every), and so is a width between those of the run",
                );
            }
        }
        None => return train(&arguments.train),
    }
    Ok(ExitCode::SUCCESS)
}

/// How far off the profile of an average may be without a word.
const FAR_OFF: f64 = 0.05;

/// Trains, or says what training would be.
fn train(arguments: &TrainArguments) -> Result<ExitCode> {
    if arguments.list_recipes {
        print(crate::recipe::names()?.join("\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.print_config {
        print(requested_settings(arguments)?.to_toml().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.dry_run {
        let device = select(&arguments.device)?;
        let config = requested_settings(arguments)?.check()?;
        let is_cpu = device.kind == DeviceKind::Cpu;
        let given = arguments.memory.map(|gigabytes| (1e9 * gigabytes) as u64);
        let free = given.or_else(|| is_cpu.then(available_memory)?);
        let ranks = arguments.ranks.unwrap_or(1);
        config.check_ranks(ranks)?;
        let scores = device.run(ScoresInMemory(&config));
        let dry_run = DryRun::of_ranks(ranks, &config, scores, free);
        print(&dry_run)?;
        return Ok(if dry_run.fits() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let mut job = join(PATIENCE, |error| tell(error))?;
    follow(job.rank());
    match train_among(arguments, &mut job) {
        Err(error) if !job.is_alone() => {
            // With the job this process ends.
            say_error(&error);
            drop(job);
            Ok(ExitCode::FAILURE)
        }
        outcome => {
            job.leave();
            outcome
        }
    }
}

/// Seconds after which a rank that gives no sign of life is taken for gone.
const PATIENCE: u64 = 20;

/// Trains as one of the ranks of a job.
fn train_among(arguments: &TrainArguments, job: &mut Job) -> Result<ExitCode> {
    let mut device = select(&arguments.device)?;
    if !job.is_alone() && device.index.is_none() && device.kind != DeviceKind::Cpu {
        device = Device { index: Some(job.rank_here()), ..device };
        device = select(&device.to_string())?;
    }
    begin_engine(job, device, || {
        Ok(requested_settings(arguments)?.check()?.settings().ranks.engine)
    })?;
    let mut session = Session::open_among(arguments, job)?;
    let meter = session.meter.take();
    device.run(Train { session: &session, meter, device, job })
}

/// Training, on whatever backend the user has chosen.
struct Train<'a> {
    session: &'a Session,
    meter: Option<PreparedMeter>,
    device: Device,
    job: &'a mut Job,
}

impl OnBackend for Train<'_> {
    type Output = Result<ExitCode>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        train_on::<Autodiff<B>>((self.session, self.job), (self.meter, self.device), device)
    }
}

/// What the first rank tells the others if it has been stopped before the first step.
const STOPPED: &[u8] = b"stopped";

/// Trains on one backend, from the beginning or a checkpoint.
fn train_on<A>(
    (session, job): (&Session, &mut Job),
    (meter, named): (Option<PreparedMeter>, Device),
    device: A::Device,
) -> Result<ExitCode>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let (config, data) = (&session.config, &session.data);
    let settings = config.settings();
    let stages = settings.cascade.stages;
    let shards = settings.ranks.shard_optimizer;
    let place = Place { rank: job.rank(), ranks: job.ranks(), shards };
    let computes_on = format!("{named} ({})", A::name(&device));
    let (trainer, state) = if let Some((checkpoint, state)) = &session.start {
        let mut state = state.clone();
        state.identity = Some(data.identity.clone());
        state.period = state.period.of_stages(stages);
        (checkpoint::load::<A>(checkpoint, settings, data, &state, (place, &device))?, state)
    } else {
        let network = Network::<A>::begin(settings, &data.text, &data.class_names, &device)?;
        let inner = network.valid();
        let base = initial_weights::adapted(settings)?;
        let lora = base.as_ref().map(|base| Lora::begin(&network, settings, &device).on(base));
        let lora = lora.transpose()?;
        let optimizer = OptimizerConfig::from(&settings.train);
        let optimizer = match &lora {
            None => Optimizer::of_some(optimizer, &inner, place.owns(&inner)),
            Some(lora) => Optimizer::new(optimizer, &lora.adapters().valid()),
        };
        let kept = settings.averages.kept().filter(|_| place.leads());
        let averages = kept.map(|kept| PowerAverages::new(&kept, &inner));
        drop(inner);
        let mut state = State::new(data.training.records(), data.identity.clone(), stages);
        state.adapted = base.map(|base| base.hash().map(str::to_owned)).transpose()?;
        let trainer = Trainer::new(network, optimizer, device)
            .averaging(averages)
            .adapting(lora)
            .recomputing(settings.train.recompute_activations)
            .computing_in(settings.train.precision, state.loss_scale)
            .among(place);
        (trainer, state)
    };
    let interrupt = Interrupt::listen("stopping after this step and saving")?;
    let is_measured = state.step < settings.train.steps || state.due.evaluation;
    let mut begun = None;
    if let Some(meter) = meter.filter(|_| is_measured) {
        begun = meter.begin(named, &interrupt).map_err(Error::Unmeasurable)?;
        if begun.is_none() {
            note("stopped before the first step: the real images are not all looked at yet");
            job.broadcast(STOPPED.to_vec())?;
            return Ok(Interrupt::exit_code());
        }
    }
    if job.broadcast(Vec::new())? == STOPPED {
        return Ok(Interrupt::exit_code());
    }
    if !place.leads() {
        return follow_run(session, (trainer, state), (job, &interrupt));
    }
    // Nothing of a run that goes on is changed before everything that could be refused is sound.
    Recording::check(&session.folder)?;
    session.settle()?;
    let shown = Shown {
        folder: &session.folder,
        steps: settings.train.steps,
        batch: settings.train.batch_size,
        columns: settings.preview.images_per_class,
        is_text: settings.text.is_some(),
    };
    let mut terminal = Terminal::new(&shown, &state);
    let mut recording = Recording::open(&session.folder, &state)?;
    let begins = SessionRecord::now(&session.folder, state.step, computes_on, data);
    let mut report = RunReport::new(&session.folder, begins);
    let (store, meter) = (&session.store, begun.as_ref());
    let patch_grid = PatchGrid::default();
    let mut run =
        Run { config, data, store, meter, trainer, state, is_unsaved: false, job, patch_grid };
    let mut observers = recording.observers();
    observers.push(&mut report);
    observers.push(&mut terminal);
    let ending = run.train(&interrupt, &mut Observers::new(observers));
    let step = run.state.step;
    drop(run);
    report_skipped(session);
    let ending = ending?;
    terminal.finish(ending, step);
    Ok(exit_code(ending))
}

/// Trains with the first rank, which observes and saves.
fn follow_run<A>(
    session: &Session,
    (trainer, state): (Trainer<A>, State),
    (job, interrupt): (&mut Job, &Interrupt),
) -> Result<ExitCode>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let Session { config, data, store, .. } = session;
    let (meter, patch_grid) = (None, PatchGrid::default());
    let mut run =
        Run { config, data, store, meter, trainer, state, is_unsaved: false, job, patch_grid };
    let ending = run.train(interrupt, &mut Observers::new(Vec::new()));
    drop(run);
    report_skipped(session);
    Ok(exit_code(ending?))
}

fn exit_code(ending: Ending) -> ExitCode {
    match ending {
        Ending::Finished => ExitCode::SUCCESS,
        Ending::Interrupted => Interrupt::exit_code(),
    }
}

/// Names the corrupt images that were left out.
fn report_skipped(session: &Session) {
    let loaders = [Some(&session.data.training), session.data.validation.as_ref()];
    for skipped in loaders.into_iter().flatten().map(Loader::skipped) {
        if !skipped.is_empty() {
            tell(&skipped);
        }
    }
}
