//! Which classes to draw.

use std::borrow::Cow;

use pixelflow::weights::ModelDescription;
use pixelflow_host::output::note;
use unicode_normalization::UnicodeNormalization;

use crate::{Error, Result};
use pixelflow::excerpt::{excerpt, listed};

/// The classes that `--class` names, by name or number, each once; all if it names none.
///
/// An exact name counts first, then one that only differs in the encoding of accents, then in case.
/// Names with commas may be given as they are.
///
/// # Errors
/// [`Error::UnknownClass`] with the nearest name there is; [`Error::Argument`] for a name that several
/// classes have.
pub fn chosen_classes(lists: &[String], model: &ModelDescription) -> Result<Vec<usize>> {
    let known = KnownClasses::of(model);
    if lists.is_empty() {
        return Ok((0..known.count).collect());
    }
    let mut chosen = Vec::new();
    for list in lists {
        let mut rest = Some(list.as_str());
        while let Some(names) = rest {
            let (class, others) = known.first(names)?;
            if !chosen.contains(&class) {
                chosen.push(class);
            }
            rest = others;
        }
    }
    Ok(chosen)
}

/// The class of a name or number.
///
/// # Errors
/// Why there is none, with the nearest name.
pub(crate) fn class_named(name: &str, model: &ModelDescription) -> Result<usize, String> {
    let known = KnownClasses::of(model);
    match known.class(name.trim()) {
        Ok(Some(class)) => Ok(class),
        Ok(None) => {
            let near = known.nearest(name).map(excerpt);
            let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            Err(format!("the model has no such class{near}; {}", known.listing()))
        }
        Err(Error::Argument { reason, .. }) => Err(reason),
        Err(other) => Err(other.to_string()),
    }
}

/// The classes of a model, and how their names are compared: as they are, with accents encoded alike,
/// without case and space.
struct KnownClasses<'a> {
    count: usize,
    names: &'a [String],
    keys: [Vec<String>; 3],
    /// Commas in a name, at most.
    commas: usize,
}

const KEYS: [fn(&str) -> String; 3] = [str::to_owned, |name| name.nfc().collect(), folded];

/// A name without case, and spaces between words alone: large letters fold more alike than small ones.
fn folded(name: &str) -> String {
    let upper = name.nfc().collect::<String>().to_uppercase();
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    upper.split(',').map(words).collect::<Vec<_>>().join(",")
}

impl<'a> KnownClasses<'a> {
    fn of(model: &'a ModelDescription) -> Self {
        let names: &[String] = model.class_names.as_deref().unwrap_or_default();
        let commas = names.iter().map(|name| name.matches(',').count()).max().unwrap_or(0);
        let keys = KEYS.map(|key| names.iter().map(|name| key(name)).collect());
        Self { count: model.model.num_classes, names, keys, commas }
    }

    /// The first class of a list, and the rest of the list: the longest beginning that is a name.
    fn first<'n>(&self, list: &'n str) -> Result<(usize, Option<&'n str>)> {
        let commas = list.match_indices(',').map(|(place, _)| place);
        let ends: Vec<usize> = commas.chain([list.len()]).take(self.commas + 1).collect();
        let parts = |end: usize| list[..end].split(',').map(str::trim);
        for &end in ends.iter().rev() {
            let name = list[..end].trim();
            if let Some(class) = self.class(name)? {
                if parts(end).count() > 1 && parts(end).all(|part| self.is_class(part)) {
                    note(format_args!(
                        "note: --class {} is one class, number {class}; for several, write their \
                         numbers",
                        excerpt(name)
                    ));
                }
                return Ok((class, list.get(end + 1..)));
            }
        }
        Err(self.unknown(ends.iter().map(|&end| list[..end].trim())))
    }

    /// Whether a class, or several, have this name or number.
    fn is_class(&self, name: &str) -> bool {
        let is_name =
            |(key, names): (&fn(&str) -> String, &Vec<String>)| names.contains(&key(name));
        name.parse().is_ok_and(|class: usize| class < self.count)
            || KEYS.iter().zip(&self.keys).any(is_name)
    }

    /// The class of a name or number.
    fn class(&self, name: &str) -> Result<Option<usize>> {
        let number = name.parse().ok().filter(|class| *class < self.count);
        for (key, names) in KEYS.iter().zip(&self.keys) {
            let wanted = key(name);
            let of_name = names.iter().enumerate().filter(|(_, known)| **known == wanted);
            match *of_name.map(|(class, _)| class).collect::<Vec<_>>() {
                [] => {}
                [class] => {
                    if number.is_some_and(|number| number != class) {
                        note(format_args!(
                            "note: --class {} is the class of that name, number {class}",
                            excerpt(name)
                        ));
                    }
                    return Ok(Some(class));
                }
                ref several => {
                    let numbers: Vec<String> = several.iter().map(usize::to_string).collect();
                    let numbers = listed(&numbers);
                    return Err(Error::Argument {
                        argument: "--class",
                        value: name.to_owned(),
                        reason: format!("the classes {numbers} have this name; give their numbers"),
                    });
                }
            }
        }
        Ok(number)
    }

    /// The error for beginnings of a list none of which is a class, the shortest first.
    fn unknown<'n>(&self, beginnings: impl Iterator<Item = &'n str> + Clone) -> Error {
        let first = beginnings.clone().next().unwrap_or_default();
        let nearest = beginnings.filter_map(|name| Some((name, self.nearest(name)?))).last();
        let (name, mut suggestion) = match nearest {
            Some((name, near)) => (name, format!("; did you mean {}?", excerpt(near))),
            None => (first, String::new()),
        };
        if self.commas > 0 {
            let advice = "; names of this model have commas: give several classes by their numbers, or \
                          each with a --class of its own";
            suggestion += advice;
        }
        Error::UnknownClass {
            name: if name.is_empty() { "\"\"".to_owned() } else { name.to_owned() },
            suggestion,
            known: self.listing(),
        }
    }

    /// What classes there are.
    fn listing(&self) -> String {
        let names = match self.names {
            [] => String::new(),
            names => format!(": {}", listed(&numbered(names))),
        };
        format!("classes are 0 to {}{names}", self.count.saturating_sub(1))
    }

    /// The name that is nearest to another one; `None` if too many letters are wrong.
    fn nearest(&self, name: &str) -> Option<&str> {
        let wanted = folded(name);
        let letters = wanted.chars().count();
        // Most letters must be right: any name is near a very short one.
        let most = 2.min(letters / 2);
        let [.., folds] = &self.keys;
        let near = self.names.iter().zip(folds).filter_map(|(known, fold)| {
            let is_long = fold.chars().count().abs_diff(letters) > most;
            let distance = (!is_long).then(|| strsim::damerau_levenshtein(&wanted, fold))?;
            (distance <= most).then_some((known.as_str(), distance))
        });
        let near = near.filter(|_| !name.is_empty());
        Some(near.min_by_key(|(_, distance)| *distance)?.0)
    }
}

/// The names of classes for a list: with their numbers if names have commas themselves.
pub(crate) fn numbered<'a>(names: &'a [String]) -> Vec<Cow<'a, str>> {
    let has_commas = names.iter().any(|name| name.contains(','));
    let named = |(class, name): (usize, &'a String)| -> Cow<'a, str> {
        if has_commas { format!("{class} {name}").into() } else { name.into() }
    };
    names.iter().enumerate().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(names: &[&str]) -> ModelDescription {
        let description = serde_json::json!({
            "model": {"num_attention_heads": 2, "attention_head_dim": 8, "in_channels": 3,
                "out_channels": 3, "depth": 1, "num_classes": names.len(), "patch_size": 4,
                "attention_bias": true},
            "cascade": {"stages": 2, "train_timesteps": 1000},
            "resolution": 16,
            "class_names": names
        });
        serde_json::from_value(description).unwrap()
    }

    fn chosen(names: &[&str], lists: &[&str]) -> Result<Vec<usize>> {
        let lists: Vec<String> = lists.iter().map(|list| (*list).to_owned()).collect();
        chosen_classes(&lists, &model(names))
    }

    const CATS: [&str; 3] = ["lion", "Deep Elf", "cat"];
    const BIRDS: [&str; 4] = ["crane", "Deep Elf", "crane, wading bird", "cat"];

    #[test]
    fn classes_go_by_name_and_number_each_once_in_the_order_given() {
        let cases: [(&[&str], &[&str], &[usize]); 12] = [
            (&BIRDS, &[], &[0, 1, 2, 3]),
            (&BIRDS, &["cat,0", "3", "crane"], &[3, 0]),
            (&BIRDS, &[" deep  ELF , 2 "], &[1, 2]),
            (&BIRDS, &["cat, crane, wading bird, crane"], &[3, 2, 0]),
            // Spaces around commas are nothing.
            (&BIRDS, &["crane,wading bird,cat", "crane ,  Wading  bird"], &[2, 3]),
            (&["a,b", "c"], &["c, a , b"], &[1, 0]),
            // An exact name, then accents, then case.
            (&["CAT", "cat"], &["cat"], &[1]),
            (&["cafe\u{301}", "b"], &["caf\u{e9}"], &[0]),
            (&["caf\u{e9}", "b"], &["CAFE\u{301}"], &[0]),
            (&["Straße", "b"], &["STRASSE"], &[0]),
            (&["猫", "犬"], &["犬,猫"], &[1, 0]),
            // A name that is a number is a name.
            (&["1", "0", "7"], &["0,2"], &[1, 2]),
        ];
        for (names, lists, expected) in cases {
            assert_eq!(chosen(names, lists).unwrap(), expected, "{lists:?}");
        }
    }

    #[test]
    fn what_is_no_class_is_refused_with_what_there_is() {
        let many: Vec<String> = (0..1000).map(|class| format!("class number {class}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let cases: [(&[&str], &str, &str); 13] = [
            (&["a", "b"], "*", "--class *: the model has no such class; classes are 0 to 1"),
            (&CATS, "cta", "did you mean cat?; classes are 0 to 2: lion, Deep Elf, cat"),
            (
                &BIRDS,
                "cta",
                "--class of its own; classes are 0 to 3: 0 crane, 1 Deep Elf, 2 crane, w",
            ),
            (
                &BIRDS,
                "crane wadin, bird",
                "--class crane wadin: the model has no such class; names",
            ),
            (
                &BIRDS,
                "cran, wading brd, cat",
                "--class cran, wading brd: the model has no such class; \
                did you mean crane, wading bird?; names of this model have commas: give several",
            ),
            (&CATS, "4", "--class 4: the model has no such class; classes are 0 to 2"),
            (&CATS, "-1", "--class -1: the model has no such class; classes are 0 to 2"),
            (&CATS, "0-9", "--class 0-9: the model has no such class; classes"),
            (&CATS, "", "--class \"\": the model has no such class; classes"),
            (&CATS, "cat,,lion", "--class \"\": the model has no such class; classes"),
            (&CATS, "cat,", "--class \"\": the model has no such class; classes"),
            (&["crane", "cat", "crane"], "crane", "the classes 0, 2 have this name; give their"),
            (&many, "hippopotamus", "class number 19 and 980 more"),
        ];
        for (names, list, reason) in cases {
            let message = chosen(names, &[list]).unwrap_err().to_string();
            assert!(message.contains(reason) && message.len() < 700, "{message}");
        }
    }
}
