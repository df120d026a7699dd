//! A process that is alone.

use std::collections::VecDeque;

use crate::{Engine, Messages, Result, Sent};

/// The engine of a process that is alone: what it sends itself.
#[derive(Debug, Default)]
pub(crate) struct Alone {
    begun: VecDeque<Vec<u8>>,
}

impl Engine for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn ranks(&self) -> usize {
        1
    }

    fn begin(&mut self, sent: Sent) -> Result<()> {
        self.begun.push_back(sent.to(0).to_vec());
        Ok(())
    }

    fn finish(&mut self) -> Result<Messages> {
        Ok(vec![self.begun.pop_front().expect("an exchange was begun")])
    }

    fn leave(self: Box<Self>) {}

    fn fail(self: Box<Self>) {}
}
