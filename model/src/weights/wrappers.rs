//! The names of tensors without what wrappers have put into them, and which of several sets is meant.
//!
//! `torch.compile`, FSDP and distributed training write parts of their own into names, wherever they
//! wrap a module; whoever saves a whole training puts the weights under `model.` or `ema.`, in any
//! nesting. A model knows none of these parts: without them the names are the reference's.

use std::collections::{BTreeMap, BTreeSet};

use super::WeightSet;

/// Parts that only wrappers write, wherever in a name: distributed training, `torch.compile`, FSDP,
/// recomputation, Lightning.
const ANYWHERE: [&str; 6] = [
    "module",
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_fpw_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
];

/// What the weights being trained are under; where there are several, the first of these is taken.
const MODEL: [&str; 12] = [
    "model",
    "state_dict",
    "model_state_dict",
    "model_state",
    "online_model",
    "net",
    "network",
    "diffusion_model",
    "denoiser",
    "params",
    "weights",
    "pixelflow",
];

/// What their moving average is under; where there are several, the first of these is taken.
const AVERAGE: [&str; 12] = [
    "ema",
    "ema_model",
    LIGHTNING_AVERAGE,
    "state_dict_ema",
    "ema_state_dict",
    "model_ema_state_dict",
    "ema_weights",
    "ema_params",
    "params_ema",
    "averaged_model",
    "shadow",
    SHADOW_PARAMETERS,
];

/// A moving average whose names may have lost their dots.
const LIGHTNING_AVERAGE: &str = "model_ema";

/// A moving average without names, as diffusers saves it.
pub(super) const SHADOW_PARAMETERS: &str = "shadow_params";

/// What a moving average counts, beside the weights.
const COUNTERS: [&str; 7] =
    ["n_averaged", "num_updates", "decay", "initted", "step", "optimization_step", "updates"];

/// Whether a dictionary under this key may have weights.
pub(super) fn is_set(key: &str) -> bool {
    is_average(key) || MODEL.contains(&key) || ANYWHERE.contains(&key)
}

/// Whether the weights under this key are a moving average.
pub(super) fn is_average(key: &str) -> bool {
    AVERAGE.contains(&key)
}

/// The names of a set's tensors without wrappers, each with its name in the file.
///
/// The average is taken where there is one, unless `set` says otherwise. A part before the dot goes
/// only if every name has one that is known here; what averages count goes with it.
///
/// # Errors
/// Why there is no such set, or which name two tensors would have.
pub(super) fn unwrapped<'n>(
    names: impl IntoIterator<Item = &'n String>,
    set: WeightSet,
) -> Result<BTreeMap<String, String>, String> {
    // What is left of a name, and the name.
    let mut names: Vec<_> = names.into_iter().map(|name| (inner(name), name)).collect();
    // What `AveragedModel` counts stands beside names that all have its part.
    let is_counter = |(name, _): &(String, &String)| COUNTERS.contains(&name.as_str());
    let is_wrapped = |pair: &(String, &String)| is_counter(pair) || pair.0 != *pair.1;
    if names.iter().all(is_wrapped) && !names.iter().all(is_counter) {
        names.retain(|pair| !is_counter(pair));
    }
    loop {
        let sets = sets(&names);
        let first_of =
            |known: &[&'static str]| known.iter().copied().find(|key| sets.contains(*key));
        let (average, model) = (first_of(&AVERAGE), first_of(&MODEL));
        let chosen = match (set, average, model) {
            (_, None, None) => break,
            (WeightSet::Model, Some(average), None) => {
                return Err(format!(
                    "it has no weights but their average, `{average}`; take `ema`"
                ));
            }
            (WeightSet::Model, _, Some(model)) | (WeightSet::Ema, None, Some(model)) => model,
            (WeightSet::Ema, Some(average), _) => average,
        };
        let under = |set: &str| {
            let rest = names.iter().filter_map(|(name, in_file)| {
                Some((name.strip_prefix(set)?.strip_prefix('.')?.to_owned(), *in_file))
            });
            rest.filter(|(rest, _)| !COUNTERS.contains(&rest.as_str())).collect::<Vec<_>>()
        };
        let mut left = under(chosen);
        if let (LIGHTNING_AVERAGE, Some(model)) = (chosen, model) {
            let without_dots = |name: String| (name.replace('.', ""), name);
            let dotted: BTreeMap<_, _> =
                under(model).into_iter().map(|(name, _)| without_dots(name)).collect();
            for (name, _) in &mut left {
                *name = dotted.get(name).unwrap_or(name).clone();
            }
        }
        names = left;
    }
    let mut unwrapped = BTreeMap::new();
    for (name, in_file) in names {
        if unwrapped.insert(name, in_file.clone()).is_some() {
            return Err(format!("it has the tensor `{}` twice", inner(in_file).escape_debug()));
        }
    }
    Ok(unwrapped)
}

/// A name without the parts that stand anywhere.
fn inner(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').filter(|part| !ANYWHERE.contains(part)).collect();
    if parts.is_empty() { name.to_owned() } else { parts.join(".") }
}

/// The parts before the first dots, if all are sets' or counters.
fn sets<'n>(names: &'n [(String, &String)]) -> BTreeSet<&'n str> {
    let mut sets = BTreeSet::new();
    for (name, _) in names {
        match name.split_once('.') {
            Some((first, _)) if is_set(first) => sets.insert(first),
            _ if COUNTERS.contains(&name.as_str()) => false,
            _ => return BTreeSet::new(),
        };
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of names that are parted by spaces, of a set.
    fn left(names: &str, set: WeightSet) -> Result<String, String> {
        let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
        let left = unwrapped(&names, set)?;
        let pair = |(name, in_file): (&String, &String)| format!("{name}={in_file}");
        Ok(left.iter().map(pair).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn names_lose_what_wrappers_put_into_them() {
        let both = [WeightSet::Ema, WeightSet::Model];
        for (names, expected) in [
            ("a.b c", "a.b=a.b c=c"),
            ("module.a _orig_mod.c", "a=module.a c=_orig_mod.c"),
            (
                "a._orig_mod.b c._fsdp_wrapped_module.0.d",
                "a.b=a._orig_mod.b c.0.d=c._fsdp_wrapped_module.0.d",
            ),
            ("module.model._orig_mod.a", "a=module.model._orig_mod.a"),
            ("state_dict.model.a state_dict.model.b", "a=state_dict.model.a b=state_dict.model.b"),
            // A part that not all have is the model's own.
            ("model.a head.b", "head.b=head.b model.a=model.a"),
            ("module", "module=module"),
            ("n_averaged module.a module.b", "a=module.a b=module.b"),
            ("step", "step=step"),
        ] {
            for set in both {
                assert_eq!(left(names, set).as_deref(), Ok(expected));
            }
        }
        assert!(left("a module.a", WeightSet::Ema).unwrap_err().contains("`a` twice"));
    }

    #[test]
    fn of_two_sets_the_one_that_is_meant_is_taken() {
        for (names, average, model) in [
            ("model.a ema.a", "a=ema.a", "a=model.a"),
            ("model.module.a ema._orig_mod.a", "a=ema._orig_mod.a", "a=model.module.a"),
            (
                "state_dict.model.a state_dict.ema_model.a",
                "a=state_dict.ema_model.a",
                "a=state_dict.model.a",
            ),
            ("n_averaged module.model.a", "a=module.model.a", "a=module.model.a"),
            (
                "ema.step ema.initted ema.online_model.a ema.ema_model.a model.a",
                "a=ema.ema_model.a",
                "a=model.a",
            ),
            ("model.a.b model_ema.ab model_ema.decay", "a.b=model_ema.ab", "a.b=model.a.b"),
        ] {
            assert_eq!(left(names, WeightSet::Ema).as_deref(), Ok(average));
            assert_eq!(left(names, WeightSet::Model).as_deref(), Ok(model));
        }
        let message = left("ema.a", WeightSet::Model).unwrap_err();
        assert!(message.contains("no weights but their average, `ema`; take `ema`"), "{message}");
    }
}
