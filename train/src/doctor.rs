//! The command `train doctor`: looks at the machine and at what a run would take, before it begins.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::noise::{Key, Purpose};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::T5Config;
use pixelflow_dataset::{PackedBatch, PackedExample};
use pixelflow_host::device::{DeviceKind, OnBackend, available_memory, refuse_unsupported, select};
use pixelflow_host::doctor::{Diagnosis, Finding, devices, gigabytes, machine};
use pixelflow_host::output::print;

use crate::Result;
use crate::arguments::TrainArguments;
use crate::config::{CheckedConfig, JointConfig, TextConfig};
use crate::dry_run::{DryRun, ScoresInMemory};
use crate::loss_scale::LossScale;
use crate::network::Network;
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::session::requested_settings;
use crate::texts::{Texts, TrainingBatch};
use crate::trainer::Trainer;

/// Steps that are timed; one more comes before.
const TIMED: u32 = 3;
/// Tokens of a caption in what is timed.
const CAPTION: usize = 20;
/// Images that are counted up to.
const MOST_AT_ONCE: usize = 1 << 14;

/// Looks at everything, and prints what it found; exit code 1 if something is ill.
///
/// # Errors
/// [`crate::Error::Host`] if it cannot be printed.
pub fn doctor(arguments: &TrainArguments) -> Result<ExitCode> {
    let folder = arguments.out.as_deref().and_then(Path::parent).filter(|folder| folder.is_dir());
    let mut findings = machine(folder.unwrap_or(Path::new(".")));
    findings.extend(devices());
    findings.extend(
        training(arguments)
            .unwrap_or_else(|error| vec![Finding::ill("training", error.to_string())]),
    );
    let found = Diagnosis::of(&findings);
    print(&found.text)?;
    Ok(if found.is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the configured run takes: memory, the largest batch, time.
fn training(arguments: &TrainArguments) -> Result<Vec<Finding>> {
    let config = requested_settings(arguments)?.check()?;
    let device = select(&arguments.device)?;
    let free = (device.kind == DeviceKind::Cpu).then(available_memory).flatten();
    let scores = device.run(ScoresInMemory(&config));
    let needed = |batch: usize| {
        let mut settings = config.settings().clone();
        (settings.train.batch_size, settings.train.gradient_accumulation) = (batch, 1);
        let run = DryRun::new(&settings.check()?, scores, free);
        Ok::<_, crate::Error>((run.fits(), run.bytes.peak()))
    };
    let run = DryRun::new(&config, scores, free);
    if !run.fits() {
        let advice = run.to_string();
        let last = advice.lines().skip_while(|line| !line.contains("does not fit"));
        let text = last.map(str::trim).collect::<Vec<_>>().join(" ");
        return Ok(vec![Finding::ill("batch", text)]);
    }
    let (images, bytes) = (config.micro_batch(), gigabytes(run.bytes.peak()));
    let batch = match free {
        None => Finding::absent(
            "batch",
            format!("{images} images at once take {bytes}; how much {device} has is not known"),
        ),
        Some(free) => {
            let mut most = images;
            while most < MOST_AT_ONCE && needed(2 * most)?.0 {
                most *= 2;
            }
            let free = gigabytes(free);
            let text =
                format!("{images} images at once take {bytes} of {free}; {most} would fit, too");
            Finding::well("batch", text)
        }
    };
    let seconds = device.run(TimeSteps(&config))?;
    let settings = config.settings();
    let (steps, size) = (settings.train.steps, settings.train.batch_size);
    let whole = seconds * steps as f64;
    let text = format!(
        "{seconds:.3} s a step of {size} images on {device}, {:.1} images a second; {steps} steps take {} (without \
         reading, previews and validation)",
        size as f64 / seconds,
        duration(whole)
    );
    Ok(vec![batch, Finding::well("training", text)])
}

/// `3.2 days`, `1.5 hours`, `20 minutes`.
fn duration(seconds: f64) -> String {
    match seconds {
        0.0..3_600.0 => format!("{:.1} minutes", seconds / 60.0),
        3_600.0..172_800.0 => format!("{:.1} hours", seconds / 3_600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// The seconds of a step on made-up images.
struct TimeSteps<'a>(&'a CheckedConfig);

impl OnBackend for TimeSteps<'_> {
    type Output = Result<f64>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let settings = self.0.settings();
        refuse_unsupported::<B>("train.precision", settings.train.precision.dtype(), &device)?;
        time_steps::<Autodiff<B>>(self.0, device)
    }
}

fn time_steps<A>(config: &CheckedConfig, device: A::Device) -> Result<f64>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let settings = config.settings();
    let seed = settings.train.seed;
    let text_encoder = match &settings.text {
        Some(TextConfig::Joint(JointConfig { width, layers, vocabulary, .. })) => {
            let encoder = T5Config::small(*width, *layers, *vocabulary);
            Some(encoder.init(seed, &device).map_err(pixelflow::Error::from)?)
        }
        Some(TextConfig::States(_)) | None => None,
    };
    let network = Network::<A> { transformer: settings.model.init(seed, &device)?, text_encoder };
    let optimizer = Optimizer::new(OptimizerConfig::from(&settings.train), &network.valid());
    let mut trainer = Trainer::new(network, optimizer, device)
        .recomputing(settings.train.recompute_activations)
        .computing_in(settings.train.precision, LossScale::default());
    let parts = settings.train.gradient_accumulation;
    let batches: Vec<TrainingBatch> = (0..parts).map(|_| made_up_batch(config)).collect();
    trainer.step(&batches, 1e-6);
    let begun = Instant::now();
    for _ in 0..TIMED {
        // Reading the loss waits for the device.
        trainer.step(&batches, 1e-6);
    }
    Ok(begun.elapsed().as_secs_f64() / f64::from(TIMED))
}

/// A batch of noise, balanced over the stages as a real one.
fn made_up_batch(config: &CheckedConfig) -> TrainingBatch {
    let settings = config.settings();
    let (patch, stages) = (settings.model.patch_size, config.cascade().stages().len());
    let images = config.micro_batch();
    let mut segments = Vec::with_capacity(images);
    for example in 0..images {
        // The highest stage gets the rest.
        let stage = stages - 1 - example % stages;
        let side = settings.data.resolution;
        let (height, width) = config.cascade().sides(stage, side, side);
        segments.push(PackedExample {
            stage,
            grid_height: height / patch,
            grid_width: width / patch,
            timestep: 500.0,
            time: 0.5,
            label: 0,
            dropped: false,
            example,
        });
    }
    // Longest first, as batches are packed.
    segments.sort_by_key(|segment| std::cmp::Reverse(segment.tokens()));
    let features = settings.model.in_channels * patch * patch;
    let count = segments.iter().map(PackedExample::tokens).sum::<usize>() * features;
    let normals = |index| Key::new(0, index, Purpose::Testing).normals(count);
    let texts = match (&settings.text, settings.model.cross_attention_dim) {
        (Some(TextConfig::Joint(_)), _) => Some(Texts::Tokens(vec![vec![1; CAPTION]; images])),
        (_, Some(width)) => Some(Texts::States {
            values: vec![0.0; images * CAPTION * width],
            lengths: vec![CAPTION; images],
            width,
        }),
        (_, None) => None,
    };
    let packed = PackedBatch { inputs: normals(0), targets: normals(1), features, segments };
    TrainingBatch { packed, texts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;

    #[test]
    fn a_made_up_batch_has_the_tokens_that_memory_is_counted_for() {
        let settings = ["model.preset=tiny", "data.resolution=64", "train.batch_size=7"];
        let config = TrainConfig::of(&settings).check().unwrap();
        let batch = made_up_batch(&config).packed;
        let tokens = |segment: &PackedExample| segment.tokens();
        let lengths: Vec<usize> = batch.segments.iter().map(tokens).collect();
        assert_eq!(lengths, DryRun::new(&config, false, None).lengths);
    }

    #[test]
    fn times_are_said_in_units_that_people_have() {
        let said = [90.0, 9_000.0, 864_000.0].map(duration);
        assert_eq!(said, ["1.5 minutes", "2.5 hours", "10.0 days"]);
    }
}
