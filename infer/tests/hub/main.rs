//! Models by their name on the Hub: fetched once, converted once, and never without being asked.
#![cfg(unix)]

mod broken;
mod fetched;
mod machine;
mod refused;
mod server;
mod text;
