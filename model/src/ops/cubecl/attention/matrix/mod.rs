//! The same kernels for devices with matrix units (tensor cores, cooperative matrices): their products
//! are of 16-bit floats, and are summed up in f32.
//!
//! A plane has 16 rows of a tile. Its matrices are opaque: which unit has which number of them is the
//! device's secret, so scores go through shared memory to where each unit knows its row.

mod backward;
mod forward;
mod products;
mod tile;

pub(super) use self::backward::{grad_keys, grad_queries};
pub(super) use self::forward::attend;
pub(super) use self::tile::{ATTEND, GRAD_KEYS, GRAD_QUERIES, MatrixTile, Resident};
