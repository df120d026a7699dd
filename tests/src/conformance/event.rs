//! What a process of the suite tells its parent.

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// One line of JSON on the standard output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The device works, and this is what it is.
    Device(DeviceInfo),
    /// Cases of this group come next; what happens before the next event happens in it.
    Group {
        /// The first part of their names.
        name: String,
    },
    /// A case is done.
    Outcome(Outcome),
    /// The device cannot run the target.
    Unsupported {
        /// Why.
        reason: String,
    },
    /// All cases are done.
    Finished,
}

/// What a target runs on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Burn's name of the backend.
    pub backend: String,
    /// The adapter: a GPU's or a processor's name.
    pub adapter: String,
    /// The driver and its version; empty where there is none.
    pub driver: String,
    /// Memory in bytes, where the device says.
    pub memory: Option<u64>,
    /// The largest buffer in bytes, where the device says.
    #[serde(default)]
    pub largest_buffer: Option<u64>,
    /// The precisions that all operations support.
    pub precisions: Vec<String>,
    /// How packed attention is computed.
    pub attention: String,
}
