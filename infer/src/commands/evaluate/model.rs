//! `infer evaluate model`: draws images and compares them with real ones.

use pixelflow_evaluation::metrics::ClassCounts;
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::note;

use super::model_share::evaluate_model_share;
use super::samples::Samples;
use super::setup::Setup;
use crate::Error;
use crate::Result;
use crate::arguments::EvaluateModelArguments;
use crate::certificate::{Certificate, CertificateFiles, CertifiedPrompts};
use crate::hub::Fetching;
use crate::measurement::gathered::Gathered;
use crate::measurement::report::{DrawnReport, Report, SideReport};
use crate::progress::CaptionProgress;

/// Measures; gives what is printed, or nothing after Ctrl-C.
///
/// # Errors
/// Those of [`Samples::prepare`] and [`Setup`], and of [`CertificateFiles`].
pub(super) fn evaluate_model(arguments: &EvaluateModelArguments) -> Result<Option<String>> {
    let EvaluateModelArguments { real, partial, network, metrics, certificate, .. } = arguments;
    let reference = match (partial, real) {
        (Some(partial), _) => return evaluate_model_share(arguments, partial),
        (None, reference) => reference.as_deref().expect("it is required without --partial"),
    };
    if let (Some(path), [_, ..]) = (certificate, &arguments.drawing.model.adapters[..]) {
        return Err(Error::Argument {
            argument: "--certificate",
            value: path.display().to_string(),
            reason: "a certificate names one model, and --lora is another; make one of both with infer merge"
                .to_owned(),
        });
    }
    let prepared = Samples::prepare(arguments)?.refuse_idle_guide()?;
    let setup = Setup::prepare(network, metrics, None, reference)?;
    setup.check_memory(arguments.images as usize)?;
    let prepare = |path| CertificateFiles::prepare(path, metrics.json.as_deref());
    let files = certificate.as_deref().map(prepare).transpose()?;
    let mut samples = prepared.open(Fetching::Allowed)?;
    if files.is_some() {
        samples.keep_first();
    }
    measure_samples(arguments, samples, setup, |report, samples, setup| {
        let text = setup.json.write(report)?;
        if let Some(files) = files {
            let certificate = certificate_of(arguments, report, samples);
            // What was measured for hours is not lost for want of a certificate.
            files.write(&certificate, samples.first_images()).inspect_err(|_| note(&text))?;
            note(format_args!("{}", files.said()));
        }
        Ok(text)
    })
}

/// The certificate of a measurement.
pub(super) fn certificate_of(
    arguments: &EvaluateModelArguments,
    report: &Report<'_>,
    samples: &Samples,
) -> Certificate {
    let prompts = CertifiedPrompts::of(samples.subjects());
    let (metrics, batch) = (arguments.metrics.metrics.clone(), arguments.drawing.batch);
    Certificate::new(report.facts(), metrics, batch, prompts)
}

/// Draws and measures; gives what `done` makes of it, or nothing after Ctrl-C.
///
/// # Errors
/// What drawing and measuring say, and `done`.
pub(super) fn measure_samples<T>(
    arguments: &EvaluateModelArguments,
    mut samples: Samples,
    mut setup: Setup,
    done: impl FnOnce(&Report<'_>, &Samples, &Setup) -> Result<T>,
) -> Result<Option<T>> {
    let drawing = &arguments.drawing;
    let interrupt = Interrupt::listen("stopping after this step")?;
    let device = samples.device();
    let Some(instruments) = setup.begin(Some(device), drawing.batch as usize, &interrupt)? else {
        return Ok(None);
    };
    let seeds: Vec<u64> =
        (0..u64::from(arguments.repeats)).map(|repeat| drawing.seed.wrapping_add(repeat)).collect();
    let mut progress =
        CaptionProgress::new(u64::from(arguments.images) * u64::from(arguments.repeats));
    let (sampler, numbers) = (samples.sampler().clone(), 0..u64::from(arguments.images));
    let network = instruments.network.as_deref().expect("samples are drawn");
    let mut repeats = Vec::new();
    for &seed in &seeds {
        let drawing = (&sampler, seed, numbers.clone());
        let drawn = samples.gather(drawing, network, setup.keep(), &mut progress, &interrupt)?;
        let measured = match drawn {
            Some(gathering) => {
                let classes = samples.classes(seed, numbers.clone());
                let gathered = Gathered { classes, ..gathering.finish()? };
                instruments.measure(&gathered, &setup, &interrupt)?
            }
            None => None,
        };
        match measured {
            Some(measured) => repeats.push(measured),
            None => break,
        }
    }
    progress.finish();
    if repeats.len() < seeds.len() {
        return Ok(None);
    }
    let with = samples.drawn_with();
    let report = Report {
        identity: &setup.identity,
        device: Some(device),
        repeats: &repeats,
        samples: SideReport {
            name: with.model.clone(),
            hash: Some(with.model_hash.clone()),
            images: Some(arguments.images as usize),
            classes: Some(ClassCounts::of(
                numbers.map(|number| samples.subject(seeds[0], number)),
                samples.subjects().len(),
            )),
        },
        reference: setup.reference_report(&instruments),
        known: setup.known_report(&instruments),
        drawn: Some(DrawnReport { with, labels: arguments.labels, seeds }),
    };
    done(&report, &samples, &setup).map(Some)
}
