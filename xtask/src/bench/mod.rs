//! `cargo xtask bench`: whole jobs, timed.
//!
//! Each job runs in a process of its own, so that its peak memory is its own. `xtask/pytorch`
//! does the same jobs in PyTorch and prints the same records.

mod against;
mod attention;
mod flop;
mod format;
mod forward;
mod gemm;
mod job;
mod load;
mod measure;
mod pytorch;
mod record;
mod sample;
mod table;
mod train_step;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use pixelflow::durable;
use pixelflow_host::device::select;
use pixelflow_host::output::say;

use job::{Job, Work};
use measure::Settings;
use record::Record;

/// Times forward passes, training steps, sampling, attention and matrix products.
///
/// Build with --release or not: the profiles are equally fast. Stop other work first.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Jobs: gemm, attention, forward, train, sample, load. Default: all.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    jobs: Vec<Job>,
    /// Tokens of an image, for gemm, attention and forward: square numbers.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "64,256,1024,4096")]
    tokens: Vec<usize>,
    /// Images of a batch, for gemm, attention and forward; default: 2, above 1024 tokens 1.
    #[arg(long, value_name = "N", conflicts_with = "pytorch", value_parser = clap::value_parser!(u16).range(1..))]
    batch: Option<u16>,
    /// Blocks of the model, for forward; the whole of XL, in 2.7 GB of f32, has 28.
    #[arg(long, value_name = "N", default_value_t = forward::DEPTH as u16, value_parser = clap::value_parser!(u16).range(1..))]
    depth: u16,
    /// Where to compute; another device than the CPU must be compiled in: `cargo run -p xtask --features cuda -- bench`.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Format of weights and activations: f32, bf16 or f16; of a training step, what it computes in.
    #[arg(long, value_name = "DTYPE", default_value = "f32", value_parser = ["f32", "bf16", "f16"])]
    dtype: String,
    /// Counted repetitions of each job.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Threads; default: `RAYON_NUM_THREADS`, or all processors.
    #[arg(long)]
    threads: Option<usize>,
    /// Write the records here, one JSON object a line, as xtask/pytorch does.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show the ratio to the records of another run, or of PyTorch.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Do the same work in PyTorch too, in turns of three rounds: the Python that has it.
    #[arg(long, value_name = "PYTHON", conflicts_with_all = ["against", "alone"])]
    pytorch: Option<PathBuf>,
    /// Do one job in this process and print its records.
    #[arg(long, hide = true)]
    alone: bool,
}

/// Runs the command.
///
/// # Errors
/// If an argument is wrong, or a job fails.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let device = select(&arguments.device)?;
    if let Some(&tokens) = arguments.tokens.iter().find(|&&n| flop::side(n).is_none()) {
        bail!("--tokens {tokens}: images are square, so it must be a square number");
    }
    let settings = Settings {
        repeat: usize::from(arguments.repeat),
        dtype: arguments.dtype.parse().map_err(anyhow::Error::msg)?,
        device: device.to_string(),
        batch: arguments.batch.map(usize::from),
        depth: usize::from(arguments.depth),
    };
    let jobs = if arguments.jobs.is_empty() { Job::ALL.to_vec() } else { arguments.jobs.clone() };
    if arguments.alone {
        for job in jobs {
            let work = Work { job, tokens: &arguments.tokens, settings: &settings };
            for record in device.run(work) {
                say(serde_json::to_string(&record)?)?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(python) = &arguments.pytorch {
        pytorch::check(python)?;
    }
    let others = match &arguments.against {
        Some(path) => against::read(path)?,
        None => Vec::new(),
    };
    let mut records = Vec::new();
    table::header(!others.is_empty() || arguments.pytorch.is_some())?;
    for job in jobs {
        for tokens in job.token_counts(&arguments.tokens) {
            let (ours, theirs) = rounds(job, tokens, arguments)?;
            for record in ours {
                let others = if theirs.is_empty() { &others } else { &theirs };
                table::line(&record, &records, others)?;
                records.push(record);
            }
            records.extend(theirs.into_iter().map(|record| Record {
                device: format!("{}, PyTorch", record.device),
                job: format!("pytorch.{}", record.job),
                ..record
            }));
        }
    }
    if let Some(path) = &arguments.json {
        durable::write(path, |file| {
            for record in &records {
                serde_json::to_writer(&mut *file, record)?;
                file.write_all(b"\n")?;
            }
            Ok(())
        })
        .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Rounds in which both programs take turns, so that a machine whose speed wanders is fair to both.
const ROUNDS: usize = 3;

/// The records of a job: of this program, and of PyTorch if it is asked for.
fn rounds(
    job: Job,
    tokens: Option<usize>,
    arguments: &Arguments,
) -> Result<(Vec<Record>, Vec<Record>)> {
    let Some(python) = arguments.pytorch.as_ref().filter(|_| job.is_in_pytorch()) else {
        return Ok((in_process(job, tokens, arguments)?, Vec::new()));
    };
    let threads = arguments.threads.unwrap_or_else(record::rayon_threads);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        join(&mut ours, in_process(job, tokens, arguments)?);
        let round = pytorch::run(python, job, tokens, arguments, threads)?;
        join(&mut theirs, round);
    }
    Ok((ours, theirs))
}

/// Adds a round's records to those of the rounds before.
fn join(all: &mut Vec<Record>, round: Vec<Record>) {
    if all.is_empty() {
        *all = round;
        return;
    }
    for (record, other) in all.iter_mut().zip(&round) {
        record.join(other);
    }
}

/// One job in a process of its own.
fn in_process(job: Job, tokens: Option<usize>, arguments: &Arguments) -> Result<Vec<Record>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "--alone", "--jobs", job.name()]);
    command.args(["--device", &arguments.device, "--dtype", &arguments.dtype]);
    command.args(["--repeat", &arguments.repeat.to_string()]);
    command.args(["--depth", &arguments.depth.to_string()]);
    if let Some(tokens) = tokens {
        command.args(["--tokens", &tokens.to_string()]);
    }
    if let Some(batch) = arguments.batch {
        command.args(["--batch", &batch.to_string()]);
    }
    if let Some(threads) = arguments.threads {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("no output")?;
    let mut records = Vec::new();
    for line in BufReader::new(output).lines() {
        records.extend(serde_json::from_str::<Record>(&line?).ok());
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", job.name());
    }
    Ok(records)
}
