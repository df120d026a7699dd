//! The form in which a setting is declared: key, type, default, rule and documentation together.
//!
//! `C` is the configuration that the rules are about.

use std::path::PathBuf;

use infer::QualityMetric;
use pixelflow::Prediction;
use pixelflow::sampler::SolverKind;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::cadence::Cadence;
use super::dotted;
use super::rule::Verdict;
use super::settings::{MessageEngine, TimestepRule};
use crate::initial_weights::InitialClasses;
use crate::learning_rate::Schedule;
use crate::optimizer::UpdateRule;
use crate::precision::Precision;

/// One key of a configuration.
pub(super) struct Setting<C> {
    /// The key without its section.
    pub name: &'static str,
    /// Its documentation: lines that begin with a space.
    pub documentation: &'static str,
    /// What its type is called in messages.
    pub expected: &'static str,
    /// Whether a value has its type.
    pub accepts: fn(&Value) -> bool,
    /// The default, or an example where a kind needs the key, as TOML; `None` where there is none.
    pub default: &'static str,
    /// Whether it may be left out of a file.
    pub optional: bool,
    /// What its value must be besides its type.
    pub rule: fn(&C) -> Verdict,
}

impl<C> Setting<C> {
    /// The default as TOML, where there is one.
    pub fn default(&self) -> Option<&'static str> {
        (self.default != "None").then_some(self.default)
    }

    /// How it is written in a file: with its default, or only its name.
    pub fn example(&self) -> String {
        match self.default() {
            Some(default) => format!("{} = {default}", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// The struct that settings declare, with the default of each.
///
/// # Panics
/// If a default is not one, which a test rules out.
pub(super) fn with_defaults<T: DeserializeOwned, C>(settings: &[Setting<C>]) -> T {
    let set = settings.iter().filter(|setting| setting.default().is_some());
    let lines: Vec<String> = set.map(Setting::example).collect();
    toml::from_str(&lines.join("\n")).expect("every default is one")
}

/// Keys that stand together under one heading.
pub(super) struct Section<C: 'static> {
    /// The heading.
    pub name: &'static str,
    /// Its documentation: lines that begin with a space.
    pub documentation: &'static str,
    /// Its keys, unless it is a choice.
    pub settings: &'static [Setting<C>],
    /// The kinds it may be of.
    pub choice: Option<Choice<C>>,
    /// What its values must be together.
    pub rule: fn(&C) -> Verdict,
}

impl<C> Section<C> {
    /// The settings that it has in a configuration: a choice has those of its kind.
    pub fn settings_in(&self, table: &Table) -> &'static [Setting<C>] {
        self.kind_in(table).map_or(self.settings, |kind| kind.settings)
    }

    /// The kind that a configuration chooses.
    pub fn kind_in(&self, table: &Table) -> Option<&'static Kind<C>> {
        let choice = self.choice.as_ref()?;
        choice.kind(dotted::get(table, self.name)?.get(choice.tag)?.as_str()?)
    }

    /// The kinds with their tag that are to be listed after the documentation, if it ends so.
    pub fn listed_kinds(&self) -> impl Iterator<Item = (&'static str, &'static Kind<C>)> {
        let choice = self.choice.as_ref().filter(|_| self.documentation.ends_with("One of\n"));
        choice.into_iter().flat_map(|choice| choice.kinds.iter().map(|kind| (choice.tag, kind)))
    }

    /// A setting's key with its section.
    pub fn key(&self, setting: &Setting<C>) -> String {
        format!("{}.{}", self.name, setting.name)
    }
}

/// A section that is one of several kinds, each with keys of its own.
pub(super) struct Choice<C: 'static> {
    /// The key that names the kind.
    pub tag: &'static str,
    /// The kinds.
    pub kinds: &'static [Kind<C>],
    /// The default as TOML; empty for none.
    pub default: &'static str,
}

/// A kind of a choice.
pub(super) struct Kind<C: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its documentation.
    pub documentation: &'static str,
    /// Its keys.
    pub settings: &'static [Setting<C>],
}

impl<C> Choice<C> {
    /// The kind of a name.
    pub fn kind(&self, name: &str) -> Option<&'static Kind<C>> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}

/// Declares settings as `NAME: TYPE = DEFAULT where RULE;`, documented.
///
/// After `<STRUCT>` the compiler checks that the library's struct has fields of these types.
macro_rules! settings {
    (
        $(<$library:ty>)?
        $($(#[doc = $line:literal])* $(#[serde($($serde:tt)*)])?
        $name:ident: $type:ty = $default:tt $(where $rule:expr)?;)*
    ) => {{
        $crate::config::setting::settings!(@fields [$($library)?] $($name: $type;)*);
        &[$($crate::config::setting::Setting {
            name: stringify!($name),
            documentation: concat!($($line, "\n"),*),
            expected: <$type as $crate::config::setting::Type>::EXPECTED,
            accepts: |value| <$type as serde::Deserialize>::deserialize(value.clone()).is_ok(),
            default: stringify!($default),
            optional: !concat!($(stringify!($($serde)*))?).is_empty(),
            rule: $crate::config::setting::settings!(@rule $($rule)?),
        }),*]
    }};
    (@fields [] $($name:ident: $type:ty;)*) => {};
    (@fields [$library:ty] $($name:ident: $type:ty;)*) => {
        $(const _: fn(&$library) -> &$type = |library| &library.$name;)*
    };
    (@rule) => { |_| Ok(()) };
    (@rule $rule:expr) => { $rule };
}

/// Declares a struct with its settings, written as for [`settings!`]; fields after `with` are
/// sections of their own. `Setting` and the configuration are those of the module that declares it.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        struct $section:ident {
            $($(#[doc = $line:literal])* $(#[serde($($serde:tt)*)])?
            $name:ident: $type:ty = $default:tt $(where $rule:expr)?;)*
        }
        $(with { $($nested:tt)* })?
    ) => {
        $(#[doc = $about])*
        #[allow(clippy::doc_markdown)] // The same words stand in `--print-config`.
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $section {
            $($(#[doc = $line])* $(#[serde($($serde)*)])? pub $name: $type,)*
            $($($nested)*)?
        }

        impl $section {
            pub(in crate::config) const DOCUMENTATION: &'static str = concat!($($about, "\n"),*);
            pub(in crate::config) const SETTINGS: &'static [Setting] =
                $crate::config::setting::settings!($(
                    $(#[doc = $line])* $(#[serde($($serde)*)])?
                    $name: $type = $default $(where $rule)?;
                )*);
        }
    };
}

pub(super) use {section, settings};

/// A type of values and its name for people.
pub(super) trait Type {
    /// The end of "it must be …".
    const EXPECTED: &'static str;
}

macro_rules! types {
    ($($type:ty: $expected:literal,)*) => {
        $(impl Type for $type { const EXPECTED: &'static str = $expected; })*
    };
}

types! {
    bool: "true or false",
    u64: "a whole number, 0 or more",
    usize: "a whole number, 0 or more",
    Cadence: "a whole number, 0 or more",
    f64: "a number",
    [f64; 2]: "two numbers, such as [0.9, 0.999]",
    String: "a string",
    PathBuf: "a string",
    Vec<usize>: "a list of whole numbers, such as [10, 20]",
    Vec<[usize; 2]>: "a list of sizes, such as [[192, 320], [320, 192]]",
    Vec<String>: "a list of strings, such as [\"cat\", \"dog\"]",
    Vec<QualityMetric>: "a list of \"frechet\" and \"kernel\"",
    Vec<PathBuf>: "a list of strings, such as [\"a.tar\", \"b.tar\"]",
    Schedule: "\"constant\", \"cosine\" or \"linear\"",
    UpdateRule: "\"adamw\" or \"muon\"",
    Prediction: "\"velocity\" or \"end\"",
    Precision: "\"f32\", \"bf16\" or \"f16\"",
    InitialClasses: "\"same\", \"by-name\" or \"add\"",
    MessageEngine: "\"mpi\" or \"nccl\"",
    TimestepRule: "\"uniform\" or \"logit-normal\"",
    SolverKind: "\"euler\", \"heun\", \"dopri5\", \"ab2\", \"ab3\", \"dpmpp2m\" or \"unipc\"",
}

impl<T: Type> Type for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
}
