//! Two ways between threads: channels are the wire.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Limits, Wire};
use crate::{Job, Messages, RankError, Result, Sent, jobs_of_threads};

const RANKS: usize = 3;
const LIMITS: Limits = Limits { long: 64, piece: 100, patience: Duration::from_secs(60) };
/// Around the limit, around a piece, around several.
const LENGTHS: [usize; 10] = [0, 1, 63, 64, 65, 99, 100, 101, 200, 250];
const INVITATION: &[u8] = b"here";

/// What a wire does when messages are to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Carry,
    Break,
    Panic,
    Hang,
}

/// The wire of one thread.
struct Channels {
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
    /// Bytes of all pieces that this rank has sent.
    sent: Arc<Mutex<Vec<usize>>>,
    does: Does,
}

impl Wire for Channels {
    fn invitation(&mut self) -> Result<Vec<u8>, String> {
        Ok(INVITATION.to_vec())
    }

    fn connect(&mut self, rank: usize, ranks: usize, invitation: &[u8]) -> Result<(), String> {
        let fits = ranks == RANKS && rank < ranks && invitation == INVITATION;
        if fits { Ok(()) } else { Err(format!("{rank} of {ranks}, {invitation:?}")) }
    }

    fn transfer(&mut self, sent: &[&[u8]], lengths: &[usize]) -> Result<Messages, String> {
        match self.does {
            Does::Carry => {}
            Does::Break => return Err("the cable is cut".to_owned()),
            Does::Panic => panic!("a library is missing"),
            Does::Hang => std::thread::sleep(LIMITS.patience),
        }
        for (to, message) in self.to.iter().zip(sent).filter(|(_, message)| !message.is_empty()) {
            self.sent.lock().unwrap().push(message.len());
            to.send(message.to_vec()).map_err(|error| error.to_string())?;
        }
        let receive = |(from, &length): (&Receiver<Vec<u8>>, &usize)| match length {
            0 => Ok(Vec::new()),
            _ => from.recv().map_err(|error| error.to_string()),
        };
        self.from.iter().zip(lengths).map(receive).collect()
    }
}

/// A wire for each rank.
fn wires() -> Vec<Channels> {
    let mut wires: Vec<Channels> = (0..RANKS)
        .map(|_| Channels { to: vec![], from: vec![], sent: Arc::default(), does: Does::Carry })
        .collect();
    for from in 0..RANKS {
        for to in 0..RANKS {
            let (sender, receiver) = channel();
            wires[from].to.push(sender);
            wires[to].from.push(receiver);
        }
    }
    wires
}

/// What all ranks make once their wires are connected; one that has been told of an error fails.
fn on_all<T: Send>(
    wires: Vec<Channels>,
    limits: Limits,
    work: impl Fn(&mut Job) -> Result<T> + Sync,
) -> Vec<Result<T>> {
    let work = &work;
    std::thread::scope(|scope| {
        let start = |(mut job, wire): (Job, Channels)| {
            scope.spawn(move || {
                job.over(move || Ok(wire), limits)?;
                let made = work(&mut job)?;
                job.leave();
                Ok(made)
            })
        };
        let threads: Vec<_> = jobs_of_threads(RANKS).into_iter().zip(wires).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The message of a rank to another: no two have the same bytes.
fn message(from: usize, to: usize, length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 + index / 100 + from * 50 + to * 90) as u8).collect()
}

/// In exchange `number` the pairs of ranks have messages of other lengths each.
fn length(from: usize, to: usize, number: usize) -> usize {
    LENGTHS[(number + 3 * from + 4 * to) % LENGTHS.len()]
}

#[test]
fn messages_of_every_length_arrive_in_the_order_of_their_exchanges() {
    let exchanged = on_all(wires(), LIMITS, |job| {
        let from = job.rank();
        for (number, &length_to_all) in LENGTHS.iter().enumerate() {
            let each = (0..RANKS).map(|to| message(from, to, length(from, to, number)));
            job.begin(Sent::Each(each.collect()))?;
            job.begin(Sent::All(message(from, 0, length_to_all)))?;
        }
        (0..2 * LENGTHS.len()).map(|_| job.finish()).collect::<Result<Vec<Messages>>>()
    });
    for (to, exchanged) in exchanged.into_iter().enumerate() {
        let exchanged = exchanged.unwrap();
        for (number, &length_to_all) in LENGTHS.iter().enumerate() {
            let each: Messages =
                (0..RANKS).map(|from| message(from, to, length(from, to, number))).collect();
            assert!(exchanged[2 * number] == each, "{number}: each to {to}");
            let all: Messages = (0..RANKS).map(|from| message(from, 0, length_to_all)).collect();
            assert!(exchanged[2 * number + 1] == all, "{number}: all to {to}");
        }
    }
}

#[test]
fn only_long_messages_take_the_wire_and_in_pieces() {
    let wires = wires();
    let sent: Vec<_> = wires.iter().map(|wire| Arc::clone(&wire.sent)).collect();
    let lengths = |from| if from == 0 { [64, 63, 250] } else { [0, 1, 2] };
    let done = on_all(wires, LIMITS, |job| {
        let messages = lengths(job.rank()).map(|length| vec![1; length]);
        job.begin(Sent::Each(messages.to_vec()))?;
        job.finish()
    });
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    // The first message, to itself, takes no way at all.
    assert_eq!(*sent[0].lock().unwrap(), [100, 100, 50]);
    assert!(sent[1].lock().unwrap().is_empty() && sent[2].lock().unwrap().is_empty());
}

/// Exchanges long messages three times, two of them begun at once, and says how each has ended.
fn three_exchanges(job: &mut Job) -> Result<Vec<RankError>> {
    let begin = |job: &mut Job| job.begin(Sent::All(vec![1; LIMITS.long]));
    begin(job)?;
    begin(job)?;
    let mut errors = vec![job.finish().unwrap_err(), job.finish().unwrap_err()];
    begin(job)?;
    errors.push(job.finish().unwrap_err());
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    // Dropped, the job ends for all.
    Err(errors.swap_remove(0))
}

#[test]
fn a_rank_whose_wire_breaks_is_named_and_those_that_wait_for_it_are_told() {
    for (does, says) in [(Does::Break, "the cable is cut"), (Does::Panic, "a library is missing")] {
        let mut wires = wires();
        wires[1].does = does;
        let ended = on_all(wires, LIMITS, three_exchanges);
        let error = ended[1].as_ref().unwrap_err();
        assert_eq!(*error, RankError::Nccl { rank: 1, reason: says.to_owned() });
        // Their wires wait for messages that never come, or notice that the other end is gone.
        for error in [&ended[0], &ended[2]].map(|ended| ended.as_ref().unwrap_err()) {
            assert!(matches!(error, RankError::Failed { .. } | RankError::Nccl { .. }), "{error}");
        }
    }
}

#[test]
fn a_rank_that_is_lost_is_noticed_while_the_wire_hangs() {
    let mut wires = wires();
    for (wire, does) in wires.iter_mut().zip([Does::Hang, Does::Break, Does::Hang]) {
        wire.does = does;
    }
    let begun = Instant::now();
    let ended = on_all(wires, LIMITS, three_exchanges);
    // Which of the others is told first drops its job, too.
    assert!(matches!(ended[0], Err(RankError::Failed { rank: 1 | 2 })), "{ended:?}");
    assert!(matches!(ended[2], Err(RankError::Failed { rank: 0 | 1 })), "{ended:?}");
    assert!(begun.elapsed() < LIMITS.patience / 2);
}

#[test]
fn a_wire_that_hangs_while_all_ranks_live_is_given_up() {
    let mut wires = wires();
    for wire in &mut wires {
        wire.does = Does::Hang;
    }
    let limits = Limits { patience: Duration::from_millis(50), ..LIMITS };
    let (begun, ended) = (Instant::now(), on_all(wires, limits, three_exchanges));
    let gave_up = |error: &&RankError| matches!(error, RankError::Nccl { reason, .. } if reason.contains("not answered"));
    // Who gives up first ends the job for the others.
    assert!(ended.iter().filter_map(|ended| ended.as_ref().err()).any(|error| gave_up(&error)));
    assert!(ended.iter().all(Result::is_err) && begun.elapsed() < LIMITS.patience / 2);
}

#[test]
fn a_wire_that_does_not_open_is_named_on_all_ranks_which_go_on_without() {
    std::thread::scope(|scope| {
        for (mut job, wire) in jobs_of_threads(RANKS).into_iter().zip(wires()) {
            scope.spawn(move || {
                let rank = job.rank();
                let open = move || if rank == 1 { Err("no GPU".to_owned()) } else { Ok(wire) };
                let expected = RankError::Nccl { rank: 1, reason: "no GPU".to_owned() };
                assert_eq!(job.over(open, LIMITS), Err(expected));
                assert_eq!(job.gather(vec![rank as u8]).unwrap(), [[0], [1], [2]]);
                job.leave();
            });
        }
    });
}
