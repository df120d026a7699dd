//! The command `train prepare`: images as they were found become a data set to train on.

mod contact_sheet;
mod fitting;
mod image_file;
mod manifest;
mod plan;
mod selection;
mod shard;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use pixelflow::durable;
use pixelflow_dataset::source::ABOUT;
use pixelflow_dataset::{Buckets, Source};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::{note, print};
use pixelflow_host::progress::counting_bar;

use self::contact_sheet::contact_sheet;
use self::fitting::Fitting;
use self::manifest::Manifest;
use self::plan::{PLAN, Plan, hash_of};
use self::selection::Selection;
use self::shard::{BucketImages, Numbers, Shard, write_shard};
use crate::arguments::PrepareArguments;
use crate::error::{read_error, write_error};
use crate::inspection::{Looked, open};
use crate::png_file::write_png;
use crate::{Error, Result};

/// What is in it.
const MANIFEST: &str = ABOUT[0];
/// Some of its images.
const CONTACT_SHEET: &str = ABOUT[1];

/// Makes a data set of another.
///
/// # Errors
/// [`Error::NotADataSet`], [`Error::Data`] and [`Error::Prepare`] before anything is written; [`Error::Write`].
pub fn prepare(arguments: &PrepareArguments) -> Result<ExitCode> {
    let PrepareArguments { data, out, near, not_in, .. } = arguments;
    refuse_strange(out, data)?;
    let fitting = Fitting::of(arguments)?;
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
    let hash = hash_of(source.as_ref(), is_labelled, &selection, arguments)?;
    let mut plan = Plan::begin(out, hash)?;
    let images = (source.as_ref(), is_labelled);
    let fitting = fitting.as_ref();
    if write_shards(&mut plan, arguments, images, &selection, fitting, &interrupt)?.is_none() {
        return Ok(stopped());
    }
    let sheet = contact_sheet(source.as_ref(), &selection.kept, is_labelled)?;
    write_png(&out.join(CONTACT_SHEET), &sheet)?;
    let manifest = manifest(arguments, plan, images, (looked, selection))?;
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
fn refuse_strange(out: &Path, data: &Path) -> Result<()> {
    let refused =
        |reason: &str| Err(Error::Prepare { path: out.to_owned(), reason: reason.to_owned() });
    if out.join(MANIFEST).exists() {
        return refused("it is a prepared data set already; choose another folder, or remove it");
    }
    // What of the path is there already may lead elsewhere.
    let is_there = |folder: &&Path| !folder.as_os_str().is_empty() && folder.exists();
    let there = out.ancestors().find(is_there).unwrap_or(Path::new("."));
    if let (Ok(there), Ok(data)) = (there.canonicalize(), data.canonicalize())
        && there.starts_with(data)
    {
        return refused(
            "it lies in the images that are to be prepared; choose a folder beside them",
        );
    }
    if out.exists() && !out.is_dir() {
        return refused("it is a file; choose a folder");
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

/// Writes the tar files that are not there yet, or not as they were written; `None` if the user wants to stop.
fn write_shards(
    plan: &mut Plan,
    arguments: &PrepareArguments,
    (source, is_labelled): (&dyn Source, bool),
    selection: &Selection,
    fitting: Option<&Fitting>,
    interrupt: &Interrupt,
) -> Result<Option<()>> {
    let (out, before) = (&arguments.out, std::mem::take(&mut plan.shards));
    let bar = counting_bar(selection.kept.len() as u64, "writing images");
    let numbered: Vec<Numbers> =
        selection.kept.iter().enumerate().map(|(number, original)| [number, *original]).collect();
    for (index, records) in numbered.chunks(arguments.shard_images).enumerate() {
        let file = format!("images-{index:06}.tar");
        if let Some(shard) = before.iter().find(|shard| shard.file == file && shard.is_in(out)) {
            bar.inc(records.len() as u64);
            plan.shards.push(shard.clone());
            continue;
        }
        let goes_on = |images: usize| {
            bar.inc(images as u64);
            !interrupt.is_wanted()
        };
        let path = out.join(&file);
        let written = write_shard(&path, (source, is_labelled), records, fitting, goes_on)?;
        let Some(changes) = written else {
            return Ok(None);
        };
        plan.shards.push(Shard::of(out, file, &changes)?);
        plan.save(out)?;
    }
    bar.finish_and_clear();
    Ok(Some(()))
}

fn manifest(
    arguments: &PrepareArguments,
    Plan { hash, shards }: Plan,
    (source, is_labelled): (&dyn Source, bool),
    (looked, selection): (Looked, Selection),
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
    let is_gone = |name: &&String| is_labelled && !classes.contains_key(*name);
    let empty_classes = source.classes().iter().filter(is_gone).cloned().collect();
    // What was scaled was written without transparency.
    let is_fitted = arguments.size.is_some() || arguments.buckets.is_some();
    let transparent = if is_fitted { 0 } else { transparent.count() };
    let data = std::path::absolute(&arguments.data).unwrap_or_else(|_| arguments.data.clone());
    Ok(Manifest {
        version: env!("CARGO_PKG_VERSION"),
        plan: hash,
        source: data.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        records: source.len(),
        images: kept.len(),
        classes,
        empty_classes,
        captioned,
        size: arguments.size,
        buckets: arguments.buckets.as_ref().map(|buckets| in_buckets(buckets, &shards)),
        turned: shards.iter().map(|shard| shard.turned).sum(),
        fitted: shards.iter().map(|shard| shard.fitted).sum(),
        transparent,
        left_out,
        beside: source.left_out().count(),
        shards,
    })
}

/// How many images of all tar files are in each bucket.
fn in_buckets(buckets: &Buckets, shards: &[Shard]) -> Vec<BucketImages> {
    let in_shards = || shards.iter().flat_map(|shard| &shard.buckets);
    let of_bucket = |&size: &[usize; 2]| {
        let images = in_shards().filter(|counted| counted.size == size);
        BucketImages { size, images: images.map(|counted| counted.images).sum() }
    };
    buckets.sizes().iter().map(of_bucket).collect()
}
