//! The thread that has control and wire.

use std::sync::mpsc::{Receiver, Sender};

use super::exchange::exchange;
use super::{Limits, Wire, WireThread};
use crate::{Engine, Messages, RankError, Result, Sent};

/// What the thread is to do.
pub(super) enum Order {
    /// Exchange messages.
    Exchange(Sent),
    /// Leave the job, with all others.
    Leave,
    /// End the job because of an error here.
    Fail,
}

/// Obeys until it is told to end. After an error every exchange has the same.
pub(super) fn serve<W: Wire>(
    mut control: Box<dyn Engine>,
    wire: WireThread<W>,
    limits: Limits,
    orders: &Receiver<Order>,
    results: &Sender<Result<Messages>>,
) {
    let mut broken: Option<RankError> = None;
    loop {
        match orders.recv() {
            Ok(Order::Exchange(sent)) => {
                let exchanged = match &broken {
                    Some(error) => Err(error.clone()),
                    None => exchange(&mut *control, &wire, sent, limits),
                };
                broken = exchanged.as_ref().err().cloned();
                let _ = results.send(exchanged);
            }
            Ok(Order::Leave) => {
                // A wire that ends takes the messages with it that are on their way to others: all are here first.
                if broken.is_none() && meet(&mut *control).is_ok() {
                    wire.end();
                }
                return control.leave();
            }
            // Without anybody who could give orders the program has panicked.
            Ok(Order::Fail) | Err(_) => return control.fail(),
        }
    }
}

/// Waits for all ranks.
fn meet(control: &mut dyn Engine) -> Result<()> {
    control.begin(Sent::All(Vec::new()))?;
    control.finish().map(drop)
}
