//! What is measured, and in what order.

use anyhow::{Result, bail};

use super::clothes;
use super::record::FOLDER;

/// The slice of the heroes that is shipped.
const HEROES: &str = "assets/demo/heroes.tar";
/// Combinations of species, clothes and weapon that are not in the training data.
const HELD_OUT_HEROES: &str = "assets/demo/heroes-heldout.tar";
/// What the page calls them.
const HEROES_NAME: &str = "heroes";
/// Metrics of a row of the page.
const METRICS: &str = "frechet,kernel,neighbours,classes";

/// Images of a cell of a sweep and its repeats, and those of the best cells: an hour on two cores.
const SWEEP_SIZES: [&str; 6] = ["--images", "250", "--repeats", "1", "--confirm", "2"];

/// How many images are drawn, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images of a repeat.
    pub images: u32,
    /// Repeats.
    pub repeats: u32,
}

/// Which part of the page a measurement belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A row of the table of models: real images or a model's.
    Row {
        /// Of which data.
        data: &'static str,
        /// What the images are.
        what: &'static str,
    },
    /// The table of captions.
    Captions,
    /// A row of the table of edits.
    Edits,
    /// A figure, with its table.
    Sweep {
        /// What it shows.
        title: &'static str,
    },
}

/// A command line of `infer` that measures something.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Its record's name.
    pub name: String,
    /// Where its numbers go.
    pub part: Part,
    /// The folder of the model whose images are measured; none of real ones.
    pub model: Option<&'static str>,
    /// Whether it needs the data of Fashion-MNIST.
    pub needs_clothes: bool,
    /// What `infer` is called with, besides where the numbers go.
    pub arguments: Vec<String>,
}

impl Measurement {
    /// The folder of a sweep, in the repository's.
    pub fn folder(&self) -> Option<String> {
        let is_sweep = matches!(self.part, Part::Sweep { .. });
        is_sweep.then(|| format!("{FOLDER}/{}", self.name))
    }

    /// The command line as a user types it.
    pub fn command(&self) -> String {
        format!("infer {}", self.arguments.join(" "))
    }
}

/// Everything that is measured.
pub fn plan(sizes: Sizes) -> Vec<Measurement> {
    let (images, repeats) = (sizes.images.to_string(), sizes.repeats.to_string());
    let row = |name: &str, data, what, model, arguments: &[&str]| Measurement {
        name: name.to_owned(),
        part: Part::Row { data, what },
        model,
        needs_clothes: data != HEROES_NAME,
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
    };
    let heroes = HEROES_NAME;
    let real = ["evaluate", "images", HELD_OUT_HEROES, HEROES, "--metrics", METRICS];
    let class_demo = [
        &["evaluate", "model", HEROES, "--images", &images, "--repeats", &repeats],
        &["--metrics", METRICS, "--train", HEROES, "--held-out", HELD_OUT_HEROES][..],
    ]
    .concat();
    let as_many = ["evaluate", "model", HEROES, "--images", "192", "--repeats", &repeats];
    let as_many = [&as_many[..], &["--metrics", METRICS]].concat();
    let euler = [&class_demo[..], &["--solver", "euler", "--steps", "16"]].concat();
    let of_captions = |name: &str, part, more: &[&str]| Measurement {
        name: name.to_owned(),
        part,
        model: Some("assets/demo-text/model"),
        needs_clothes: false,
        arguments: [&["evaluate", "captions"], more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    let edit = |name: &str, attribute| of_captions(name, Part::Edits, &["--edit", attribute]);
    let clothes = "Fashion-MNIST";
    let real_clothes = [
        &["evaluate", "images", clothes::HELD_OUT, clothes::TRAIN, "--images", &images][..],
        &["--metrics", METRICS],
    ]
    .concat();
    let drawn_clothes = [
        &["evaluate", "model", clothes::TRAIN, "--model", clothes::MODEL, "--images", &images][..],
        &["--repeats", &repeats, "--metrics", METRICS, "--train", clothes::TRAIN],
        &["--held-out", clothes::HELD_OUT],
    ]
    .concat();
    let what = "model of 2.9 million parameters";
    let sweep = |name: &str, title, axes: &[&str]| Measurement {
        name: name.to_owned(),
        part: Part::Sweep { title },
        model: Some("assets/demo/model"),
        needs_clothes: false,
        arguments: [&["sweep", HEROES], &SWEEP_SIZES[..], axes, &["--out"]]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .chain([format!("{FOLDER}/{name}")])
            .collect(),
    };
    let solvers = ["euler", "heun", "ab2", "ab3", "dpmpp2m", "unipc"];
    let solvers = [&["--solver"][..], &solvers, &["--steps", "4", "6", "8", "16"]].concat();
    let rules = ["--guidance-rule", "plain", "cfg-zero-star", "apg", "--guidance", "1"];
    let scales = ["stage-wise:1.6", "stage-wise:2.4", "stage-wise:3.2", "constant:1.5"];
    let rules = [&rules[..], &scales, &["--solver", "ab2", "--steps", "8"]].concat();
    vec![
        row("heroes-real", heroes, "held-out real images", None, &real),
        row("demo-192", heroes, "class demo, as many", Some("assets/demo/model"), &as_many),
        row("demo", heroes, "class demo", Some("assets/demo/model"), &class_demo),
        row(
            "demo-euler",
            heroes,
            "class demo, Euler with 16 steps a stage: twice the network calls",
            Some("assets/demo/model"),
            &euler,
        ),
        of_captions("captions", Part::Captions, &[]),
        edit("edit-clothes", "clothes"),
        edit("edit-weapon", "right"),
        edit("edit-background", "background"),
        sweep("solvers", "Class demo: solvers and steps", &solvers),
        sweep("guidance", "Class demo: rules and scales of guidance", &rules),
        row("fashion-mnist-real", clothes, "held-out real images", None, &real_clothes),
        row("fashion-mnist", clothes, what, Some(clothes::MODEL), &drawn_clothes),
    ]
}

/// Refuses names that no measurement has.
///
/// # Errors
/// Names them, and those that there are.
pub fn check_names(names: &[String], plan: &[Measurement]) -> Result<()> {
    let known: Vec<&str> = plan.iter().map(|measurement| measurement.name.as_str()).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            bail!("--only {unknown}: no measurement has this name; there are {}", known.join(", "))
        }
        None => Ok(()),
    }
}
