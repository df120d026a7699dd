//! The named tensors of a pickle: a `state_dict`, or a training checkpoint that has some.

use std::collections::{BTreeMap, HashSet};

use super::super::WeightSet;
use super::super::wrappers::{SHADOW_PARAMETERS, is_average, is_set};
use super::fault::{Fault, quoted};
use super::tensor_view::TensorView;
use super::value::{ObjectId, Pickled, Value};

/// Most tensors of a file; the text model has fewer than a thousand.
const MAX_TENSORS: usize = 1 << 16;

/// Longest name of a tensor, in bytes.
const MAX_NAME: usize = 1024;

/// The tensors of a `state_dict`; of a training checkpoint those of all its sets, named
/// `model.NAME`, `ema.NAME`, however deep they lie.
///
/// What else a file has, the state of an optimiser for instance, is never looked at. `set` is what
/// will be taken: an average that cannot be named matters only to those who want it.
pub(super) fn tensors(
    pickled: &Pickled<'_>,
    set: WeightSet,
) -> Result<BTreeMap<String, TensorView>, Fault> {
    let Value::Dictionary(root) = pickled.root else {
        return Fault::not_weights("it is no dictionary of tensors; save model.state_dict()");
    };
    let mut found = Found { pickled, seen: HashSet::new(), named: Vec::new(), lists: Vec::new() };
    found.collect(root, "")?;
    for (prefix, list) in std::mem::take(&mut found.lists) {
        match found.names_of(list) {
            Some(names) => {
                let tensors = pickled.objects.items(list).iter();
                let named = names.into_iter().zip(tensors);
                found
                    .named
                    .extend(named.map(|(name, tensor)| (format!("{prefix}{name}"), *tensor)));
            }
            None if set == WeightSet::Model => {}
            None => {
                return Fault::not_weights(format!(
                    "its average `{prefix}{SHADOW_PARAMETERS}` is a list without names, and no weights \
                     beside it have as many tensors of the same shapes in the same order; save the \
                     state_dict() of a model it was copied to"
                ));
            }
        }
    }
    found.parsed(root)
}

/// What is found on the way through dictionaries.
struct Found<'p> {
    pickled: &'p Pickled<'p>,
    /// Dictionaries, so that none is looked at twice.
    seen: HashSet<ObjectId>,
    /// In their order; all values are tensors.
    named: Vec<(String, Value<'p>)>,
    /// Averages without names: the set they are of, and their items.
    lists: Vec<(String, ObjectId)>,
}

impl Found<'_> {
    fn collect(&mut self, dictionary: ObjectId, prefix: &str) -> Result<(), Fault> {
        if !self.seen.insert(dictionary) {
            return Ok(());
        }
        for (key, value) in self.pickled.objects.entries(dictionary) {
            // Steps of an optimiser, ranks: no parameter is named by a number.
            let Value::Text(key) = key else { continue };
            match value {
                Value::Tensor(_) if prefix.len() + key.len() > MAX_NAME => {
                    return Fault::damaged(format!("a tensor is named `{}`", quoted(key)));
                }
                Value::Tensor(_) if self.named.len() >= MAX_TENSORS => {
                    return Fault::damaged(format!("it has more than {MAX_TENSORS} tensors"));
                }
                Value::Tensor(_) => self.named.push((format!("{prefix}{key}"), value)),
                // Short: no more sets than that are one in the other.
                Value::Dictionary(inner) if is_set(key) && prefix.len() < MAX_NAME / 8 => {
                    self.collect(inner, &format!("{prefix}{key}."))?;
                }
                Value::List(list) | Value::Tuple(list) if key == SHADOW_PARAMETERS => {
                    self.lists.push((prefix.to_owned(), list));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The names of a list of tensors: those of the weights that were being trained, if they are as
    /// many, of the same shapes in the same order.
    fn names_of(&self, list: ObjectId) -> Option<Vec<String>> {
        let shape = |value: &Value<'_>| match value {
            Value::Tensor(arguments) => {
                TensorView::parse(self.pickled, *arguments).ok().map(|view| view.info.shape)
            }
            _ => None,
        };
        let is_trained = |name: &str| !name.split('.').any(is_average);
        let trained = || self.named.iter().filter(|(name, _)| is_trained(name));
        let list = self.pickled.objects.items(list);
        let same = |((_, ours), theirs): (&(String, Value<'_>), &Value<'_>)| {
            shape(ours).is_some() && shape(ours) == shape(theirs)
        };
        let fits = trained().count() == list.len() && trained().zip(list).all(same);
        fits.then(|| trained().map(|(name, _)| format!("{SHADOW_PARAMETERS}.{name}")).collect())
    }

    /// What the tensors say of themselves.
    fn parsed(&self, root: ObjectId) -> Result<BTreeMap<String, TensorView>, Fault> {
        let mut tensors = BTreeMap::new();
        for (name, value) in &self.named {
            let Value::Tensor(arguments) = *value else { continue };
            let view =
                TensorView::parse(self.pickled, arguments).map_err(|fault| fault.about(name))?;
            if tensors.insert(name.clone(), view).is_some() {
                return Fault::damaged(format!("it has the tensor `{}` twice", quoted(name)));
            }
        }
        if tensors.is_empty() { self.no_tensors(root) } else { Ok(tensors) }
    }

    /// What a dictionary without tensors has instead, and the way on.
    fn no_tensors<T>(&self, root: ObjectId) -> Result<T, Fault> {
        let entries = || {
            self.pickled.objects.entries(root).filter_map(|(key, value)| match key {
                Value::Text(key) => Some((quoted(key), value)),
                _ => None,
            })
        };
        let has_tensors = |value: Value<'_>| match value {
            Value::Dictionary(inner) => self
                .pickled
                .objects
                .entries(inner)
                .any(|(_, value)| matches!(value, Value::Tensor(_))),
            _ => false,
        };
        if let Some((key, _)) = entries().find(|(_, value)| has_tensors(*value)) {
            return Fault::not_weights(format!(
                "its tensors are under `{key}`, which is no name of weights; save them alone: \
                 torch.save(torch.load(OLD, map_location=\"cpu\")[\"{key}\"], NEW)"
            ));
        }
        let keys: Vec<String> = entries().take(8).map(|(key, _)| format!("`{key}`")).collect();
        Fault::not_weights(format!(
            "it is a dictionary without tensors, its entries are [{}]; expected a state_dict, or \
             one under `model`, `ema` or `state_dict`",
            keys.join(", ")
        ))
    }
}
