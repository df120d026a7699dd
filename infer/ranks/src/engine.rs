//! What carries messages between ranks.

use crate::Result;

/// A message from each rank.
pub type Messages = Vec<Vec<u8>>;

/// What a rank sends in an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The same message to every rank.
    All(Vec<u8>),
    /// Message `r` to rank `r`.
    Each(Messages),
}

impl Sent {
    /// The message for a rank.
    pub fn to(&self, rank: usize) -> &[u8] {
        match self {
            Self::All(message) => message,
            Self::Each(messages) => &messages[rank],
        }
    }
}

/// The engine that carries the messages of a job; all ranks call the same methods in the same order.
pub trait Engine: Send {
    /// Number of this rank, from 0.
    fn rank(&self) -> usize;

    /// Ranks of the job.
    fn ranks(&self) -> usize;

    /// Number of this rank among those of the same machine, from 0.
    fn rank_here(&self) -> usize {
        self.rank()
    }

    /// Begins an exchange, and returns before it has ended.
    ///
    /// # Errors
    /// [`RankError`](crate::RankError) if another rank is gone, or a message is too long.
    fn begin(&mut self, sent: Sent) -> Result<()>;

    /// Ends the oldest exchange that was begun: message `r` is from rank `r`.
    ///
    /// # Errors
    /// [`RankError`](crate::RankError) if another rank is gone.
    fn finish(&mut self) -> Result<Messages>;

    /// Whether the other ranks are still there, as far as is known: asked while no exchange is under way.
    ///
    /// # Errors
    /// [`RankError`](crate::RankError) if another rank is gone.
    fn check(&mut self) -> Result<()> {
        Ok(())
    }

    /// Leaves the job; returns when all ranks do.
    fn leave(self: Box<Self>);

    /// Ends this rank because of an error: tells the others, and ends them if they do not end.
    fn fail(self: Box<Self>);
}
