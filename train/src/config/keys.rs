//! The keys that a configuration may have.

use pixelflow::excerpt::excerpt;
use toml::{Table, Value};

use super::dotted::{get, leaves};
use super::origin::Origin;
use super::settings::{Choice, SECTIONS, Section, Setting, section};
use crate::Result;
use crate::error::did_you_mean;

/// The defaults as a table; choices without a default are empty tables.
///
/// # Panics
/// If a default is not TOML, which a test rules out.
pub(super) fn defaults() -> Table {
    let mut lines = Vec::new();
    for section in SECTIONS {
        lines.push(format!("[{}]", section.name));
        lines.extend(section.choice.as_ref().map(|choice| choice.default.to_owned()));
        let settings = section.settings.iter().filter(|setting| setting.default().is_some());
        lines.extend(settings.map(Setting::example));
    }
    lines.join("\n").parse().expect("every default is TOML")
}

/// Checks that every key of a layer exists and has a value of the right type.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) naming the key.
pub(super) fn check(layer: &Table, origin: &Origin<'_>) -> Result<()> {
    leaves(layer).into_iter().try_for_each(|(key, value)| {
        check_key(layer, &key, value).map_err(|reason| origin.mistake(&key, &reason))
    })
}

/// Checks a layer, and that its choices have all the keys that their kinds need.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) naming the key.
pub(super) fn check_whole(layer: &Table, origin: &Origin<'_>) -> Result<()> {
    check(layer, origin)?;
    for section in SECTIONS {
        let Some(choice) = &section.choice else { continue };
        let written = get(layer, section.name).and_then(Value::as_table);
        let Some(table) = written.filter(|table| !table.is_empty()) else { continue };
        let missing = |name: &str, expected: &str| {
            let key = format!("{}.{name}", section.name);
            origin.mistake(&key, &format!("{key} is missing: it must be {expected}"))
        };
        let Some(kind) = section.kind_in(layer) else {
            return Err(missing(choice.tag, &kinds(choice)));
        };
        let needed = |setting: &&Setting| !setting.optional && !table.contains_key(setting.name);
        if let Some(setting) = kind.settings.iter().find(needed) {
            return Err(missing(setting.name, setting.expected));
        }
    }
    Ok(())
}

/// Checks one key, and says what is wrong with it.
fn check_key(layer: &Table, key: &str, value: &Value) -> Result<(), String> {
    let expect = |fits: bool, expected: &str| {
        if fits {
            Ok(())
        } else {
            Err(format!("{key} is {}, it must be {expected}", excerpt(&value.to_string())))
        }
    };
    if section(key).is_some() {
        return expect(value.is_table(), "a section with keys of its own");
    }
    let (heading, name) = key.rsplit_once('.').unwrap_or(("", key));
    let section = section(heading);
    if let Some(choice) = section.and_then(|section| section.choice.as_ref())
        && name == choice.tag
    {
        let kind = value.as_str().and_then(|name| choice.kind(name));
        return expect(kind.is_some(), &kinds(choice));
    }
    let settings = section.map(|section| settings(section, layer)).unwrap_or_default();
    match settings.iter().find(|setting| setting.name == name) {
        Some(setting) => expect((setting.accepts)(value), setting.expected),
        None => Err(unknown(layer, key, section)),
    }
}

/// The settings a section may have in a layer: of all kinds, if the layer does not say which.
fn settings(section: &Section, layer: &Table) -> Vec<&'static Setting> {
    let all = section.choice.as_ref().map_or(&[][..], |choice| choice.kinds);
    match section.kind_in(layer) {
        Some(kind) => kind.settings.iter().collect(),
        None => section.settings.iter().chain(all.iter().flat_map(|kind| kind.settings)).collect(),
    }
}

/// The names of a choice's kinds.
fn kinds(choice: &Choice) -> String {
    let names: Vec<String> = choice.kinds.iter().map(|kind| format!("\"{}\"", kind.name)).collect();
    listed(&names, "or")
}

/// Words as a list with a word before the last.
fn listed(words: &[impl AsRef<str>], before_last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((last, first)) if !first.is_empty() => {
            format!("{} {before_last} {last}", first.join(", "))
        }
        _ => words.concat(),
    }
}

/// The message for a key that does not exist, with the nearest one or all that its kind has.
fn unknown(layer: &Table, key: &str, section: Option<&'static Section>) -> String {
    let chosen = section.filter(|section| section.choice.is_some());
    let mut known = Vec::new();
    for section in chosen.into_iter().chain(SECTIONS.iter().filter(|_| chosen.is_none())) {
        known.extend(settings(section, layer).into_iter().map(|setting| section.key(setting)));
        known.extend(
            section.choice.as_ref().map(|choice| format!("{}.{}", section.name, choice.tag)),
        );
    }
    let mut advice = did_you_mean(key, known.iter().map(String::as_str));
    if let Some(section) = chosen
        && let (Some(choice), Some(kind)) = (&section.choice, section.kind_in(layer))
        && advice.is_empty()
    {
        let names: Vec<&str> = kind.settings.iter().map(|setting| setting.name).collect();
        advice = format!("; {} = \"{}\" has {}", choice.tag, kind.name, listed(&names, "and"));
    }
    format!("there is no key `{}`{advice}", excerpt(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Kind;

    fn message(layer: &str) -> String {
        let origin = Origin { name: "recipe".to_owned(), text: layer };
        check_whole(&origin.parse().unwrap(), &origin).unwrap_err().to_string()
    }

    #[test]
    fn unknown_keys_are_named_with_line_and_the_nearest_one() {
        for (layer, expected) in [
            ("[train]\nleraning_rate = 1", "line 2: there is no key `train.leraning_rate`"),
            ("[train]\nwarmup = 1\nweigth_decay = 0.1", "line 2: there is no key `train.warmup`"),
            (
                "[train]\nseed = 1\nweigth_decay = 0.1",
                "line 3: there is no key `train.weigth_decay`; did you mean `train.weight_decay`?",
            ),
            (
                "[preview.sampler]\nsteeps = [1]",
                "line 2: there is no key `preview.sampler.steeps`; did you mean \
                 `preview.sampler.steps`?",
            ),
            ("lr = 1", "line 1: there is no key `lr`; did you mean `train.lr`?"),
        ] {
            assert_eq!(message(layer), format!("recipe, {expected}"));
        }
    }

    #[test]
    fn values_of_the_wrong_type_are_named() {
        for (layer, expected) in [
            ("train.lr = 'fast'", "train.lr is \"fast\", it must be a number"),
            ("train.steps = 1.5", "train.steps is 1.5, it must be a whole number, 0 or more"),
            ("train.steps = -5", "train.steps is -5, it must be a whole number, 0 or more"),
            ("data.flip = 1", "data.flip is 1, it must be true or false"),
            (
                "train.betas = [0.9]",
                "train.betas is [0.9], it must be two numbers, such as [0.9, 0.999]",
            ),
            (
                "train.schedule = 'step'",
                "train.schedule is \"step\", it must be \"constant\", \"cosine\" or \"linear\"",
            ),
            ("train = 3", "train is 3, it must be a section with keys of its own"),
            (
                "data.source = 'a.tar'",
                "data.source is \"a.tar\", it must be a section with keys of its own",
            ),
        ] {
            assert_eq!(message(layer), format!("recipe, line 1: {expected}"));
        }
        let origin = Origin { name: "recipe".to_owned(), text: "[train]\nlr = 1\n[log]" };
        check_whole(&origin.parse().unwrap(), &origin).unwrap();
    }

    #[test]
    fn mistakes_inside_a_choice_are_named_as_those_outside() {
        for (layer, expected) in [
            (
                "kind = 'folderr'\npath = 'a'",
                "line 2: data.source.kind is \"folderr\", it must be \"webdataset\", \"folder\" or \"idx\"",
            ),
            (
                "kind = 'folder'\npath = 'a'\nclases = ['b']",
                "line 4: there is no key `data.source.clases`; did you mean `data.source.classes`?",
            ),
            (
                "kind = 'folder'\npath = 'a'\nunlabelled = true",
                "line 4: there is no key `data.source.unlabelled`; kind = \"folder\" has path and classes",
            ),
            ("kind = 'folder'\npath = 3", "line 3: data.source.path is 3, it must be a string"),
            ("kind = 'folder'", "line 1: data.source.path is missing: it must be a string"),
            (
                "path = 'a'",
                "line 1: data.source.kind is missing: it must be \"webdataset\", \"folder\" or \"idx\"",
            ),
        ] {
            assert_eq!(message(&format!("[data.source]\n{layer}")), format!("recipe, {expected}"));
        }
    }

    /// The kinds are declared here; what reads them is the library.
    #[test]
    fn kinds_and_their_needed_keys_are_those_that_are_read() {
        fn check<T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(choice: &str) {
            let choice = section(choice).unwrap().choice.as_ref().unwrap();
            let read = |kind: &str, settings: &[&Setting]| {
                let mut lines = vec![format!("{} = \"{kind}\"", choice.tag)];
                lines.extend(settings.iter().map(|setting| setting.example()));
                toml::from_str::<T>(&lines.join("\n")).map_err(|error| error.to_string())
            };
            for Kind { name, settings, .. } in choice.kinds {
                let all: Vec<_> = settings.iter().filter(|s| s.default().is_some()).collect();
                let mut needed = all.clone();
                needed.retain(|setting| !setting.optional);
                // What is left out has the default that is declared.
                assert_eq!(read(name, &needed).unwrap(), read(name, &all).unwrap());
                while needed.pop().is_some() {
                    read(name, &needed).unwrap_err();
                }
            }
            // The message of serde lists the kinds there are.
            let message = read("another", &[]).unwrap_err();
            let (_, known) = message.split_once(", expected ").unwrap();
            let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
            assert!(choice.kinds.iter().map(|kind| kind.name).eq(known));
        }
        check::<pixelflow_dataset::SourceConfig>("data.source");
        check::<pixelflow_dataset::source::HeldOut>("data.held_out");
        check::<crate::config::settings::TextConfig>("text");
        check::<pixelflow::sampler::Guidance>("preview.sampler.guidance");
    }
}
