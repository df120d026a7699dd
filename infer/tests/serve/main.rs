//! `infer serve` over the wire: what it draws, what it refuses, how it ends.
#![cfg(unix)]

mod drawing;
mod edits;
mod ending;
mod load;
mod other_apis;
mod refusals;
mod server;
