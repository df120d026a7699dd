//! An exchange of messages by MPI.

use std::time::Duration;

use mpi::request::{Request, Scope, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};

use super::pulse::Pulse;
use super::service::Loss;
use crate::{Messages, Sent};

/// The tag of lengths, and the tag of messages.
const TAGS: [i32; 2] = [2, 3];
/// How often requests are tried before the thread sleeps between: most messages between processes of one machine have
/// arrived by then.
const TRIES: u32 = 2000;
/// How long it sleeps.
const SLEEP: Duration = Duration::from_micros(50);

/// Gives every rank its message; returns those of all. If a rank is lost meanwhile, the job ends.
pub(super) fn exchange(
    world: &SimpleCommunicator,
    sent: &Sent,
    pulse: &mut Pulse,
    loss: &Loss<'_>,
) -> Messages {
    let (here, ranks) = (world.rank() as usize, world.size() as usize);
    let lengths = (0..ranks).map(|rank| (sent.to(rank).len() as u64).to_le_bytes().to_vec());
    let lengths = Sent::Each(lengths.collect());
    let mut their_lengths = vec![vec![0; size_of::<u64>()]; ranks];
    transfer(world, (&lengths, &mut their_lengths), TAGS[0], pulse, loss);
    let room = |length: &Vec<u8>| {
        let length = length.as_slice().try_into().map_or(0, u64::from_le_bytes);
        vec![0; length as usize]
    };
    let mut received: Messages = their_lengths.iter().map(room).collect();
    transfer(world, (sent, &mut received), TAGS[1], pulse, loss);
    received[here] = sent.to(here).to_vec();
    received
}

/// Sends and fills buffers whose lengths both sides know; empty ones do not travel, nor does this rank's own.
fn transfer(
    world: &SimpleCommunicator,
    (sent, received): (&Sent, &mut [Vec<u8>]),
    tag: i32,
    pulse: &mut Pulse,
    loss: &Loss<'_>,
) {
    let (here, ranks) = (world.rank() as usize, received.len());
    scope(|scope| {
        let mut requests = Vec::new();
        for (rank, buffer) in received.iter_mut().enumerate() {
            if rank != here && !buffer.is_empty() {
                let process = world.process_at_rank(rank as i32);
                requests.push(process.immediate_receive_into_with_tag(scope, &mut buffer[..], tag));
            }
        }
        for rank in (0..ranks).filter(|&rank| rank != here && !sent.to(rank).is_empty()) {
            let process = world.process_at_rank(rank as i32);
            requests.push(process.immediate_send_with_tag(scope, sent.to(rank), tag));
        }
        let mut tries = 0;
        while !requests.is_empty() {
            requests = unfinished(requests);
            tries += 1;
            if tries > TRIES {
                std::thread::sleep(SLEEP);
            }
            // Requests cannot be let go of: the process ends with them.
            if let Err(error) = pulse.beat(world) {
                loss.end(&error);
            }
        }
    });
}

/// The requests that have not been done yet.
fn unfinished<'a, S: Scope<'a>>(requests: Vec<Request<'a, [u8], S>>) -> Vec<Request<'a, [u8], S>> {
    requests.into_iter().filter_map(|request| request.test().err()).collect()
}
