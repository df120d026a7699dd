//! The command `train prepare`: images as they were found become a data set to train on.

mod contact_sheet;
mod image_file;
mod manifest;
mod selection;
mod shard;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use pixelflow::durable;
use pixelflow::weights::file_hash;
use pixelflow_dataset::source::ABOUT;
use pixelflow_dataset::{Source, Transform, TransformConfig};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::{note, print};
use pixelflow_host::progress::counting_bar;
use sha2::{Digest, Sha256};

use self::contact_sheet::contact_sheet;
use self::image_file::Change;
use self::manifest::Manifest;
use self::selection::Selection;
use self::shard::{Numbers, Shard, write_shard};
use crate::arguments::PrepareArguments;
use crate::error::{read_error, write_error};
use crate::identity::{first_half, update};
use crate::inspection::{Looked, open};
use crate::png_file::write_png;
use crate::{Error, Result};

/// What an unfinished data set is to become.
const PLAN: &str = "plan.txt";
/// What is in it.
const MANIFEST: &str = ABOUT[0];
/// Some of its images.
const CONTACT_SHEET: &str = ABOUT[1];

/// Makes a data set of another.
///
/// # Errors
/// [`Error::NotADataSet`], [`Error::Data`] and [`Error::Prepare`] before anything is written; [`Error::Write`].
pub fn prepare(arguments: &PrepareArguments) -> Result<ExitCode> {
    let PrepareArguments { data, out, size, near, not_in, .. } = arguments;
    refuse_strange(out)?;
    let transform = size.map(|size| TransformConfig { size, ..TransformConfig::default() }.build());
    let transform = transform.transpose()?;
    let (source, without_labels) = open(data)?;
    let is_labelled = without_labels.is_none();
    let other = not_in.as_deref().map(open).transpose()?;
    let interrupt = Interrupt::listen("stopping; the same command goes on")?;
    let looked = Looked::at(source.as_ref(), "looking at images", &interrupt)?;
    let other = match &other {
        Some((other, _)) => {
            let doing = "looking at the other data set";
            Some((other.as_ref(), Looked::at(other.as_ref(), doing, &interrupt)?))
        }
        None => None,
    };
    if interrupt.is_wanted() {
        return Ok(stopped());
    }
    let elsewhere = other.as_ref().map(|(source, looked)| (*source, looked));
    let selection = Selection::of((source.as_ref(), &looked), *near, elsewhere);
    if selection.kept.is_empty() {
        let reason = "no image of it is left to be prepared".to_owned();
        return Err(Error::Prepare { path: data.clone(), reason });
    }
    let plan = plan(source.as_ref(), is_labelled, &selection, arguments)?;
    begin(out, &plan)?;
    let made = write_shards(
        arguments,
        (source.as_ref(), is_labelled),
        &selection,
        transform.as_ref(),
        &interrupt,
    )?;
    let Some((shards, changes)) = made else {
        return Ok(stopped());
    };
    let sheet = contact_sheet(source.as_ref(), &selection.kept, is_labelled)?;
    write_png(&out.join(CONTACT_SHEET), &sheet)?;
    let manifest = manifest(
        arguments,
        plan,
        (source.as_ref(), is_labelled),
        (looked, selection),
        (shards, changes),
    )?;
    let text = serde_json::to_string_pretty(&manifest).expect("it has a form in JSON");
    let path = out.join(MANIFEST);
    durable::write_text(&path, &text).map_err(write_error(&path))?;
    let path = out.join(PLAN);
    fs::remove_file(&path).map_err(write_error(&path))?;
    print(format_args!("{}\n{manifest}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn stopped() -> ExitCode {
    note("stopped; the same command goes on");
    Interrupt::exit_code()
}

/// Refuses a folder with something else in it.
fn refuse_strange(out: &Path) -> Result<()> {
    let refused =
        |reason: &str| Err(Error::Prepare { path: out.to_owned(), reason: reason.to_owned() });
    if out.join(MANIFEST).exists() {
        return refused("it is a prepared data set already; choose another folder, or remove it");
    }
    if !out.exists() || out.join(PLAN).exists() {
        return Ok(());
    }
    let is_empty = fs::read_dir(out).map_err(read_error(out))?.next().is_none();
    if is_empty {
        return Ok(());
    }
    refused("there is something in it that train prepare has not made; choose another folder")
}

/// A hash of all that the files depend on.
fn plan(
    source: &dyn Source,
    is_labelled: bool,
    selection: &Selection,
    arguments: &PrepareArguments,
) -> Result<String> {
    let mut hash = Sha256::new();
    let settings = format!("{} {:?} {is_labelled}", arguments.shard_images, arguments.size);
    update(&mut hash, settings.as_bytes());
    for &number in &selection.kept {
        let (name, label) = source.identity(number);
        update(&mut hash, &name);
        update(&mut hash, source.classes().get(label).map_or(&[], String::as_bytes));
        update(&mut hash, &source.beginning(number)?);
        for caption in source.captions(number)? {
            update(&mut hash, caption.as_bytes());
        }
    }
    Ok(first_half(hash))
}

/// Makes the folder, or finds that what is in it was begun for the same.
fn begin(out: &Path, plan: &str) -> Result<()> {
    let path = out.join(PLAN);
    fs::create_dir_all(out).map_err(write_error(out))?;
    if !path.exists() {
        return durable::write_text(&path, plan).map_err(write_error(&path));
    }
    let before = fs::read_to_string(&path).map_err(read_error(&path))?;
    if before.trim() == plan {
        note(format_args!("going on with {}", out.display()));
        return Ok(());
    }
    let reason =
        "it was begun with other images or settings; give those again, or choose another folder";
    Err(Error::Prepare { path: out.to_owned(), reason: reason.to_owned() })
}

/// Writes the tar files that are not there yet; `None` if the user wants to stop. What was done to images is known of
/// those alone.
fn write_shards(
    arguments: &PrepareArguments,
    (source, is_labelled): (&dyn Source, bool),
    selection: &Selection,
    transform: Option<&Transform>,
    interrupt: &Interrupt,
) -> Result<Option<(Vec<Shard>, Vec<Change>)>> {
    let bar = counting_bar(selection.kept.len() as u64, "writing images");
    let numbered: Vec<Numbers> =
        selection.kept.iter().enumerate().map(|(number, original)| [number, *original]).collect();
    let (mut shards, mut changes) = (Vec::new(), Vec::new());
    for (index, records) in numbered.chunks(arguments.shard_images).enumerate() {
        let file = format!("images-{index:06}.tar");
        let path = arguments.out.join(&file);
        // It has its name only when it is whole.
        if path.exists() {
            bar.inc(records.len() as u64);
            for &[_, original] in records {
                changes.push(image_file::image_file(source.encoded(original)?, transform)?.change);
            }
        } else {
            let goes_on = |images: usize| {
                bar.inc(images as u64);
                !interrupt.is_wanted()
            };
            let written = write_shard(&path, (source, is_labelled), records, transform, goes_on)?;
            match written {
                Some(made) => changes.extend(made),
                None => return Ok(None),
            }
        }
        let bytes = fs::metadata(&path).map_err(read_error(&path))?.len();
        let sha256 = file_hash(std::slice::from_ref(&path))?;
        shards.push(Shard { file, images: records.len(), bytes, sha256 });
    }
    bar.finish_and_clear();
    Ok(Some((shards, changes)))
}

fn manifest(
    arguments: &PrepareArguments,
    plan: String,
    (source, is_labelled): (&dyn Source, bool),
    (looked, selection): (Looked, Selection),
    (shards, changes): (Vec<Shard>, Vec<Change>),
) -> Result<Manifest> {
    let Selection { kept, left_out } = selection;
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    let mut captioned = 0;
    for &number in &kept {
        if is_labelled {
            let label = source.identity(number).1;
            *classes.entry(source.classes()[label].clone()).or_default() += 1;
        }
        captioned += usize::from(!source.captions(number)?.is_empty());
    }
    let kept_numbers: std::collections::HashSet<usize> = kept.iter().copied().collect();
    let is_kept = |number: &usize| kept_numbers.contains(number);
    let transparent =
        looked.seen.iter().filter(|(number, seen)| is_kept(number) && seen.traits.is_transparent);
    Ok(Manifest {
        version: env!("CARGO_PKG_VERSION"),
        plan,
        source: arguments.data.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        records: source.len(),
        images: kept.len(),
        classes,
        captioned,
        size: arguments.size,
        turned: changes.iter().filter(|change| change.turned).count(),
        fitted: changes.iter().filter(|change| change.fitted).count(),
        transparent: transparent.count(),
        left_out,
        beside: source.left_out().count(),
        shards,
    })
}
