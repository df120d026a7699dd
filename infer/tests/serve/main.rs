//! `infer serve` over the wire: what it draws, what it refuses, how it ends.
#![cfg(unix)]

mod drawing;
mod edits;
mod ending;
mod leaving;
mod load;
mod other_apis;
mod patience;
mod refusals;
mod server;
