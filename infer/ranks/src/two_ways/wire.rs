//! What long messages travel by.

use crate::Messages;

/// A connection between all ranks for messages whose lengths both sides know. It stays on one thread; what goes wrong is
/// said in words.
pub(crate) trait Wire: Sized + 'static {
    /// What the other ranks need in order to find the first, which alone is asked for it.
    fn invitation(&mut self) -> Result<Vec<u8>, String>;

    /// Connects rank `rank` of `ranks`; returns when all have been connected.
    fn connect(&mut self, rank: usize, ranks: usize, invitation: &[u8]) -> Result<(), String>;

    /// Sends message `r` to rank `r`, and returns those of all ranks: that of rank `r` has `lengths[r]` bytes. A message
    /// without bytes does not travel, and none goes from a rank to itself.
    fn transfer(&mut self, sent: &[&[u8]], lengths: &[usize]) -> Result<Messages, String>;
}
