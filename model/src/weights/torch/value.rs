//! What a pickle builds: inert data, nothing of it ever runs.

use super::super::DType;

/// Place of a tuple, list or dictionary among [`Pickled`]'s objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectId(usize);

/// A value of a pickle. Copies share what they refer to, as Python's references do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'p> {
    /// Something that no tensor depends on: `None`, a float, a device, the training's arguments.
    Inert,
    /// An integer of at most 64 bits.
    Integer(i64),
    /// A text, where it stands in the pickle.
    Text(&'p str),
    /// A tuple: its items.
    Tuple(ObjectId),
    /// A list: its items.
    List(ObjectId),
    /// A dictionary, ordered or not: key, value, key, value …
    Dictionary(ObjectId),
    /// One of the few classes and functions that are known here.
    Global(Global),
    /// A storage: the tuple that identifies it.
    Storage(ObjectId),
    /// A tensor: the tuple of arguments it is made from.
    Tensor(ObjectId),
}

/// A class or function of Python that a pickle of weights may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// `torch._utils._rebuild_tensor_v2`.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`: a tensor with a wish for gradients.
    RebuildParameter,
    /// `torch.FloatStorage` and its like; only named, never called.
    Storage(DType),
    /// Anything else: it makes a dictionary of a kind of its own, or what no tensor depends on.
    Other,
}

/// A pickle's value and everything it refers to.
///
/// Objects refer to each other by position: depth and cycles cost no recursion, not even when
/// they are dropped.
#[derive(Debug)]
pub(super) struct Pickled<'p> {
    pub(super) root: Value<'p>,
    pub(super) objects: Objects<'p>,
}

/// The tuples, lists and dictionaries of a pickle.
#[derive(Debug, Default)]
pub(super) struct Objects<'p>(Vec<Vec<Value<'p>>>);

impl<'p> Objects<'p> {
    pub(super) fn add(&mut self, items: Vec<Value<'p>>) -> ObjectId {
        self.0.push(items);
        ObjectId(self.0.len() - 1)
    }

    pub(super) fn items(&self, id: ObjectId) -> &[Value<'p>] {
        &self.0[id.0]
    }

    pub(super) fn extend(&mut self, id: ObjectId, items: impl IntoIterator<Item = Value<'p>>) {
        self.0[id.0].extend(items);
    }

    /// Keys and values of a dictionary, in the order they were set.
    pub(super) fn entries(&self, id: ObjectId) -> impl Iterator<Item = (Value<'p>, Value<'p>)> {
        self.items(id).as_chunks::<2>().0.iter().map(|&[key, value]| (key, value))
    }
}
