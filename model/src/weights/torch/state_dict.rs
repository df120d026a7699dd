//! The named tensors of a pickle: a `state_dict`, or a training checkpoint that has some.

use std::collections::BTreeMap;

use super::super::WeightSet;
use super::fault::{Fault, quoted};
use super::tensor_view::TensorView;
use super::value::{ObjectId, Pickled, Value};

/// Most tensors of a file; the text model has fewer than a thousand.
const MAX_TENSORS: usize = 1 << 16;

/// Longest name of a tensor, in bytes.
const MAX_NAME: usize = 1024;

/// Finds the tensors of a `state_dict`, or of `{model, ema, opt, args}` those of `set`.
///
/// Without a `set`, a checkpoint gives its moving average if it has one. The state of the
/// optimiser is never looked at.
pub(super) fn tensors(
    pickled: &Pickled<'_>,
    set: Option<WeightSet>,
) -> Result<BTreeMap<String, TensorView>, Fault> {
    let Value::Dictionary(root) = pickled.root else {
        return Fault::not_weights("it is no dictionary of tensors; save model.state_dict()");
    };
    let model = dictionary(pickled, root, "model");
    let ema = dictionary(pickled, root, "ema");
    let chosen = match (set, model, ema) {
        (None | Some(WeightSet::Ema), _, Some(ema)) => ema,
        (None | Some(WeightSet::Model), Some(model), _) => model,
        (None | Some(WeightSet::Model), None, None) => root,
        (Some(WeightSet::Model), None, Some(_)) => {
            return Fault::not_weights("it is a checkpoint without `model`; take its `ema`");
        }
        (Some(WeightSet::Ema), Some(_), None) => {
            return Fault::not_weights("it is a checkpoint without `ema`; take its `model`");
        }
        (Some(WeightSet::Ema), None, None) => {
            return Fault::not_weights("it is a plain state_dict, which has no `ema` of its own");
        }
    };
    named(pickled, chosen)
}

/// The dictionary under a key; later entries replace earlier ones.
fn dictionary(pickled: &Pickled<'_>, parent: ObjectId, wanted: &str) -> Option<ObjectId> {
    let mut found = None;
    for (key, value) in pickled.objects.entries(parent) {
        if key == Value::Text(wanted) {
            found = Some(value);
        }
    }
    match found {
        Some(Value::Dictionary(id)) => Some(id),
        _ => None,
    }
}

fn named(pickled: &Pickled<'_>, id: ObjectId) -> Result<BTreeMap<String, TensorView>, Fault> {
    let mut tensors = BTreeMap::new();
    for (key, value) in pickled.objects.entries(id) {
        let Value::Text(key) = key else {
            return Fault::not_weights("an entry has a name that is no text");
        };
        let Value::Tensor(arguments) = value else {
            return Fault::not_weights(format!(
                "the entry `{}` is no tensor; expected a state_dict, or a training checkpoint \
                 with `model` or `ema`",
                quoted(key)
            ));
        };
        if key.len() > MAX_NAME {
            return Fault::damaged(format!("a tensor is named `{}`", quoted(key)));
        }
        // The wrapper of distributed training puts its own name before all others.
        let name = key.strip_prefix("module.").unwrap_or(key);
        let view = TensorView::parse(pickled, arguments).map_err(|fault| fault.about(name))?;
        if tensors.insert(name.to_owned(), view).is_some() {
            return Fault::damaged(format!("it has the tensor `{}` twice", quoted(name)));
        }
        if tensors.len() > MAX_TENSORS {
            return Fault::damaged(format!("it has more than {MAX_TENSORS} tensors"));
        }
    }
    if tensors.is_empty() {
        return Fault::not_weights("it is a dictionary without tensors");
    }
    Ok(tensors)
}
