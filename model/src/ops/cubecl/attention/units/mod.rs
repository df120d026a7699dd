//! The kernels for any device: every product is one of the units' own, in f32.

mod backward;
mod forward;
mod products;
mod tile;

pub(super) use self::backward::{grad_keys, grad_queries};
pub(super) use self::forward::attend;
pub(super) use self::tile::{ATTEND, GRAD_KEYS, GRAD_QUERIES, Resident, Tile, UNITS};
