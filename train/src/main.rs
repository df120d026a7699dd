//! `train`: trains a PixelFlow model.

use std::path::Path;
use std::process::ExitCode;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::tensor::DType;
use burn::tensor::backend::AutodiffBackend;
use clap::Parser;
use infer::hub::HubName;
use infer::prompts::folder_of;
use pixelflow::ops::{AttentionForm, PixelFlowBackend};
use pixelflow::weights::{TextDescription, TextEncoderFiles, WeightSet};
use pixelflow_host::device::{DeviceKind, OnBackend, available_memory, select};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::say;
use pixelflow_host::program;
use train::arguments::{Arguments, Command, EncodeTextArguments};
use train::checkpoint::{self, State};
use train::config::CheckedConfig;
use train::dry_run::DryRun;
use train::network::Network;
use train::observer::Observers;
use train::optimizer::{Optimizer, OptimizerConfig};
use train::recording::Recording;
use train::run::{Ending, Run};
use train::session::{Session, requested_settings};
use train::states::EncodeText;
use train::terminal::Terminal;
use train::trainer::Trainer;

fn main() -> ExitCode {
    program::run(1, || run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Some(Command::Export(export)) => {
            let checkpoint = train::export::export(export)?;
            say(format_args!("{} from {}", export.out.display(), checkpoint.display()))?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::EncodeText(arguments)) => return encode_captions(arguments),
        None => {}
    }
    let arguments = &arguments.train;
    if arguments.list_recipes {
        say(train::recipe::names()?.join("\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.print_config {
        say(requested_settings(arguments)?.to_toml().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let device = select(&arguments.device)?;
    if arguments.dry_run {
        let config = requested_settings(arguments)?.check()?;
        let is_cpu = device.kind == DeviceKind::Cpu;
        let given = arguments.memory.map(|gigabytes| (1e9 * gigabytes) as u64);
        let free = given.or_else(|| is_cpu.then(available_memory)?);
        let dry_run = DryRun::new(&config, device.run(ScoresInMemory(&config)), free);
        say(&dry_run)?;
        return Ok(if dry_run.fits() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let session = Session::open(arguments)?;
    device.run(Train(&session))
}

/// Encodes the captions of a data set.
fn encode_captions(arguments: &EncodeTextArguments) -> anyhow::Result<ExitCode> {
    let folder = folder_of(&arguments.text_encoder)?;
    let mut files = TextEncoderFiles::open(&folder, WeightSet::Ema)?;
    files.tokenizer = files.tokenizer.with_max_tokens(arguments.max_tokens);
    let source = train::data::captioned(&arguments.data)?;
    let job = EncodeText {
        source: source.as_ref(),
        files: &files,
        text: TextDescription {
            encoder: encoder_name(&arguments.text_encoder)?,
            max_tokens: files.tokenizer.max_tokens(),
        },
        format: arguments.dtype,
        out: &arguments.out,
    };
    let before = select(&arguments.device)?.run(job)?;
    let note = match before {
        0 => String::new(),
        files => format!(" ({files} files were there already)"),
    };
    say(format_args!("{}: {} captions{note}", arguments.out.display(), source.len()))?;
    Ok(ExitCode::SUCCESS)
}

/// What models that learn from an encoder's states call it: a path that holds wherever they are
/// moved to, or the name of a repository.
fn encoder_name(named: &str) -> anyhow::Result<String> {
    if HubName::is_meant(Path::new(named)) {
        return Ok(named.to_owned());
    }
    let path = std::path::absolute(named)?;
    Ok(path.display().to_string())
}

/// Whether a device's attention has scores in memory.
struct ScoresInMemory<'a>(&'a CheckedConfig);

impl OnBackend for ScoresInMemory<'_> {
    type Output = bool;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> bool {
        let head_dim = self.0.settings().model.attention_head_dim;
        B::attention_form(head_dim, DType::F32, &device) == AttentionForm::Portable
    }
}

/// Training, on whatever backend the user has chosen.
struct Train<'a>(&'a Session);

impl OnBackend for Train<'_> {
    type Output = anyhow::Result<ExitCode>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        train_on::<Autodiff<B>>(self.0, device)
    }
}

/// Trains on one backend, from the beginning or a checkpoint.
fn train_on<A>(session: &Session, device: A::Device) -> anyhow::Result<ExitCode>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let (config, data) = (&session.config, &session.data);
    let settings = config.settings();
    let optimizer = OptimizerConfig::from(&settings.train);
    let (trainer, state) = if let Some(checkpoint) = &session.checkpoint {
        let (trainer, state) =
            checkpoint::load::<A>(checkpoint, &settings.model, &data.text, optimizer, &device)?;
        session.check_data(&state)?;
        (trainer, state)
    } else {
        let network = Network::<A>::begin(config, &data.text, &device)?;
        let optimizer = Optimizer::new(optimizer, &network.valid());
        let state = State::new(data.training.records());
        (Trainer::new(network, optimizer, device), state)
    };
    let trainer = trainer.recomputing(settings.train.recompute_activations);
    let mut terminal = Terminal::new(
        &session.folder,
        settings.train.steps,
        settings.train.batch_size,
        settings.text.is_some(),
        &state,
    );
    let mut recording = Recording::open(&session.folder, &state)?;
    let interrupt = Interrupt::listen("stopping after this step and saving")?;
    let mut run = Run { config, data, store: &session.store, trainer, state };
    let ending = run.train(&interrupt, &mut Observers(vec![&mut recording, &mut terminal]))?;
    drop(run);
    recording.finish()?;
    report_skipped(session);
    terminal.finish(ending);
    Ok(match ending {
        Ending::Finished => ExitCode::SUCCESS,
        Ending::Interrupted => Interrupt::exit_code(),
    })
}

/// Names the corrupt images that were left out.
fn report_skipped(session: &Session) {
    let skipped = session.data.training.skipped();
    if !skipped.is_empty() {
        eprintln!("{skipped}");
    }
}
